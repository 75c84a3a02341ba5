using System.Globalization;
using System.Text.RegularExpressions;

namespace UpStare.Scenario.Tests;

/// <summary>A program under upstare-run: what it said, and how often it was updated.</summary>
internal sealed record UpdateRun(Outcome Outcome, long Updates, long Refused, long Points)
{
    /// <summary>Runs a program with patches applied at update points, and reads the tool's last line.</summary>
    public static UpdateRun Of(string directory, string[] when, string[] patches, string program, params string[] arguments)
    {
        var outcome = Tools.Execute(directory, Tools.Run, [.. when, .. patches, "--", program, .. arguments]);
        var lines = outcome.Errors.TrimEnd('\n').Split('\n');
        var match = Regex.Match(lines[^1], @"^upstare-run: (\d+) updates applied, (\d+) refused, (\d+) update points reached$");
        Assert.True(match.Success, $"no last line of upstare-run:\n{outcome}");
        var own = outcome with { Errors = string.Concat(lines[..^1].Select(l => l + "\n")) };
        return new UpdateRun(own, Number(match.Groups[1]), Number(match.Groups[2]), Number(match.Groups[3]));
    }

    private static long Number(Group group) => long.Parse(group.Value, CultureInfo.InvariantCulture);
}
