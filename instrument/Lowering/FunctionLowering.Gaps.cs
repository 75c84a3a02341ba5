using System.Globalization;
using System.Text;
using UpStare.Frontend.Model;
using UpStare.Instrument.Emission;

namespace UpStare.Instrument.Lowering;

/// <summary>Text between expressions: names of lifted types, and variables inside sizeof and typeof of a type.</summary>
internal sealed partial class FunctionLowering
{
    /// <inheritdoc/>
    protected override string Gap(int start, int end)
    {
        string text = Edits.Copy(start, end);
        bool types = _f.LiftedNames.Count > 0;
        bool operands = HoldsOperand(text)
            || (text.Contains('[', StringComparison.Ordinal) && (_mode == LoweringMode.Clone || _f.HotNames.Count > 0));
        return types || operands ? Renamed(text, text.Length == end - start ? start : -1) : text;
    }

    /// <inheritdoc/>
    protected override string? NewName(string token, string before, bool isOperand, int at)
    {
        if (before is "." or ">")
        {
            return null;
        }

        bool tag = before is "struct" or "union" or "enum";
        if (_f.LiftedNames.TryGetValue((tag ? "tag " : "") + token, out string? lifted))
        {
            return lifted;
        }

        if (!isOperand || tag)
        {
            return null;
        }

        // A block that is copied as it is may declare a variable of that name itself.
        if (at >= 0)
        {
            VarDecl? visible = LocalScope.Visible(_f.Scopes(), token, at);
            return visible is null ? null : Unit.Promoted.TryGetValue(visible.Entity, out PromotedLocal? p) ? p.Name : VariableName(visible);
        }

        for (int i = _scope.Count - 1; i >= 0; i--)
        {
            if (_scope[i] is VarDecl v && v.Name == token)
            {
                return VariableName(v);
            }
        }

        return null;
    }

    /// <summary>The definitions of the types that the body declares, for file level; "" where there are none.</summary>
    public static string LiftedTypes(UnitContext unit, FunctionContext function, EditSet edits)
    {
        if (function.LiftedNames.Count == 0)
        {
            return "";
        }

        var lowering = new FunctionLowering(unit, function, LoweringMode.Hot, edits, new ExternSet(unit.Options.Mode));
        var text = new StringBuilder();
        int end = -1;
        foreach (Decl d in function.Facts.LocalTypes)
        {
            int start = d is TypedefDecl ? d.GroupStart : d.Start;
            int stop = d is TypedefDecl ? d.GroupEnd : d.End;
            if (start < end || stop <= start)
            {
                continue;
            }

            if (IsPartOfTypedef(function, d))
            {
                continue;
            }

            text.Append(d is EnumDecl e ? lowering.WithValues(e) : lowering.Gap(start, stop)).Append(d is TypedefDecl ? "\n" : ";\n");
            end = stop;
        }

        return text.ToString();
    }

    /// <summary>An enumeration with numbers for its expressions, which may look at the function's variables (sizeof *p).</summary>
    private string WithValues(EnumDecl e)
    {
        if (e.Constants.Count == 0)
        {
            return Gap(e.Start, e.End);
        }

        bool isUnsigned = e.Integer?.Canonical is BuiltinType b && b.Spelling.StartsWith("unsigned", StringComparison.Ordinal);
        var text = new StringBuilder(Gap(e.Start, e.Constants[0].NameStart));
        foreach (EnumConstantDecl c in e.Constants)
        {
            string value = isUnsigned ? ((ulong)c.Value).ToString(CultureInfo.InvariantCulture) + (c.Value < 0 ? "u" : "")
                : c.Value == long.MinValue ? "-0x7fffffffffffffff - 1" : c.Value.ToString(CultureInfo.InvariantCulture);
            text.Append(Unit.LocalTypeNames.GetValueOrDefault(c.Entity, c.Name)).Append(" = ").Append(value).Append(", ");
        }

        return text.Append(Gap(Edits.Source.LastIndexOf('}', e.End - 1), e.End)).ToString();
    }

    private static bool IsPartOfTypedef(FunctionContext function, Decl d)
    {
        foreach (Decl other in function.Facts.LocalTypes)
        {
            if (other is TypedefDecl && other != d && other.GroupStart <= d.Start && d.End <= other.GroupEnd)
            {
                return d is not TypedefDecl;
            }
        }

        return false;
    }

    /// <summary>A type that stands in a declaration statement of the body: its name stays, its definition has been lifted. A blank parts it from the variable in "struct { int a; }v;".</summary>
    private void GatherType(Decl d, List<Piece> pieces)
    {
        if (_f.LiftedNames.Count == 0)
        {
            return;
        }

        switch (d)
        {
            case RecordDecl { IsComplete: true } r when !IsInside(d, pieces):
                pieces.Add(new Piece(d.Start, d.End, (r.IsUnion ? "union " : "struct ") + Lifted("tag " + r.Tag, r.Tag) + " "));
                break;
            case EnumDecl e when e.Constants.Count > 0 && !IsInside(d, pieces):
                pieces.Add(new Piece(d.Start, d.End, "enum " + Lifted("tag " + e.Tag, e.Tag) + " "));
                break;
        }
    }

    private static bool IsInside(Decl d, List<Piece> pieces) => pieces.Count > 0 && d.Start < pieces[^1].End;

    private string Lifted(string key, string name) => _f.LiftedNames.GetValueOrDefault(key, name);
}
