namespace UpStare.Scenario.Tests;

public class SpinTests
{
    /// <summary>Loops that call nothing see the update all the same.</summary>
    [Theory]
    [InlineData("while", "-O2")]
    [InlineData("do", "-O2")]
    [InlineData("goto", "-O2")]
    [InlineData("nest", "-O2")]
    [InlineData("registers", "-O2")]
    [InlineData("while", "-O3")]
    [InlineData("nest", "-O3")]
    [InlineData("registers", "-O0")]
    public void IsUpdatedInALoop(string kind, string flags)
    {
        // Built before the loop starts: its patience is short.
        var scenario = Scenario.Get("spin", flags);
        scenario.Patch("v1", "v2");
        using var program = scenario.Start("v1", kind);
        program.WaitFor("spinning");
        program.Update("v2");
        program.Compare($"spinning in {kind}\nv2 was cut short\n", program.Finish());
    }
}
