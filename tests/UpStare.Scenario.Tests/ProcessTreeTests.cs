using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace UpStare.Scenario.Tests;

/// <summary>Programs of several processes: all of them are updated, or none is.</summary>
public class ProcessTreeTests
{
    private protected static Scenario Processes => Scenario.Get("processes");

    [Theory]
    [InlineData("some", 2)]
    [InlineData("deep", 3)]
    [InlineData("orphan", 1)]
    [InlineData("threads", 1)]
    [InlineData("confined", 1)]
    [InlineData("cloned", 2)]
    [InlineData("stack", 1)]
    [InlineData("fifty", 50)]
    public void AllAreUpdated(string kind, int count)
    {
        using var program = Processes.Start("v1", kind);
        program.WaitForGate();
        Assert.Equal(count, Members(program).Count);
        Assert.Equal(count, program.Update("v2").GetProperty("processes").GetArrayLength());
        program.Update("v1");
        program.Update("v2");
        ExpectAnswers(program, count, "v2");
    }

    /// <summary>setgid(2) waits for an answer of each thread, also of one that the runtime has for the time of an update.</summary>
    [Fact]
    public void WhoChangesItsIdentityIsUpdated()
    {
        using var program = Processes.Start("v1", "changing");
        program.WaitForGate();
        for (var i = 0; i < 10; i++)
        {
            program.Update("v2");
            program.Update("v1");
        }

        ExpectAnswers(program, 1, "v1");
    }

    /// <summary>A pid namespace has numbers of its own.</summary>
    [Fact]
    public void ProcessesInAnotherNamespaceAreUpdated()
    {
        using var program = Processes.Start("v1", "namespace");
        if (program.ReadLine() is "cannot clone")
        {
            Assert.Skip("needs root");
        }

        Assert.Equal(2, program.Update("v2").GetProperty("processes").GetArrayLength());
        ExpectAnswers(program, 2, "v2");
    }

    [Fact]
    public void AnyMemberMayBeAsked()
    {
        using var program = Processes.Start("v1", "some");
        program.WaitForGate();
        var member = Members(program)[1];
        Assert.Contains($"{member} (child of {program.Pid})", program.Control("status").Output, StringComparison.Ordinal);
        Tools.Execute(Tools.Temporary, Tools.Ctl, Text(member), "apply", Processes.Patch("v1", "v2")).Expect(0);
        ExpectAnswers(program, 2, "v2");
    }

    [Fact]
    public void APinnedChildHoldsUpAllAndIsNamed()
    {
        using var program = Processes.Start("v1", "pinned");
        program.WaitForGate();
        var obstacle = Refused(program, 300).GetProperty("obstacles")[0];
        Assert.Equal(Members(program)[0], obstacle.GetProperty("pid").GetInt32());
        Assert.Equal("sort_numbers", obstacle.GetProperty("function").GetString());
        Assert.EndsWith("processes.h", obstacle.GetProperty("file").GetString(), StringComparison.Ordinal);
        Assert.Contains("bound to a register", obstacle.GetProperty("why").GetString(), StringComparison.Ordinal);
        ExpectAnswers(program, 1, "v1");
    }

