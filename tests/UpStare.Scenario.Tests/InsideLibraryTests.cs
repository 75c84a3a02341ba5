namespace UpStare.Scenario.Tests;

/// <summary>
/// Threads inside libraries, where no call of the runtime's stands, hold nothing up: they wait in libc, or a library computes. A signal stops them
/// there, so this is never done with the pipe.
/// </summary>
public sealed class InsideLibraryTests : IDisposable
{
    private readonly string? _before = SelfPipeTests.Way(null);

    public void Dispose() => SelfPipeTests.Way(_before);

    [Theory]
    [InlineData("libcwaits", "-O2")]
    [InlineData("libcwaits", "-O0")]
    public void ThreadsGoOnInTheNewVersion(string name, string flags) => new ScenarioTests().IsUpdated(name, flags);

    [Theory]
    [InlineData("libcwaits", "-O2", 1)]
    [InlineData("libcwaits", "-O2", 7)]
    [InlineData("libcwaits", "-O0", 7)]
    [InlineData("guests", "-O2", 10007)]
    [InlineData("guests", "-O0", 10007)]
    public void AnIdentityUpdateChangesNothing(string name, string flags, int step) => new EveryPointTests().AnIdentityUpdateChangesNothing(name, flags, step);

    /// <summary>Asked whether an update is possible they stand still, and wait on as before.</summary>
    [Fact]
    public void ThreadsGoOnInTheOldVersionWhereNothingComesOfIt()
    {
        var scenario = Scenario.Get("libcwaits");
        using var program = scenario.Start("v1");
        program.WaitForGate();
        for (var i = 0; i < 5; i++)
        {
            program.Control("check", scenario.Patch("v1", "v2")).Expect(0);
        }

        program.FinishAs("v1.out");
    }

    [Fact]
    public void ThreadsThatComputeInALibraryHoldNothingUp()
    {
        using var program = Scenario.Get("busy").Start("v1");
        program.WaitForGate();
        program.Update("v2");
        program.FinishAs("update.out");
    }

    /// <summary>
    /// Behind the call of a function without a check the old version would go on for a while. Who holds the dynamic linker's lock is not stopped with
    /// it: who looks at the stacks takes the lock, too.
    /// </summary>
    [Theory]
    [InlineData("unchecked")]
    [InlineData("locked")]
    public void WhoCannotBeStoppedIsWaitedFor(string what)
    {
        var scenario = Scenario.Get("busy");
        using var program = scenario.Start("v1", what);
        program.WaitForGate();
        for (var i = 0; i < 5; i++)
        {
            var refused = program.Apply(scenario.Patch("v1", "v2"), timeout: 300);
            refused.Expect(2);
            Assert.Contains("library function cbrt", refused.Output, StringComparison.Ordinal);
        }

        Assert.EndsWith("v1: 3\n", program.Send().Finish(), StringComparison.Ordinal);
    }

    [Fact]
    public void ProcessesThatWaitForLinesMoveForthAndBack()
    {
        using var program = Scenario.Get("prompts").Start("v1");
        program.WaitForGate();
        foreach (var line in (string[])["one", "two", "three"])
        {
            var next = program.Version == "v1" ? "v2" : "v1";
            program.Update(next);
            program.Send(line).WaitFor($"{next} {next} {next} {line}");
        }

        program.FinishAs("update.out");
    }
}
