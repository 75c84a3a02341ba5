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

    [Fact]
    public void NobodyThereIsExitCodeFour()
    {
        var patch = Scenario.Get("refusals").Patch("v1", "v2");
        Tools.Execute(Tools.Temporary, Tools.Ctl, "999999999", "apply", patch).Expect(4);
    }

    /// <summary>A frame of qsort on the stack: the update times out, says where, and works when the sort is over.</summary>
    [Fact]
    public void PinnedCodeIsNamedAndLeftAlone()
    {
        var scenario = Scenario.Get("pinned");
        using var program = scenario.Start("v1");
        program.WaitForGate();
        var answer = program.Apply(scenario.Patch("v1", "v2"), timeout: 300).Expect(2);
        var said = answer.Output + answer.Errors;
        Assert.Contains("qsort", said, StringComparison.Ordinal);
        Assert.Contains("compare", said, StringComparison.Ordinal);
        Assert.Matches(@"pinned\.c:\d+|""line"": ?\d+", said);
        program.Send();
        program.WaitForGate();
        program.Update("v2");
        program.FinishAs("update.out");
    }

    /// <summary>Without the user's mapping there is no state of the new loops that the tool may guess.</summary>
    [Fact]
    public void HeapsortNeedsTheUser()
    {
        var scenario = Scenario.Get("bubble2heap");
        var patch = Path.Combine(Tools.Temporary, "without-user.so");
        var made = scenario.MakePatch("v1", "v2", patch, withUser: false);
        if (made.ExitCode == 2)
        {
            Assert.False(File.Exists(patch), made.ToString());
            return;
        }

        // Made with assumptions or without a mapping for the loop: then it must not apply in the middle of it.
        made.Expect(0);
        using var program = scenario.Start("v1");
        program.WaitForGate();
        program.Apply(patch, timeout: 300).Expect(2);
        program.FinishAs("v1.out");
    }
}
