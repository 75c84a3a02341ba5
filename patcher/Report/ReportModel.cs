using UpStare.Patcher.Compare;

namespace UpStare.Patcher.Report;

/// <summary>Words and counts that all forms of the report share.</summary>
public static class ReportModel
{
    /// <summary>The word for a handling.</summary>
    public static string Word(Handling handling) => handling switch
    {
        Handling.Automatic => "automatic",
        Handling.Assumed => "assumed",
        Handling.NeedsUser => "needs user",
        _ => "impossible",
    };

    /// <summary>Numbers of points of all mapped functions: how many have a counterpart, and how many there are.</summary>
    public static (int Mapped, int All) Points(PatchPlan plan)
    {
        int mapped = 0;
        int all = 0;
        foreach (FunctionPair p in plan.Functions)
        {
            mapped += p.Points.Count(n => n >= 0);
            all += p.Points.Length;
        }

        return (mapped, all);
    }

    /// <summary>"12 of 14 points mapped", for a function.</summary>
    public static string Mapping(FunctionPair pair) => !pair.Old.Plan.IsTransformed || !pair.New.Plan.IsTransformed
        ? pair.Old.Plan.PinnedReason is null ? "no points" : "pinned"
        : $"{pair.Points.Count(n => n >= 0)} of {pair.Old.Plan.Points.Count} points mapped, {pair.New.Plan.Points.Count} new";
}
