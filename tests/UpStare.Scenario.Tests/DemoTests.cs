namespace UpStare.Scenario.Tests;

public class DemoTests
{
    /// <summary>make demo shows what it claims, in under a minute.</summary>
    [Fact]
    public void ShowsWhatItClaims()
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var outcome = Tools.Execute(
            Tools.Temporary, new Dictionary<string, string> { ["UPSTARE_BIN"] = Tools.Bin }, "sh", Path.Combine(Tools.Programs, "demo", "run.sh"));
        outcome.Expect(0);
        Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1), $"it took {clock.Elapsed}");
    }
}
