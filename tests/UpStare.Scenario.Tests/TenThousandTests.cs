namespace UpStare.Scenario.Tests;

public class TenThousandTests
{
    /// <summary>10,000 updates back and forth on five threads; the program itself sees that nothing grows.</summary>
    [Fact]
    public void NothingGrows()
    {
        var scenario = Scenario.Get("tenthousand");
        var run = UpdateRun.Of(
            Tools.Temporary, ["--every", "3"], [scenario.Patch("v1", "v2"), scenario.Patch("v2", "v1")], scenario.Program("v1"), "1000");
        run.Outcome.Expect(0);
        Assert.Equal(scenario.Expected("v1.out"), run.Outcome.Output);
        Assert.True(run.Updates >= 10000, $"only {run.Updates} updates were applied:\n{run}");
    }
}