    /// <summary>Else whoever has taken the first process over could tell the privileged one what to run.</summary>
    [Fact]
    public void AChildWithMoreRightsThanTheFirstProcessIsNotReached()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        using var program = Processes.Start("v1", "lowered");
        program.WaitForGate();
        var obstacle = Refused(program, 300).GetProperty("obstacles")[0];
        Assert.Equal(Members(program)[0], obstacle.GetProperty("pid").GetInt32());
        Assert.Contains("may not signal it", obstacle.GetProperty("why").GetString(), StringComparison.Ordinal);
        ExpectAnswers(program, 1, "v1");
    }

    [Fact]
    public void AStoppedChildHoldsUpAllUntilItGoesOn()
    {
        using var program = Processes.Start("v1", "some");
        program.WaitForGate();
        var child = Members(program)[0];
        Signal("STOP", child);
        var obstacle = Refused(program, 300).GetProperty("obstacles")[0];
        Assert.Equal(child, obstacle.GetProperty("pid").GetInt32());
        Assert.Contains("stopped", obstacle.GetProperty("why").GetString(), StringComparison.Ordinal);
        Signal("CONT", child);
        program.Update("v2");
        ExpectAnswers(program, 2, "v2");
    }

    [Fact]
    public void AChildThatDiesInTheMiddleIsCountedOut()
    {
        using var program = Processes.Start("v1", "some");
        program.WaitForGate();
        var members = Members(program);
        Signal("STOP", members[0]);
        var killer = InTheMiddle(members[1], () => Signal("KILL", members[0]));
        Assert.Equal(1, program.Update("v2").GetProperty("processes").GetArrayLength());
        killer.Join();
        program.Send().WaitFor("process 0: gone").WaitFor("process 1: v2").WaitFor("main: v2");
    }

    /// <summary>Nor does the end of a process wait for the update, where libraries of the program's have destructors to run.</summary>
    [Fact]
    public void AChildThatEndsInTheMiddleIsCountedOut()
    {
        var leaving = Scenario.Get("leaving");
        leaving.Patch("v1", "v2");
        using var program = leaving.Start("v1");
        program.WaitForGate();
        var members = Members(program);
        Signal("STOP", members[0]);
        var clock = new Stopwatch();
        var seconds = 0.0;
        var ender = InTheMiddle(members[1], () =>
        {
            clock.Start();
            program.Send().WaitFor("the first has ended with 1");
            seconds = clock.Elapsed.TotalSeconds;
            Signal("CONT", members[0]);
        });
        var answer = program.Json(program.Apply(leaving.Patch("v1", "v2"), 20000).Expect(0));
        ender.Join();
        Assert.Equal(1, answer.GetProperty("processes").GetArrayLength());
        Assert.InRange(seconds, 0, 10);
        program.Send().WaitFor("the other has ended with 2").WaitFor("v2 ends");
    }

    /// <summary>The first process, where it cannot be taken down, keeps the others standing until the time is over; or until it is killed.</summary>
    [Fact]
    public void WhenTheLeaderDiesInTheMiddleNobodyIsUpdated()
    {
        using var program = Processes.Start("v1", "sorting");
        program.WaitForGate();
        var killer = InTheMiddle(Members(program)[0], () => Signal("KILL", program.Pid));
        Assert.NotEqual(0, program.Apply(Processes.Patch("v1", "v2"), 10000).ExitCode);
        killer.Join();
        List<string?> said = [program.ReadLine(), program.ReadLine()];
        said.Sort(StringComparer.Ordinal);
        Assert.Equal(["process 0 ends as v1", "process 1 ends as v1"], said);
    }

    /// <summary>Its child runs in its memory, on its stack; the update comes as soon as that is over, whatever the child does meanwhile.</summary>
    [Theory]
    [InlineData("exec", 7)]
    [InlineData("exit", 5)]
    public void WhoHasCalledVforkIsWaitedFor(string what, int status)
    {
        var scenario = Scenario.Get("vforked");
        var patch = scenario.Patch("v1", "v2");
        using var program = scenario.Start("v1", what);
        program.WaitForGate();
        Assert.Contains("waits for a vforked child", program.Apply(patch, 300).Expect(2).Output, StringComparison.Ordinal);
        var opener = new Thread(() =>
        {
            Thread.Sleep(500);
            program.Send();
        });
        opener.Start();
        program.Apply(patch, 20000).Expect(0);
        opener.Join();
        Assert.EndsWith(
            $"the child ended with {status}\nthe other thread went on: yes\ngate the child has ended\nv2 ends\n", program.Send().Finish(), StringComparison.Ordinal);
    }

    [Fact]
    public void AProcessThatHasBecomeAnotherProgramHasLeft()
    {
        using var program = Processes.Start("v1", "some");
        program.WaitForGate();
        var child = Members(program)[0];
        program.Send("n0");
        while (Members(program).Contains(child))
        {
            Thread.Sleep(20);
        }

        Assert.Equal(1, program.Update("v2").GetProperty("processes").GetArrayLength());
        Assert.Equal("sleep", File.ReadAllText($"/proc/{child}/comm").Trim());
        program.Send().WaitFor("process 0: gone").WaitFor("process 1: v2").WaitFor("main: v2");
    }

    /// <summary>Whoever is forked while an update is under way belongs to it.</summary>
    [Fact]
    public void NobodyIsForkedBehindAnUpdatesBack()
    {
        using var program = Processes.Start("v1", "storm");
        program.WaitForGate();
        for (var i = 0; i < 10; i++)
        {
            program.Update(program.Version == "v1" ? "v2" : "v1");
            program.Send("?0").WaitFor("process 0: " + program.Version);
        }

        program.Send().WaitFor("process 0: v1").WaitFor("main: v1");
    }

    [Theory]
    [InlineData("daemon")]
    [InlineData("twice")]
    public void ADaemonLeadsItsOwnTree(string kind)
    {
        using var program = Processes.Start("v1", kind);
        var line = program.ReadLine();
        Assert.StartsWith("daemon ", line, StringComparison.Ordinal);
        program.WaitForGate();
        var pid = line![7..];
        Outcome answer;
        var clock = Stopwatch.StartNew();
        while ((answer = Tools.Execute(Tools.Temporary, Tools.Ctl, pid, "apply", Processes.Patch("v1", "v2"), "--json")).ExitCode == 4
            && clock.Elapsed < TimeSpan.FromSeconds(5))
        {
            Thread.Sleep(20);
        }

        answer.Expect(0);
        Assert.Equal(2, program.Json(answer).GetProperty("processes").GetArrayLength());
        program.Send().WaitFor("process 0: v2").WaitFor("process 1: v2").WaitFor("main: v2");
    }

    [Fact]
    public void AFilteredProcessIsUpdatedWhereTheUserSaysThatItsFilterAllowsIt()
    {
        using (var program = Processes.Start("v1", "filtered"))
        {
            program.WaitForGate();
            var obstacle = Refused(program, 300).GetProperty("obstacles")[0];
            Assert.Contains("seccomp", obstacle.GetProperty("why").GetString(), StringComparison.Ordinal);
            ExpectAnswers(program, 1, "v1");
        }

        Environment.SetEnvironmentVariable("UPSTARE_SECCOMP", "allowed");
        try
        {
            using var program = Processes.Start("v1", "filtered");
            program.WaitForGate();
            program.Update("v2");
            ExpectAnswers(program, 1, "v2");
        }
        finally
        {
            Environment.SetEnvironmentVariable("UPSTARE_SECCOMP", null);
        }
    }

    /// <summary>Where the signal came in a blocking call or in a library, its frame is library code; when the handler returns, the frames that it interrupted follow.</summary>
    [Theory]
    [InlineData("handled")]
    [InlineData("unmasked")]
    public void AProcessThatLivesInAHandlerOfItsParentsIsUpdated(string kind)
    {
        using var program = Processes.Start("v1", kind);
        program.WaitForGate();
        program.Update("v2");
        program.Send("?0").WaitFor("process 0: v2");
        program.Update("v1");
        program.Send("?0").WaitFor("process 0: v1");
        program.Update("v2");
        program.Send("r0");
        program.Send("?0").WaitFor("process 0: v2");
        program.Update("v1");
        program.Send("?0").WaitFor("process 0: v1");
        ExpectAnswers(program, 1, "v1");
    }

    /// <summary>Between updates there is nothing of the runtime in a child: no thread, no descriptor.</summary>
    [Theory]
    [InlineData("confined", false)]
    [InlineData("confined", true)]
    public void ASandboxStaysAsItIs(string kind, bool updated)
    {
        using var program = Processes.Start("v1", kind);
        program.WaitForGate();
        var child = Members(program)[0];
        if (updated)
        {
            program.Update("v2");
        }

        Assert.Single(Directory.GetDirectories($"/proc/{child}/task"));
        var targets = Directory.GetFiles($"/proc/{child}/fd").Select(f => new FileInfo(f).LinkTarget ?? "").ToList();
        Assert.DoesNotContain(targets, t => t.StartsWith("socket:", StringComparison.Ordinal) || t.Contains("memfd", StringComparison.Ordinal));
        ExpectAnswers(program, 1, updated ? "v2" : "v1");
    }

    /// <summary>All map the same pages of a patch, but for one that cannot open the leader's file.</summary>
    [Theory]
    [InlineData("some", 1)]
    [InlineData("confined", 2)]
    public void ThePatchIsInMemoryOnce(string kind, int copies)
    {
        using var program = Processes.Start("v1", kind);
        program.WaitForGate();
        program.Update("v2");
        Assert.Equal(copies, Members(program).Append(program.Pid).Select(PatchFile).Distinct().Count());
        program.Finish();
    }

    /// <summary>The inode of the patch's file in a process's memory, "" where it was loaded without one.</summary>
    private static string PatchFile(int pid) =>
        File.ReadLines($"/proc/{pid}/maps").FirstOrDefault(l => l.Contains("/memfd:upstare-patch", StringComparison.Ordinal))?.Split(' ', StringSplitOptions.RemoveEmptyEntries)[4] ?? "";

    private protected static JsonElement Refused(Session program, int timeout) => program.Json(program.Apply(Processes.Patch("v1", "v2"), timeout).Expect(2));

    private protected static List<int> Members(Session program) =>
        [.. program.Json(program.Control("status", "--json")).GetProperty("processes").EnumerateArray().Select(p => p.GetProperty("pid").GetInt32())];

    private static void ExpectAnswers(Session program, int count, string version)
    {
        program.Send();
        for (var i = 0; i < count; i++)
        {
            var line = program.ReadLine();
            while (line is not null && (line.Contains(" is ", StringComparison.Ordinal) || line.StartsWith("gate", StringComparison.Ordinal)))
            {
                line = program.ReadLine();
            }

            Assert.Equal($"process {i}: {version}", line);
        }

        Assert.Equal("main: " + version, program.ReadLine());
        program.Finish();
    }

    private static void Signal(string name, int pid) => Tools.Execute(Tools.Temporary, "/bin/sh", "-c", $"kill -{name} {Text(pid)}").Expect(0);

    /// <summary>Does something a moment after a process has been called to an update: only then it has a second thread.</summary>
    private static Thread InTheMiddle(int pid, Action action)
    {
        var thread = new Thread(() =>
        {
            while (Directory.GetDirectories($"/proc/{pid}/task").Length < 2)
            {
                Thread.Sleep(5);
            }

            Thread.Sleep(300);
            action();
        });
        thread.Start();
        return thread;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
