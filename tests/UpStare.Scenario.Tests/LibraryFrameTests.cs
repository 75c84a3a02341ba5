namespace UpStare.Scenario.Tests;

/// <summary>Frames of libraries between the program's own, and threads that wait inside libraries.</summary>
public class LibraryFrameTests
{
    /// <summary>Updated in a callback of a callback: once, or twice in one sort, so that what stands below passes two versions at once.</summary>
    [Theory]
    [InlineData("once.out", "v2")]
    [InlineData("twice.out", "v2", "v3")]
    [InlineData("back.out", "v2", "v1")]
    public void CallbacksMoveAtOnceAndTheirCallersLater(string expected, params string[] versions)
    {
        using var program = Scenario.Get("callbacks").Start("v1");
        foreach (var next in versions)
        {
            program.WaitForGate();
            program.Update(next);
            program.Send();
        }

        program.FinishAs(expected);
    }

    /// <summary>Two threads wait in the library's poll; both answer as the new version, and so do those who called the library.</summary>
    [Fact]
    public void ThreadsThatWaitInALibraryHoldNothingUp()
    {
        using var program = Scenario.Get("eventloop").Start("v1");
        program.WaitForGate();
        program.Send("one").WaitFor("v1: one");
        program.Update("v2");
        foreach (var line in (string[])["two", "other", "within", "three", "end", "end"])
        {
            program.Send(line).WaitFor("v2: ");
            if (line == "other")
            {
                program.WaitFor("v2: hello");
            }
        }

        program.FinishAs("waiting.out");
    }

    /// <summary>docs/limits.md.</summary>
    [Fact]
    public void ThreadsThatLibcMakesAreNotSeen()
    {
        using var program = Scenario.Get("guests").Start("v1", "a timer's thread");
        program.WaitForGate();
        program.Update("v2");
        Assert.EndsWith("a timer's thread: v1\nmain: v2\n", program.Send().Finish(), StringComparison.Ordinal);
    }

    /// <summary>
    /// Updated as upstare-run does it, inside a callback: no point is due when the library returns, and its caller moves all the same.
    /// </summary>
    [Theory]
    [InlineData(5, "v1 4, v2 30")]
    [InlineData(20, "v1 28, v2 6")]
    public void ACallerOfALibraryMovesAlsoInARun(int at, string comparisons)
    {
        var scenario = Scenario.Get("callbacks");
        var run = UpdateRun.Of(Tools.Temporary, ["--at", $"{at}"], [scenario.Patch("v1", "v2")], scenario.Program("v1"));
        run.Outcome.Expect(0);
        Assert.Contains("by v2\n", run.Outcome.Output, StringComparison.Ordinal);
        Assert.Contains(comparisons, run.Outcome.Output, StringComparison.Ordinal);
    }

    /// <summary>Eight threads in the library's loop, updated forth and back hundreds of times: every message is handled once.</summary>
    [Fact]
    public void NothingIsLostInARingOfEventLoops()
    {
        var scenario = Scenario.Get("ring");
        var run = UpdateRun.Of(Tools.Temporary, ["--random", "11"], [scenario.Patch("v1", "v2"), scenario.Patch("v2", "v1")], scenario.Program("v1"));
        run.Outcome.Expect(0);
        Assert.Equal(scenario.Expected("v1.out"), run.Outcome.Output);
        Assert.True(run.Updates > 100, run.ToString());
    }

    /// <summary>A thread of the program waits for a condition that the library signals, before and after an update.</summary>
    [Fact]
    public void ALibrarysSignalReachesTheProgramsWaiter()
    {
        using var program = Scenario.Get("eventloop").Start("v1");
        program.WaitForGate();
        program.Send("await").WaitForGate();
        program.Send("signal").WaitFor("v1: the library's signal came");
        program.Send("await").WaitForGate();
        program.Update("v2");
        program.Send("signal").WaitFor("v2: the library's signal came");
        program.Send("end").FinishAs("signal.out");
    }

    /// <summary>Updated inside a callback, in an inner loop, and in both ways again and again.</summary>
    [Fact]
    public void AnEventLoopGoesOnThroughManyVersions()
    {
        using var program = Scenario.Get("eventloop").Start("v1");
        program.WaitForGate();
        foreach (var next in (string[])["v2", "v1", "v2", "v1", "v2"])
        {
            program.Send("wait").WaitForGate();
            program.Update(next);
            program.Send().Send("within").WaitFor($"{next}: within");
            program.Update(next == "v1" ? "v2" : "v1");
            program.Update(next);
        }

        for (var i = 0; i < 5; i++)
        {
            program.Send("end").WaitFor("v2: the inner loop ends with 2");
        }

        program.Send("end").WaitFor("v2: serve came back with 2");
        program.FinishAs("many.out");
    }
}
