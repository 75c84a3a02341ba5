using System.Diagnostics;

namespace UpStare.Scenario.Tests;

/// <summary>Programs that own every signal (UPSTARE_BLOCKING=self-pipe): threads are woken by a pipe.</summary>
public sealed class SelfPipeTests : IDisposable
{
    /// <summary>The whole run may have the pipe, too.</summary>
    private readonly string? _before = Way("self-pipe");

    public void Dispose() => Way(_before);

    /// <returns>The way of before.</returns>
    internal static string? Way(string? way)
    {
        string? before = Environment.GetEnvironmentVariable("UPSTARE_BLOCKING");
        Environment.SetEnvironmentVariable("UPSTARE_BLOCKING", way);
        return before;
    }

    [Theory]
    [InlineData("blocked")]
    [InlineData("signals")]
    [InlineData("pausesignals")]
    [InlineData("threads")]
    [InlineData("crowd")]
    [InlineData("prodcons")]
    public void IsUpdated(string name)
    {
        // The patch is made first: in blocked the time of the sleeps runs.
        var scenario = Scenario.Get(name);
        scenario.Patch("v1", "v2");
        using var program = scenario.Start("v1");
        program.WaitForGate();
        program.Update("v2");
        program.FinishAs("update.out");
    }

    /// <summary>The program has the last signal, handlers of both kinds, processes that take from one listener, and takes the runtime's descriptors.</summary>
    [Fact]
    public void EverySignalAndDescriptorIsTheProgramsOwn()
    {
        var scenario = Scenario.Get("ownsignals");
        scenario.Patch("v1", "v2");
        scenario.Patch("v2", "v1");
        using var program = scenario.Start("v1");
        program.WaitForGate();
        Assert.Equal(2, program.Update("v2").GetProperty("processes").GetArrayLength());
        program.Send().WaitForGate();
        var taken = Directory.GetFiles($"/proc/{program.Pid}/fd").Count(f => new FileInfo(f).LinkTarget is "/dev/null");
        Assert.True(taken >= 6, "two ends of two pipes, a listener, and its own");

        // The listener is gone: it is opened again when the next client has come.
        Outcome answer;
        var clock = Stopwatch.StartNew();
        while ((answer = program.Apply(scenario.Patch("v2", "v1"))).ExitCode == 4 && clock.Elapsed < TimeSpan.FromSeconds(5))
        {
            Thread.Sleep(20);
        }

        Assert.Equal(2, program.Json(answer.Expect(0)).GetProperty("processes").GetArrayLength());
        program.FinishAs("update.out");
    }

    [Fact]
    public void WithoutAnUpdateTheProgramIsGccs()
    {
        using var plain = new Session(Scenario.Get("ownsignals"), Scenario.Get("ownsignals").Program("v1", "gcc"), "v1", []);
        using var program = Scenario.Get("ownsignals").Start("v1");
        program.Compare(plain.Finish(), program.Finish());
    }

    [Fact]
    public void AnotherValueIsToldAndTheKickTaken()
    {
        Way("poll");
        var scenario = Scenario.Get("fibonacci");
        var run = Tools.Execute(Tools.Temporary, scenario.Program("v1")).Expect(0);
        Assert.Equal("upstare: UPSTARE_BLOCKING is neither kick nor self-pipe: kick it is\n", run.Errors);
        Assert.Equal(scenario.Expected("v1.out"), run.Output);
    }
}

/// <summary>Programs of several processes, whose members are called by a pipe.</summary>
public sealed class SelfPipeProcessTreeTests : ProcessTreeTests, IDisposable
{
    private readonly string? _before = SelfPipeTests.Way("self-pipe");

    public void Dispose() => SelfPipeTests.Way(_before);

    /// <summary>Only a signal could raise its flag; the kick does.</summary>
    [Theory]
    [InlineData("self-pipe")]
    [InlineData("kick")]
    public void AMemberThatOnlyComputesIsNamed(string way)
    {
        SelfPipeTests.Way(way);
        using var program = Processes.Start("v1", "busy");
        program.WaitForGate();
        var member = Members(program)[0];
        if (way == "kick")
        {
            program.Update("v2");
        }
        else
        {
            Assert.Equal(member, Refused(program, 300).GetProperty("obstacles")[0].GetProperty("pid").GetInt32());
        }
    }
}
