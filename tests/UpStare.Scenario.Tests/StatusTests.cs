using System.Text.Json;

namespace UpStare.Scenario.Tests;

/// <summary>`upstare-ctl status` tells where each thread is, before an update and after it, and disturbs none.</summary>
public class StatusTests
{
    [Fact]
    public void AThreadInACallHasAPlace()
    {
        using var program = Scenario.Get("globals").Start("v1");
        program.WaitForGate();
        var before = OneThread(program);
        program.Update("v2");
        var after = OneThread(program);
        foreach (var thread in (JsonElement[])[before, after])
        {
            Assert.EndsWith("gate", thread.GetProperty("function").GetString(), StringComparison.Ordinal);
            Assert.EndsWith("testprog.h", thread.GetProperty("file").GetString(), StringComparison.Ordinal);
            Assert.InRange(thread.GetProperty("line").GetInt32(), 30, 45);
            Assert.True(thread.GetProperty("interruptible").GetBoolean());
            Assert.Equal("blocked", thread.GetProperty("state").GetString());
        }

        program.FinishAs("update.out");
    }

    /// <summary>All calls of `blocked` go on as if nothing had been, most of them interrupted ten times.</summary>
    [Fact]
    public void NoCallIsDisturbed()
    {
        using var program = Scenario.Get("blocked").Start("v1");
        program.WaitForGate();
        for (var i = 0; i < 10; i++)
        {
            var threads = Threads(program);
            Assert.True(threads.Length > 50);
            Assert.All(threads, t => Assert.NotNull(t.GetProperty("function").GetString()));
        }

        program.FinishAs("v1.out");
    }

    [Fact]
    public void TheProgramsNameIsThatOfItsFile()
    {
        using var program = Scenario.Get("proctitle").Start("v1");
        program.WaitForGate();
        var answer = program.Control("status", "--json");
        Assert.Equal("proctitle", JsonDocument.Parse(answer.Output).RootElement.GetProperty("program").GetString());
        program.Finish();
    }

    private static JsonElement OneThread(Session program) => Assert.Single(Threads(program));

    private static JsonElement[] Threads(Session program)
    {
        var answer = program.Control("status", "--json");
        answer.Expect(0);
        return [.. JsonDocument.Parse(answer.Output).RootElement.GetProperty("threads").EnumerateArray()];
    }
}
