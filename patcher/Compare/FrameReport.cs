using System.Globalization;
using UpStare.Frontend.Model;
using UpStare.Instrument;

namespace UpStare.Patcher.Compare;

/// <summary>Says what the mapping of a function's frames rests on: what is assumed, and what the user has to say.</summary>
internal static class FrameReport
{
    /// <summary>Adds the findings of a pair whose points and slots are mapped.</summary>
    public static void Add(FunctionPair pair, IReadOnlyList<SlotMapping> slots, List<Finding> findings)
    {
        FunctionPlan old = pair.Old.Plan;
        for (int o = 0; o < pair.Points.Length; o++)
        {
            if (pair.Points[o] >= 0)
            {
                ContinuationPoint a = old.Points[o];
                ContinuationPoint b = pair.New.Plan.Points[pair.Points[o]];
                if (!pair.IsUserMapped && !pair.Steps.Exists(s => s.Point == o) && a.ShapeHash != b.ShapeHash && (a.NestingPath != b.NestingPath || !a.IsCall))
                {
                    findings.Add(new Finding(Handling.Assumed, "function", pair.New.Key, b.Place,
                        $"point {o} ({a.Text}, {a.Place}) goes on at {b.Text} ({b.Place}), which is not the same"));
                }
            }
        }

        ReportCalls(pair, old, findings);
        ReportPassed(pair, old, findings);
        int unmapped = pair.Points.Count(p => p < 0);
        if (unmapped > 0)
        {
            string names = string.Join("; ", old.Points.Where(p => pair.Points[p.Number] < 0).Take(4).Select(p => $"{p.Number}: {p.Text} ({p.Place})"));
            findings.Add(new Finding(Handling.Assumed, "function", pair.New.Key, pair.New.Plan.Place,
                $"no mapping for {unmapped} of {old.Points.Count} points, an update waits until no thread is there: {names}"));
        }

        foreach (SlotMapping s in slots)
        {
            if (s.FreshAt.Count == 0 || s.New.Decl is not VarDecl variable || (variable.IsParameter && s.OldStatic is null))
            {
                continue; // what parameters start with ArgumentFlow finds out
            }

            if (s.OldStatic is not null)
            {
                findings.Add(new Finding(Handling.Assumed, "function", pair.New.Key, pair.New.Plan.Place,
                    $"variable {s.New.Name} was static: it starts with that value, and pointers follow"));
                continue;
            }

            if (Decides(pair, s) is ContinuationPoint a)
            {
                findings.Add(new Finding(Handling.NeedsUser, "function", pair.New.Key, pair.New.Plan.Points[pair.Points[a.Number]].Place,
                    $"variable {s.New.Name} is new, and a loop around point {a.Number} ({a.Text}) goes on for as long as it says")
                {
                    UserFunction = PatchPlan.FrameHook(pair.Old.Name),
                });
            }
            else
            {
                findings.Add(new Finding(Handling.Assumed, "function", pair.New.Key, pair.New.Plan.Place,
                    $"variable {s.New.Name} has no old value at {s.FreshAt.Count} point(s): it starts as {s.Initialiser ?? (s.AllParts.Count > 0 ? "its declaration says" : "zero")}"));
            }
        }
    }

    /// <summary>The first old point where a variable has no old value, and a loop around it goes by it; or null.</summary>
    public static ContinuationPoint? Decides(FunctionPair pair, SlotMapping s)
    {
        FunctionPlan old = pair.Old.Plan;
        int unknown = s.New.Decl is not VarDecl variable ? -1 : s.FreshAt.FindIndex(o => LoopControl.Decides(
            pair.New.Plan, pair.New.Unit.Plan.Unit, pair.New.Plan.Points[pair.Points[o]], variable, s.Initialiser,
            pair.IsMade || !LoopControl.IsInLoop(old, pair.Old.Unit.Plan.Unit, old.Points[o])));
        return unknown < 0 ? null : old.Points[s.FreshAt[unknown]];
    }

