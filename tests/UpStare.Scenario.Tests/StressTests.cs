namespace UpStare.Scenario.Tests;

public class StressTests
{
    /// <summary>Threads pass messages and take locks in every way there is while updates come at random; `make torture` does it for minutes.</summary>
    [Theory]
    [InlineData("1")]
    [InlineData("2")]
    public void NoMessageIsLost(string seed)
    {
        var scenario = Scenario.Get("stress");
        var run = UpdateRun.Of(Tools.Temporary, ["--random", seed], [scenario.Patch("v1", "v1")], scenario.Program("v1"), "10000", "2");
        run.Outcome.Expect(0);
        Assert.Equal(scenario.Expected("v1.out"), run.Outcome.Output);
        Assert.True(run.Updates > 100, $"hardly an update was applied:\n{run}");
    }
}
