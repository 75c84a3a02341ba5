using UpStare.Frontend.Model;
using UpStare.Instrument;

namespace UpStare.Patcher.Compare;

/// <summary>
/// Finds calls that have a counterpart although the callee is another: the new version gets to what stands above the old frame
/// through functions between, or without one that the old version has there. Only what is unique is taken.
/// </summary>
public sealed class FrameSteps
{
    private readonly CallGraph _calls;

    public FrameSteps(CallGraph calls) => _calls = calls;

    /// <summary>Maps further points of a pair, and notes the steps that go with them.</summary>
    /// <param name="pair">Its points are mapped as far as the callees are the same.</param>
    /// <param name="isFixed">Whether the user has said what becomes of an old point.</param>
    public void Find(FunctionPair pair, Func<int, bool> isFixed)
    {
        foreach (ContinuationPoint p in pair.Old.Plan.Points)
        {
            if (isFixed(p.Number) && pair.Points[p.Number] is >= 0 and int to)
            {
                Fixed(pair, p, pair.New.Plan.Points[to]);
            }
        }

        if (pair.IsUserMapped && pair.Old.Name != pair.New.Name)
        {
            return;
        }

        // Between the same two points that are mapped, the points that are not.
        foreach (IGrouping<(int, int), ContinuationPoint> gap in pair.Old.Plan.Points.Where(p => pair.Points[p.Number] < 0 && !isFixed(p.Number)).ToLookup(p => Gap(pair, p.Number)))
        {
            (int low, int high) = gap.Key;
            List<ContinuationPoint> free = [.. pair.New.Plan.Points.Where(n => n.Number > low && n.Number < high && !pair.Points.Contains(n.Number))];
            if (free.Count > 0)
            {
                Between(pair, [.. gap], free);
                Without(pair, [.. gap.Where(p => pair.Points[p.Number] < 0)], free);
            }
        }
    }

    private static (int Low, int High) Gap(FunctionPair pair, int point)
    {
        int low = -1;
        for (int i = 0; i < point; i++)
        {
            low = Math.Max(low, pair.Points[i]);
        }

        int high = pair.New.Plan.Points.Count;
        for (int i = point + 1; i < pair.Points.Length; i++)
        {
            high = pair.Points[i] >= 0 ? Math.Min(high, pair.Points[i]) : high;
        }

        return (low, high);
    }

    // The user said where the call goes on; how the frames get there is looked up.
    private void Fixed(FunctionPair pair, ContinuationPoint from, ContinuationPoint to)
    {
        if (_calls.OldCallee(pair.Old, from) is CallTarget target && _calls.NewCallee(pair.New, to) != target
            && _calls.Path(pair.New, to, target) is { } path)
        {
            Make(pair, from, path, true);
        }
        else if (LeftOut(pair, from, to) is { Count: > 0 } steps)
        {
            pair.Steps.AddRange(steps);
        }
    }

    private void Between(FunctionPair pair, List<ContinuationPoint> olds, List<ContinuationPoint> free)
    {
        foreach (IGrouping<CallTarget?, ContinuationPoint> same in olds.GroupBy(p => _calls.OldCallee(pair.Old, p)))
        {
            if (same.Key is not CallTarget target)
            {
                continue;
            }

            var ways = free.ConvertAll(n => (Point: n, Path: _calls.Path(pair.New, n, target))).FindAll(w => w.Path is not null);
            int shortest = ways.Count == 0 ? 0 : ways.Min(w => w.Path!.Count);
            ways = ways.FindAll(w => w.Path!.Count == shortest);
            List<ContinuationPoint> from = [.. same];
            for (int i = 0; ways.Count == from.Count && i < from.Count; i++)
            {
                if (pair.Points.Contains(ways[i].Point.Number))
                {
                    continue; // of another callee, just now
                }

                pair.Points[from[i].Number] = ways[i].Point.Number;
                if (!Make(pair, from[i], ways[i].Path!, false))
                {
                    pair.Points[from[i].Number] = -1;
                }
            }
        }
    }

    private static bool Make(FunctionPair pair, ContinuationPoint from, List<(FunctionEntry Function, ContinuationPoint Point)> path, bool isForced)
    {
        var made = new List<FunctionPair>();
        foreach ((FunctionEntry f, ContinuationPoint p) in path)
        {
            if (FrameMapper.Make(pair, from, f, p, isForced) is not FunctionPair frame)
            {
                return false;
            }

            made.Add(frame);
        }

        pair.Steps.Add(new FrameStep { Point = from.Number, Made = made });
        return true;
    }

    private void Without(FunctionPair pair, List<ContinuationPoint> olds, List<ContinuationPoint> free)
    {
        var ways = new List<(ContinuationPoint Old, ContinuationPoint New, List<FrameStep> Steps)>();
        foreach (ContinuationPoint p in olds)
        {
            foreach (ContinuationPoint n in free)
            {
                if (!pair.Points.Contains(n.Number) && LeftOut(pair, p, n) is { Count: > 0 } steps)
                {
                    ways.Add((p, n, steps));
                }
            }
        }

        foreach ((ContinuationPoint p, ContinuationPoint n, List<FrameStep> steps) in ways)
        {
            if (ways.Count(w => w.Old == p || w.New == n) == 1)
            {
                pair.Points[p.Number] = n.Number;
                pair.Steps.AddRange(steps);
            }
        }
    }

    // What the old function calls calls what the new one does.
    private List<FrameStep> LeftOut(FunctionPair pair, ContinuationPoint from, ContinuationPoint to)
    {
        var steps = new List<FrameStep>();
        if (_calls.OldFunction(pair.Old, from) is not FunctionEntry between || !between.Plan.IsTransformed || _calls.NewCallee(pair.New, to) is not CallTarget target
            || _calls.OldCallee(pair.Old, from) == target)
        {
            return steps;
        }

        foreach (ContinuationPoint p in between.Plan.Points)
        {
            if (_calls.OldCallee(between, p) == target && FrameMapper.CanTakeOver(pair, from, to, between, p))
            {
                steps.Add(new FrameStep { Point = from.Number, LeftOut = between, LeftOutPoint = p.Number });
            }
        }

        return steps;
    }
}
