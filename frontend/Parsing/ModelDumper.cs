using System.Text;
using UpStare.Frontend.Model;

namespace UpStare.Frontend.Parsing;

/// <summary>Prints the model of a file's own declarations as an indented tree: kind, place, what the node adds, text.</summary>
public sealed class ModelDumper
{
    private const int TextLimit = 60;

    private readonly TranslationUnit _unit;
    private readonly StringBuilder _out = new();

    private ModelDumper(TranslationUnit unit) => _unit = unit;

    /// <summary>Dumps a unit.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="withSystemHeaders">Also what system headers declare.</param>
    public static string Dump(TranslationUnit unit, bool withSystemHeaders = false)
    {
        var dumper = new ModelDumper(unit);
        foreach (string error in unit.Errors)
        {
            dumper._out.Append("error ").Append(error).Append('\n');
        }

        foreach (Decl decl in unit.Decls)
        {
            if (withSystemHeaders || !decl.InSystemHeader)
            {
                dumper.Write(decl, 0);
            }
        }

        return dumper._out.ToString();
    }

    private void Write(Node node, int depth)
    {
        SourcePlace place = _unit.PlaceOf(node.Start);
        _out.Append(' ', depth * 2).Append(node.GetType().Name).Append(' ').Append(place.Line);
        string detail = Detail(node);
        if (detail.Length > 0)
        {
            _out.Append(' ').Append(detail);
        }

        _out.Append(" |").Append(Fold(_unit.Slice(node))).Append("|\n");
        switch (node)
        {
            case FunctionDecl function:
                function.Parameters.ToList().ForEach(parameter => Write(parameter, depth + 1));
                break;
            case RecordDecl record:
                record.Fields.ForEach(field => Write(field, depth + 1));
                break;
            case EnumDecl enumeration:
                enumeration.Constants.ForEach(constant => Write(constant, depth + 1));
                break;
        }

        foreach (Node child in node.Children)
        {
            Write(child, depth + 1);
        }
    }

    private string Detail(Node node) => node switch
    {
        FunctionDecl f => Words(
            $"'{TypePrinter.Describe(f.Type, f.Name)}'",
            f.IsStatic ? "static" : "",
            f.IsInline ? "inline" : "",
            f.IsKAndR ? "K&R" : "",
            f.Body is not null ? "defined" : "",
            f.AsmName is null ? "" : $"asm={f.AsmName}",
            Attributes(f)),
        VarDecl v => Words(
            $"'{TypePrinter.Describe(v.Type, v.Name)}'",
            v.Type.Size >= 0 ? $"size={v.Type.Size}" : "",
            v.IsParameter ? "parameter" : "",
            v.Storage == StorageClass.None ? "" : v.Storage.ToString().ToLowerInvariant(),
            v.HasStaticLifetime ? "lasting" : "",
            v.IsThreadLocal ? "thread" : "",
            v.IsDefinition ? "" : "declared",
            v.AsmName is null ? "" : $"asm={v.AsmName}",
            v.NameStart >= 0 ? $"declarator={Fold(_unit.Slice(v.NameStart, v.DeclaratorEnd))}" : "",
            Attributes(v)),
        FieldDecl f => Words($"'{TypePrinter.Describe(f.Type, f.Name)}'", $"bit={f.OffsetBits}", f.BitWidth >= 0 ? $"width={f.BitWidth}" : ""),
        RecordDecl r => Words(
            r.IsUnion ? "union" : "struct",
            r.Tag,
            r.IsComplete ? $"size={r.Size} align={r.Align}" : "incomplete",
            r.IsUnnamed ? "unnamed" : "",
            r.IsAnonymousMember ? "anonymous" : "",
            Attributes(r)),
        EnumDecl e => Words(e.Tag, e.IsUnnamed ? "unnamed" : "", Attributes(e)),
        EnumConstantDecl c => $"{c.Name}={c.Value}",
        TypedefDecl t => $"'{TypePrinter.Describe(t.Underlying, t.Name)}'",
        LabelStmt l => Words(l.Name, Colon(l.ColonEnd)),
        CaseStmt c => Colon(c.ColonEnd),
        DefaultStmt d => Colon(d.ColonEnd),
        GotoStmt g => g.Label,
        AsmStmt { IsGoto: true } => "goto",
        ForStmt f => Words(f.Init is null ? "-" : "init", f.Cond is null ? "-" : "cond", f.Step is null ? "-" : "step"),
        UnknownStmt u => $"({u.Reason})",
        Expr e => Words(ExprDetail(e), $"'{TypePrinter.Describe(e.Type, "")}'"),
        _ => "",
    };

    private static string ExprDetail(Expr expr) => expr switch
    {
        LiteralExpr l => l.Kind.ToString(),
        DeclRefExpr r => $"{r.Decl.Name}{(r.Decl is FunctionDecl { NameStart: < 0 } ? " implicit" : "")}",
        CallExpr c => c.Function is null ? "indirect" : c.Function.Name,
        MemberExpr m => $"{(m.IsArrow ? "->" : ".")}{m.Field.Name}",
        UnaryExpr u => u.Op.ToString(),
        BinaryExpr b => b.Op,
        AssignExpr a => a.Op,
        ConditionalExpr { Then: null } => "?:",
        AddrLabelExpr a => a.Label,
        UnknownExpr u => $"({u.Reason})",
        _ => "",
    };

    private string Colon(int end) => "colon=" + Fold(_unit.Slice(end - 1, end));

    private static string Attributes(Decl decl) => decl.Attributes.Count == 0 ? "" : "[" + string.Join(' ', decl.Attributes) + "]";

    private static string Words(params ReadOnlySpan<string> words)
    {
        var result = new StringBuilder();
        foreach (string word in words)
        {
            if (word.Length > 0)
            {
                result.Append(result.Length > 0 ? " " : "").Append(word);
            }
        }

        return result.ToString();
    }

    private static string Fold(string text)
    {
        var folded = new StringBuilder();
        foreach (char c in text)
        {
            bool blank = c is ' ' or '\n' or '\t' or '\r';
            if (!blank)
            {
                folded.Append(c);
            }
            else if (folded.Length > 0 && folded[^1] != ' ')
            {
                folded.Append(' ');
            }
        }

        return folded.Length <= TextLimit ? folded.ToString() : $"{folded.ToString(0, TextLimit / 2)} ... {folded.ToString(folded.Length - (TextLimit / 2), TextLimit / 2)}";
    }
}
