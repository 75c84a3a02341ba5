using UpStare.Frontend.Model;
using UpStare.Instrument;

namespace UpStare.Patcher.Compare;

/// <summary>What a call leads to, in terms of the new version: a function's key there, or the name of a library call that has a frame of its own.</summary>
/// <param name="Key">Key of a function that has frame records, or null.</param>
/// <param name="Library">Name of a blocking library call, or null.</param>
public readonly record struct CallTarget(string? Key, string? Library);

/// <summary>Follows the calls of both versions.</summary>
public sealed class CallGraph
{
    private const int MostFrames = 2;

    private readonly ProgramModel _old;
    private readonly ProgramModel _new;
    private readonly FunctionMatcher _functions;

    public CallGraph(ProgramModel old, ProgramModel now, FunctionMatcher functions)
    {
        _old = old;
        _new = now;
        _functions = functions;
    }

    /// <summary>What stands above an old frame at a point, as the new version has it; null: it has none, or it cannot be told.</summary>
    public CallTarget? OldCallee(FunctionEntry f, ContinuationPoint point)
    {
        if (point.Kind != PointKind.Call || point.Callee is not string name)
        {
            return null;
        }

        return _old.FindFunction(f.Unit, name) is not string key ? Library(name)
            : _functions.NewKey(key) is string now && _new.Functions.TryGetValue(now, out FunctionEntry? g) && g.Plan.IsTransformed ? new CallTarget(now, null)
            : null;
    }

    /// <summary>The function of the old version that is called at a point, or null.</summary>
    public FunctionEntry? OldFunction(FunctionEntry f, ContinuationPoint point) =>
        point.Kind == PointKind.Call && point.Callee is string name && _old.FindFunction(f.Unit, name) is string key ? _old.Functions[key] : null;

    /// <summary>The same for the new version.</summary>
    public FunctionEntry? NewFunction(FunctionEntry f, ContinuationPoint point) =>
        point.Kind == PointKind.Call && point.Callee is string name && _new.FindFunction(f.Unit, name) is string key ? _new.Functions[key] : null;

    /// <summary>What the new version calls at a point of its own.</summary>
    public CallTarget? NewCallee(FunctionEntry f, ContinuationPoint point) =>
        point.Kind != PointKind.Call || point.Callee is not string name ? null
        : _new.FindFunction(f.Unit, name) is not string key ? Library(name)
        : _new.Functions[key].Plan.IsTransformed ? new CallTarget(key, null) : null;

    /// <summary>The calls that lead from a call of the new version to another function: the only shortest way.</summary>
    /// <param name="f">The function.</param>
    /// <param name="point">Its call.</param>
    /// <param name="target">Where to.</param>
    /// <returns>Functions between, with the point that each is at; null: none, or several.</returns>
    public List<(FunctionEntry Function, ContinuationPoint Point)>? Path(FunctionEntry f, ContinuationPoint point, CallTarget target)
    {
        if (NewFunction(f, point) is not FunctionEntry first || !first.Plan.IsTransformed)
        {
            return null;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal) { f.Key, first.Key };
        List<(FunctionEntry Function, List<(FunctionEntry Function, ContinuationPoint Point)> Way)> ends = [(first, [])];
        for (int length = 1; length <= MostFrames; length++)
        {
            var found = new List<List<(FunctionEntry Function, ContinuationPoint Point)>>();
            var next = new List<(FunctionEntry Function, List<(FunctionEntry Function, ContinuationPoint Point)> Way)>();
            foreach ((FunctionEntry g, List<(FunctionEntry, ContinuationPoint)> way) in ends)
            {
                foreach (ContinuationPoint p in g.Plan.Points)
                {
                    CallTarget? to = NewCallee(g, p);
                    if (to == target)
                    {
                        found.Add([.. way, (g, p)]);
                    }
                    else if (to?.Key is string key && seen.Add(key))
                    {
                        next.Add((_new.Functions[key], [.. way, (g, p)]));
                    }
                    else if (to?.Key is string other && next.Exists(n => n.Function.Key == other))
                    {
                        next.Add((_new.Functions[other], [.. way, (g, p)])); // a second way to it
                    }
                }
            }

            if (found.Count > 0)
            {
                return found.Count == 1 ? found[0] : null;
            }

            ends = next;
        }

        return null;
    }

    private static CallTarget? Library(string name) => Planner.IsWrappedCall(name) ? new CallTarget(null, name) : null;
}
