using UpStare.Frontend.Model;

namespace UpStare.Instrument.Analysis;

/// <summary>Plain walks over the tree.</summary>
internal static class Walk
{
    /// <summary>The node and all below it that is evaluated, in the order of the text (sizeof operands left out).</summary>
    public static void Evaluated(Node node, Action<Node> visit)
    {
        visit(node);
        if (node is UnevaluatedExpr)
        {
            return;
        }

        foreach (Node child in node.Children)
        {
            Evaluated(child, visit);
        }
    }

    /// <summary>Whether any evaluated node below (or the node itself) satisfies the test.</summary>
    public static bool Any(Node node, Func<Node, bool> test)
    {
        if (test(node))
        {
            return true;
        }

        if (node is UnevaluatedExpr)
        {
            return false;
        }

        foreach (Node child in node.Children)
        {
            if (Any(child, test))
            {
                return true;
            }
        }

        return false;
    }
}
