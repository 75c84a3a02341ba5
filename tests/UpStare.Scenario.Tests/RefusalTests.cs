namespace UpStare.Scenario.Tests;

/// <summary>What must not be applied is refused with its exit code, and the program goes on.</summary>
public class RefusalTests
{
    [Fact]
    public void WrongPatchesAreRefusedAndTheRightOneStillApplies()
    {
        var scenario = Scenario.Get("refusals");
        var good = scenario.Patch("v1", "v2");
        var truncated = Path.Combine(Tools.Temporary, "truncated.so");
        File.WriteAllBytes(truncated, File.ReadAllBytes(good)[..4000]);
        var text = Path.Combine(Tools.Temporary, "text.so");
        File.WriteAllText(text, "this is no patch\n");
        (string Patch, int[] Codes)[] refused =
        [
            (Scenario.Get("chain").Patch("v1", "v2"), [3]),
            (scenario.Patch("v2", "v3"), [3]),
            (truncated, [3]),
            (text, [3]),
            (Path.Combine(Tools.Temporary, "missing.so"), [1, 4]),
        ];

        using var program = scenario.Start("v1");
        foreach (var (patch, codes) in refused)
        {
            program.WaitForGate();
            var answer = program.Apply(patch);
            if (!codes.Contains(answer.ExitCode))
            {
                program.Fail($"exit code {answer.ExitCode}, expected {string.Join(" or ", codes)} for {Path.GetFileName(patch)}");
            }

            program.Send();
        }

        program.WaitForGate();
        program.Update("v2");
        program.FinishAs("update.out");
    }

    /// <summary>What older tools have built, as far as it matters: the table of variables lacks one; the object says what it was made for.</summary>
    [Theory]
    [InlineData("run:__up_label_add", 0, "no variable threaded.c:run:__up_label_add")]
    [InlineData("UPSTUNIT", 16, "version 6 of the runtime's interface")]
    [InlineData("UPSTUNIT", 12, "has format 2")]
    public void WhatOtherToolsHaveBuiltIsRefused(string near, int distance, string reason)
    {
        var scenario = Scenario.Get("threaded");
        var bytes = File.ReadAllBytes(scenario.Program("v1"));
        var place = bytes.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(near));
        Assert.True(place > 0);
        bytes[place + distance]--;
        var directory = Directory.CreateDirectory(Path.Combine(Tools.Temporary, "other-tools-" + distance)).FullName;
        var old = Path.Combine(directory, "threaded");
        File.WriteAllBytes(old, bytes);
        var patch = Path.Combine(directory, "patch.so");
        var made = Tools.Execute(directory, Tools.Patch, old, scenario.Program("v2"), "-o", patch).Expect(3);
        Assert.Contains(reason, made.Errors, StringComparison.Ordinal);
        Assert.Contains("anew with the upstare-cc of these tools", made.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(patch), made.ToString());
    }

    [Fact]
    public void NobodyThereIsExitCodeFour()
    {
        var patch = Scenario.Get("refusals").Patch("v1", "v2");
        Tools.Execute(Tools.Temporary, Tools.Ctl, "999999999", "apply", patch).Expect(4);
    }

    /// <summary>
    /// What cannot be taken down (functions that docs/limits.md names): the update times out, says where and
    /// why, the program goes on, and the same update works when that code is left.
    /// </summary>
    [Theory]
    [InlineData("pinned", "the sort is over", "sort", "bound to a register")]
    [InlineData("disarmed", "the sort is over", "sort", "a setjmp of it has no counterpart")]
    public void PinnedCodeIsNamedAndLeftAlone(string name, string freeGate, string function, string reason)
    {
        var scenario = Scenario.Get(name);
        using var program = scenario.Start("v1");
        program.WaitForGate();
        var answer = program.Apply(scenario.Patch("v1", "v2"), timeout: 300).Expect(2);
        Assert.Contains(reason, answer.Output, StringComparison.Ordinal);
        var obstacle = program.Json(answer).GetProperty("obstacles")[0];
        Assert.Equal(program.Pid, obstacle.GetProperty("pid").GetInt32());
        Assert.True(obstacle.GetProperty("tid").GetInt32() > 0);
        Assert.Equal(name + ".h", Path.GetFileName(obstacle.GetProperty("file").GetString()));
        Assert.True(obstacle.GetProperty("line").GetInt32() > 0);
        Assert.Contains(function, answer.Output, StringComparison.Ordinal);
        for (var gate = ""; gate != "gate " + freeGate;)
        {
            program.Send();
            while (program.ReadLine() is { } line)
            {
                if (line.StartsWith("gate ", StringComparison.Ordinal))
                {
                    gate = line;
                    break;
                }
            }

            Assert.True(program.IsRunning);
        }

        program.Update("v2");
        program.FinishAs("update.out");
    }

    /// <summary>Nobody could look at the stack of a context that no thread runs on.</summary>
    [Fact]
    public void SuspendedContextsAreAwaited()
    {
        var scenario = Scenario.Get("coroutines");
        using var program = scenario.Start("v1");
        foreach (var function in (string[])["two_turns", "worker", "two_turns"])
        {
            program.WaitForGate();
            var obstacle = program.Json(program.Apply(scenario.Patch("v1", "v2"), timeout: 300).Expect(2)).GetProperty("obstacles")[0];
            Assert.Contains("swapcontext", obstacle.GetProperty("why").GetString(), StringComparison.Ordinal);
            Assert.Equal(function, obstacle.GetProperty("function").GetString());
            Assert.True(obstacle.GetProperty("line").GetInt32() > 0);
            program.Send();
        }

        program.WaitForGate();
        program.Update("v2");
        program.FinishAs("update.out");
    }

    /// <summary>docs/limits.md: what is suspended there goes on as it is.</summary>
    [Fact]
    public void StacksThatAProgramSwitchesByItselfAreNotSeen()
    {
        using var program = Scenario.Get("coroutines").Start("v1", "by-hand");
        program.WaitForGate();
        program.Update("v2");
        Assert.EndsWith("by hand: v1\nmain is in v2\n", program.Send().Finish(), StringComparison.Ordinal);
    }

    /// <summary>The update waits until pinned code is left; the program's other threads do not.</summary>
    [Fact]
    public void OthersGoOnWhilePinnedCodeIsAwaited()
    {
        var scenario = Scenario.Get("pinned");
        scenario.Patch("v1", "v2");
        using var program = scenario.Start("v1", "meanwhile");
        program.WaitForGate();
        var opener = new Thread(() =>
        {
            Thread.Sleep(3000);
            program.Send();
        });
        opener.Start();
        program.Apply(scenario.Patch("v1", "v2"), 30000).Expect(0);
        opener.Join();
        Assert.EndsWith("meanwhile: the other thread went on: yes\n", program.Send().Send().Finish(), StringComparison.Ordinal);
    }

    /// <summary>Without the user's mapping there is no state of the new loops that the tool may guess.</summary>
    [Theory]
    [InlineData("bubble2heap", "start")]
    [InlineData("bubble2selection", "end")]
    public void ANewLoopNeedsTheUser(string name, string variable)
    {
        var scenario = Scenario.Get(name);
        var patch = Path.Combine(Tools.Temporary, name + "-without-user.so");
        var made = scenario.MakePatch("v1", "v2", patch, withUser: false);
        made.Expect(2);
        Assert.Contains($"variable {variable} is new", made.Output + made.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(patch), made.ToString());
        scenario.MakePatch("v1", "v2", patch, withUser: true).Expect(0);
    }
}