    /// <summary>Adds what the frames that only one version has rest on.</summary>
    public static void AddSteps(FunctionPair pair, List<Finding> findings)
    {
        foreach (FrameStep step in pair.Steps)
        {
            ContinuationPoint a = pair.Old.Plan.Points[step.Point];
            ContinuationPoint b = pair.New.Plan.Points[pair.Points[step.Point]];
            if (step.LeftOut is FunctionEntry f)
            {
                string taken = string.Join(", ", pair.Slots.Where(s => s.LeftOut.ContainsKey(step.Point)).Select(s => s.New.Name));
                findings.Add(new Finding(Handling.Assumed, "function", pair.New.Key, b.Place,
                    $"point {step.Point} ({a.Text}) goes on at {b.Text}: a frame of {f.Name} in between, at {f.Plan.Points[step.LeftOutPoint].Text} ({f.Plan.Points[step.LeftOutPoint].Place}), is left out"
                    + (taken.Length > 0 ? $", {taken} taken over from it" : "") + "; what it would still do is not done"));
            }

            foreach (FunctionPair made in step.Made)
            {
                ContinuationPoint p = made.New.Plan.Points[made.Points[step.Point]];
                findings.Add(new Finding(Handling.Assumed, "function", made.New.Key, p.Place,
                    $"a frame of it is made where {pair.New.Name} stands at point {step.Point} ({a.Text}, now {b.Text}): it goes on at {p.Text}, what comes before that is not run"));
                foreach (SlotMapping s in made.Slots.Where(s => s.New.Decl is { IsParameter: false } && s.FreshAt.Count + s.CopyAt.Count > 0))
                {
                    findings.Add(new Finding(Handling.Assumed, "function", made.New.Key, p.Place,
                        $"variable {s.New.Name} of that frame starts as "
                        + (s.CopyAt.Count > 0 ? $"that of {made.Old.Name}" : s.OldStatic is not null ? $"the static one of {made.Old.Name}" : s.Initialiser ?? (s.AllParts.Count > 0 ? "its declaration says" : "zero"))));
                }
            }
        }
    }

    // A call that runs while the program is updated was made by the old version, with its arguments.
    private static void ReportCalls(FunctionPair pair, FunctionPlan old, List<Finding> findings)
    {
        var calls = new List<string>();
        foreach (ContinuationPoint a in old.Points)
        {
            if (pair.Points[a.Number] >= 0 && !pair.Steps.Exists(s => s.Point == a.Number) && pair.New.Plan.Points[pair.Points[a.Number]] is ContinuationPoint b
                && a.Kind == PointKind.Call && a.ShapeHash != b.ShapeHash && a.NestingPath == b.NestingPath && Arguments(a) != Arguments(b))
            {
                calls.Add($"{a.Number}: {a.Text} is now {b.Text} ({b.Place})");
            }
        }

        if (calls.Count > 0)
        {
            findings.Add(new Finding(Handling.Assumed, "function", pair.New.Key, pair.New.Plan.Place,
                "calls that are running keep the arguments that the old version gave them: " + Some(calls, "; ", 4)));
        }
    }

    private static string Arguments(ContinuationPoint call) =>
        call.Callee is string name && call.Text.StartsWith(name, StringComparison.Ordinal) ? call.Text[name.Length..] : call.Text;

    private static void ReportPassed(FunctionPair pair, FunctionPlan old, List<Finding> findings)
    {
        if (!pair.IsChanged)
        {
            return;
        }

        var before = new PassedCode(old, pair.Old.Unit.Plan.Unit);
        var now = new PassedCode(pair.New.Plan, pair.New.Unit.Plan.Unit);
        var places = new HashSet<SourcePlace>();
        int points = 0;
        foreach (ContinuationPoint a in old.Points)
        {
            if (pair.Points[a.Number] >= 0 && now.Changed(pair.New.Plan.Points[pair.Points[a.Number]], before, a) is { Count: > 0 } changed)
            {
                points++;
                places.UnionWith(changed);
            }
        }

        if (points > 0)
        {
            List<string> lines = [.. places.OrderBy(p => p.Line).Select(p => p.Line.ToString(CultureInfo.InvariantCulture)).Distinct()];
            findings.Add(new Finding(Handling.Assumed, "function", pair.New.Key, pair.New.Plan.Place,
                $"changed code stands before {points} of {old.Points.Count} points and is not run for frames that have passed it: line{(lines.Count > 1 ? "s" : "")} {Some(lines)}"));
        }
    }

    /// <summary>The first of them, and how many more there are.</summary>
    public static string Some(List<string> names, string separator = ", ", int most = 8) =>
        string.Join(separator, names.Take(most)) + (names.Count > most ? $" and {names.Count - most} more" : "");
}
