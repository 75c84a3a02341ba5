namespace UpStare.Scenario.Tests;

public class ChainTests
{
    /// <summary>v1 to v2 to v3 and back to v1, twice round.</summary>
    [Theory]
    [InlineData("chain")]
    [InlineData("renamed")]
    public void GoesRound(string name)
    {
        using var program = Scenario.Get(name).Start("v1");
        foreach (var next in (string[])["v2", "v3", "v1", "v2", "v3", "v1"])
        {
            program.WaitForGate();
            program.Update(next);
            program.Send();
        }

        program.FinishAs("update.out");
    }

    /// <summary>The history tells of every update, and a repeated one is "already applied".</summary>
    [Fact]
    public void HistoryTellsOfTheUpdates()
    {
        var scenario = Scenario.Get("chain");
        using var program = scenario.Start("v1");
        program.WaitForGate();
        program.Update("v2");
        program.Apply(scenario.Patch("v1", "v2")).Expect(0);
        program.Update("v3");
        var history = program.Control("history").Expect(0);
        Assert.True(history.Output.Split('\n').Length >= 2, history.ToString());
        program.Finish();
    }
}
