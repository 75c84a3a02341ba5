using UpStare.Frontend.Model;
using UpStare.Instrument;

namespace UpStare.Patcher.Compare;

/// <summary>
/// Code that a frame has passed on its way to a point: what changed there is not run for it. Statements in front of the point
/// and the conditions around it count, not what comes again in a loop, nor other branches.
/// </summary>
internal sealed class PassedCode
{
    private readonly FunctionPlan _function;
    private readonly TranslationUnit _unit;
    private readonly Dictionary<Node, string> _texts = [];

    /// <param name="function">The function.</param>
    /// <param name="unit">The unit that it stands in.</param>
    public PassedCode(FunctionPlan function, TranslationUnit unit)
    {
        _function = function;
        _unit = unit;
    }

    /// <summary>What stands before a point of this function, and has no equal before the point of the other version.</summary>
    public List<SourcePlace> Changed(ContinuationPoint point, PassedCode old, ContinuationPoint oldPoint)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (Node node in old.Before(oldPoint))
        {
            counts[old.Text(node)] = counts.GetValueOrDefault(old.Text(node)) + 1;
        }

        var places = new List<SourcePlace>();
        foreach (Node node in Before(point))
        {
            if (counts.GetValueOrDefault(Text(node)) is > 0 and int n)
            {
                counts[Text(node)] = n - 1;
            }
            else
            {
                places.Add(_unit.PlaceOf(node.Start));
            }
        }

        return places;
    }

    private string Text(Node node)
    {
        if (!_texts.TryGetValue(node, out string? text))
        {
            _texts[node] = text = SourceTokens.Normalise(_unit, node);
        }

        return text;
    }

    private List<Node> Before(ContinuationPoint point)
    {
        var passed = new List<Node>();
        Node? at = _function.Decl.Body;
        while (at is not null)
        {
            switch (at)
            {
                case CompoundStmt block:
                    Siblings(block, point.Offset, passed);
                    break;
                case IfStmt i when !IsInside(i.Cond, point.Offset):
                    passed.Add(i.Cond);
                    break;
                case SwitchStmt s when !IsInside(s.Cond, point.Offset):
                    passed.Add(s.Cond);
                    break;
                case ForStmt { Init: Stmt init } when !IsInside(init, point.Offset):
                    passed.Add(init);
                    break;
            }

            at = at.Children.FirstOrDefault(c => IsInside(c, point.Offset));
        }

        return passed;
    }

    private void Siblings(CompoundStmt block, int offset, List<Node> passed)
    {
        int first = passed.Count;
        foreach (Stmt s in block.Body)
        {
            if (s is CaseStmt or DefaultStmt)
            {
                passed.RemoveRange(first, passed.Count - first); // those of another case
            }

            if (s.End > offset)
            {
                return;
            }

            if (!(s is NullStmt || (s is DeclStmt d && d.Decls.All(IsTold))))
            {
                passed.Add(s is CaseStmt c ? c.Sub : s is DefaultStmt e ? e.Sub : s);
            }
        }
    }

    // What new variables and members start with is reported where they are mapped.
    private bool IsTold(Decl decl) =>
        decl is not VarDecl { Init: Expr init } v || v.HasStaticLifetime || ConstantText.Of(_unit, init) is not null || !Initialisers.Of(_unit, v).IsUnknown;

    private static bool IsInside(Node node, int offset) => offset >= node.Start && offset < node.End;
}
