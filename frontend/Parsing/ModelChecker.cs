using UpStare.Frontend.Model;

namespace UpStare.Frontend.Parsing;

/// <summary>What every pass relies on: children lie inside their parent, in order, without overlap, inside the text.</summary>
public static class ModelChecker
{
    /// <summary>Checks a tree; null if it is sound, else what is wrong.</summary>
    public static string? Check(Node node, byte[] text)
    {
        if (node.Start < 0 || node.End < node.Start || node.End > text.Length)
        {
            return $"{node.GetType().Name} has the offsets {node.Start}..{node.End}";
        }

        int at = node.Start;
        foreach (Node child in node.Children)
        {
            if (child is null || child.Start < at || child.End > node.End)
            {
                return $"{child?.GetType().Name} at {child?.Start}..{child?.End} does not fit into {node.GetType().Name} at {node.Start}..{node.End} behind {at}";
            }

            if (Check(child, text) is { } problem)
            {
                return problem;
            }

            at = child.End;
        }

        return null;
    }
}
