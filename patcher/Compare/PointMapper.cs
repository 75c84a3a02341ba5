using UpStare.Instrument;

namespace UpStare.Patcher.Compare;

/// <summary>
/// Maps the continuation points of an old function to those of a new one: the heaviest common subsequence, where an equal
/// statement in the same nesting counts most, then an equal text, then the same callee in the same nesting, then the same callee elsewhere. Points of different kinds or
/// callees never meet.
/// </summary>
public static class PointMapper
{
    // More than two points have together that are alike but for the statement or the nesting: blocks that changed places (cases, labels) are not to be
    // taken for each other.
    private const int SameStatement = 24;
    private const int SameText = 12;
    private const int SameNesting = 6;
    private const int SameCallee = 2;

    /// <summary>The new point of each old one, or -1.</summary>
    /// <param name="old">Points of the old function, in the order of the text.</param>
    /// <param name="now">Points of the new function.</param>
    /// <param name="newName">The name that a callee of the old version has in the new one.</param>
    /// <param name="fixedPoints">Pairs that the user gave: they stand, and split the sequences.</param>
    public static int[] Map(
        IReadOnlyList<ContinuationPoint> old,
        IReadOnlyList<ContinuationPoint> now,
        Func<string, string> newName,
        IReadOnlyDictionary<int, int>? fixedPoints = null)
    {
        int[] map = new int[old.Count];
        Array.Fill(map, -1);
        int[,] best = new int[old.Count + 1, now.Count + 1];
        for (int i = old.Count - 1; i >= 0; i--)
        {
            for (int j = now.Count - 1; j >= 0; j--)
            {
                int score = Score(old[i], now[j], newName, fixedPoints);
                int here = score > 0 ? best[i + 1, j + 1] + score : 0;
                best[i, j] = Math.Max(here, Math.Max(best[i + 1, j], best[i, j + 1]));
            }
        }

        for (int i = 0, j = 0; i < old.Count && j < now.Count;)
        {
            int score = Score(old[i], now[j], newName, fixedPoints);
            if (score > 0 && best[i, j] == best[i + 1, j + 1] + score)
            {
                map[old[i].Number] = now[j].Number;
                i++;
                j++;
            }
            else if (best[i, j] == best[i + 1, j])
            {
                i++;
            }
            else
            {
                j++;
            }
        }

        if (fixedPoints is not null)
        {
            foreach ((int o, int n) in fixedPoints)
            {
                if (o >= 0 && o < map.Length && n < now.Count)
                {
                    map[o] = n;
                }
            }
        }

        return map;
    }

    /// <summary>0 where the two cannot be the same point, else the more the more alike.</summary>
    public static int Score(
        ContinuationPoint old,
        ContinuationPoint now,
        Func<string, string> newName,
        IReadOnlyDictionary<int, int>? fixedPoints = null)
    {
        if (old.Kind != now.Kind || (fixedPoints is not null && fixedPoints.ContainsKey(old.Number)))
        {
            return 0;
        }

        bool nesting = old.NestingPath == now.NestingPath;
        bool text = old.ShapeHash == now.ShapeHash;
        if (old.IsCall)
        {
            if ((old.Callee is null) != (now.Callee is null) || (old.Callee is not null && newName(old.Callee) != now.Callee))
            {
                return 0;
            }

            // Indirect calls with other text in another place may call anything.
            int rest = old.Callee is null ? 0 : SameCallee;
            bool statement = text && nesting && old.StatementHash == now.StatementHash;
            return (statement ? SameStatement : 0) + (text ? SameText : 0) + (nesting ? SameNesting : 0) is > 0 and int score ? score + SameCallee : rest;
        }

        if (old.Kind == PointKind.Entry)
        {
            return SameText;
        }

        return text ? SameText + (nesting ? SameNesting : 0) : nesting ? SameNesting : 0;
    }
}
