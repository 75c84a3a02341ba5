using System.Text;
using UpStare.Frontend.Model;
using UpStare.Instrument.Emission;

namespace UpStare.Instrument.Lowering;

/// <summary>Copies code with the names in it replaced: stubs for function addresses, wrappers, promoted statics.</summary>
internal partial class Rewriter(UnitContext unit, EditSet edits, ExternSet externs)
{
    /// <summary>A range that is replaced.</summary>
    protected readonly record struct Piece(int Start, int End, string Text);

    protected UnitContext Unit { get; } = unit;

    protected EditSet Edits { get; } = edits;

    protected ExternSet Externs { get; } = externs;

    /// <summary>The text of a node with the names in it replaced.</summary>
    public string Text(Node node)
    {
        var pieces = new List<Piece>();
        Gather(node, pieces);
        return Compose(node.Start, node.End, pieces);
    }

    /// <summary>Collects the replacements in a node, in the order of the text.</summary>
    protected virtual void Gather(Node node, List<Piece> pieces)
    {
        switch (node)
        {
            case DeclRefExpr r:
                if (Reference(r) is { } text)
                {
                    pieces.Add(new Piece(r.Start, r.End, text));
                }

                break;
            case CallExpr c:
                GatherCall(c, pieces);
                break;
            case AddrLabelExpr a when Unit.LabelAddresses.TryGetValue(a, out string? address):
                pieces.Add(new Piece(a.Start, a.End, address));
                break;
            case IndirectGotoStmt g when Unit.TokenJumps.Contains(g):
                pieces.Add(new Piece(g.Target.Start, g.Target.End, Analysis.StoredLabels.Target(Text(g.Target))));
                break;
            case CompoundStmt body when Unit.LabelTables.TryGetValue(body, out string? table):
                pieces.Add(new Piece(body.Start + 1, body.Start + 1, " " + table));
                goto default;
            case DeclStmt d:
                GatherDeclaration(d, pieces);
                break;
            default:
                foreach (Node child in node.Children)
                {
                    Gather(child, pieces);
                }

                break;
        }
    }

    /// <summary>What stands for a name in the generated text; null: as it is.</summary>
    protected virtual string? Reference(DeclRefExpr reference) => reference.Decl switch
    {
        VarDecl v when Unit.Promoted.TryGetValue(v.Entity, out PromotedLocal? p) => p.Name,
        FunctionDecl f when Unit.Stubs.TryGetValue(f.Entity, out StubPlan? stub) => Externs.Stub(stub),
        EnumConstantDecl e when Unit.LocalTypeNames.TryGetValue(e.Entity, out string? name) => name,
        _ => null,
    };

    /// <summary>The callee of a direct call as it is to be written; null: as it is.</summary>
    protected string? CalleeText(CallExpr call)
    {
        if (call.Function is not { } f || Unit.WrapperOf(f) is not { } wrapper)
        {
            return null;
        }

        if (FortifiedCalls.Contains(f, call) && Unit.IsFortified(f))
        {
            Externs.Fortified(f, wrapper);
            return FortifiedCalls.Name(f);
        }

        Externs.Wrapper(f, wrapper);
        return wrapper;
    }

    /// <summary>The text between two offsets with the pieces put in.</summary>
    protected string Compose(int start, int end, List<Piece> pieces)
    {
        if (pieces.Count == 0)
        {
            return Gap(start, end);
        }

        var text = new StringBuilder();
        int at = start;
        foreach (Piece p in pieces)
        {
            text.Append(Gap(at, p.Start)).Append(p.Text);
            at = p.End;
        }

        return text.Append(Gap(at, end)).ToString();
    }

    /// <summary>A declaration statement: promoted variables are taken out.</summary>
    protected virtual void GatherDeclaration(DeclStmt d, List<Piece> pieces)
    {
        int promoted = 0;
        int variables = 0;
        foreach (Decl decl in d.Decls)
        {
            if (decl is VarDecl v)
            {
                variables++;
                promoted += Unit.Promoted.ContainsKey(v.Entity) ? 1 : 0;
            }
        }

        if (promoted > 0 && promoted == variables)
        {
            pieces.Add(new Piece(d.Start, d.End, ";"));
            return;
        }

        foreach (Decl decl in d.Decls)
        {
            Gather(decl, pieces);
        }
    }

    private void GatherCall(CallExpr c, List<Piece> pieces)
    {
        if (c.Function is null)
        {
            Gather(c.Callee, pieces);
        }
        else if (CalleeText(c) is { } callee)
        {
            pieces.Add(new Piece(c.Callee.Start, c.Callee.End, callee));
        }

        foreach (Expr a in c.Arguments)
        {
            Gather(a, pieces);
        }
    }
}
