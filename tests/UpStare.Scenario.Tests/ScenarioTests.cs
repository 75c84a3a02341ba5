using System.Text.RegularExpressions;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace UpStare.Scenario.Tests;

/// <summary>Each scenario of testprogs: start the old version, update it at the gate, and see how it goes on.</summary>
public class ScenarioTests
{
    private static readonly string[] _atFirstGate =
    [
        "bubble2heap", "bubble2selection", "deep", "fibonacci", "functionpointers", "globals", "inplace", "neighbours", "passed", "unstatic", "threaded", "computedgoto",
        "prodcons", "setjmp", "signals", "statics", "structret", "threads", "varargs", "expressions", "blocked", "c11threads", "interrupts", "escapes", "cancelled", "madecode", "actions", "crowd", "pausesignals", "vla", "library", "plugins", "libsort", "cleanup", "between", "longjumps", "guests", "headers", "tailcalls",
    ];

    /// <summary>Programs whose versions differ only by what they call themselves: they can go back and forth.</summary>
    private static readonly string[] _backAndForth = ["expressions", "structret", "inplace", "deep", "setjmp", "signals", "threads", "crowd", "neighbours", "vla", "heldpointer", "cleanup", "between", "longjumps", "tailcalls"];

    /// <summary>Those that have a test of their own in another file.</summary>
    private static readonly string[] _elsewhere =
    [
        "badpatch", "busy", "callbacks", "chain", "coroutines", "demo", "disarmed", "eventloop", "firstclient", "include", "leaving", "libcwaits", "lua-scripts", "netserver", "oldstorage", "ownsignals",
        "pinned", "processes", "proctitle", "prompts", "refusals", "reload", "renamed", "ring", "spin", "stress", "tenthousand", "vforked",
    ];

    public static TheoryData<string, string> AtFirstGate => Matrix(_atFirstGate);

    public static TheoryData<string, string> BackAndForth => Matrix(_backAndForth);

    [Theory]
    [MemberData(nameof(AtFirstGate))]
    public void IsUpdated(string name, string flags)
    {
        // The patch is made first: in blocked the time of the sleeps runs.
        var scenario = Scenario.Get(name, flags);
        scenario.Patch("v1", "v2");
        using var program = scenario.Start("v1");
        program.WaitForGate();
        program.Update("v2");
        program.FinishAs("update.out");
    }

    [Theory]
    [MemberData(nameof(BackAndForth))]
    public void GoesBackAndForthAtEveryGate(string name, string flags)
    {
        var scenario = Scenario.Get(name, flags);
        using var program = scenario.Start("v1");
        var updates = 0;
        while (program.ReadLine() is { } line)
        {
            if (line.StartsWith("gate ", StringComparison.Ordinal))
            {
                // Three at each gate: the second and third meet frames that were built by an update.
                for (var i = 0; i < 3; i++)
                {
                    program.Update(program.Version == "v1" ? "v2" : "v1");
                    updates++;
                }

                program.Send();
            }
        }

        Assert.True(updates > 0);
        program.Compare(WithoutVersion(scenario.Expected("v1.out")), WithoutVersion(program.Finish()));
    }

    /// <summary>Two frames more at once, then one less, and again.</summary>
    [Theory]
    [InlineData("-O2")]
    [InlineData("-O0")]
    public void FramesComeAndGo(string flags)
    {
        var scenario = Scenario.Get("between", flags);
        using var program = scenario.Start("v1");
        while (program.ReadLine() is { } line)
        {
            if (line.StartsWith("gate ", StringComparison.Ordinal))
            {
                program.Update("v3");
                program.Update("v2");
                program.Update("v1");
                program.Send();
            }
        }

        program.Compare(WithoutVersion(scenario.Expected("v1.out")), WithoutVersion(program.Finish()));
    }

    /// <summary>What upstare-cc builds is the program that gcc builds, as long as nobody updates it.</summary>
    [Theory]
    [MemberData(nameof(Versions))]
    public void IsUnchangedWithoutAnUpdate(string name, string version, string flags)
    {
        using var program = Scenario.Get(name, flags).Start(version);
        program.FinishAs(version + ".out");
    }

    /// <summary>What the mechanism rests on holds in every program and patch: no call on the way out, and so on.</summary>
    [Theory]
    [MemberData(nameof(Verified))]
    public void PassesTheVerifier(string name, string flags)
    {
        var scenario = Scenario.Get(name, flags);
        Tools.Execute(Tools.Temporary, Tools.Cc, "--verify", scenario.Program("v1")).Expect(0);
        Tools.Execute(Tools.Temporary, Tools.Cc, "--verify", scenario.Program("v2")).Expect(0);
        Tools.Execute(Tools.Temporary, Tools.Cc, "--verify", scenario.Patch("v1", "v2")).Expect(0);
    }

    /// <summary>The expected outputs are gcc's.</summary>
    [Theory]
    [MemberData(nameof(Versions))]
    public void IsAsExpectedWithGcc(string name, string version, string flags)
    {
        var scenario = Scenario.Get(name, flags);
        using var program = new Session(scenario, scenario.Program(version, "gcc"), version, []);
        program.FinishAs(version + ".out");
    }

    [Fact]
    public void EveryFolderHasATest()
    {
        var folders = Directory.GetDirectories(Tools.Programs).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal);
        Assert.Equal(_atFirstGate.Union(_backAndForth).Concat(_elsewhere).Order(StringComparer.Ordinal), folders);
    }

    /// <summary>Every version of every scenario that has an expected output.</summary>
    public static TheoryData<string, string, string> Versions()
    {
        var data = new TheoryData<string, string, string>();
        foreach (var folder in Directory.GetDirectories(Tools.Programs).Order(StringComparer.Ordinal))
        {
            foreach (var output in Directory.GetFiles(folder, "v*.out").Order(StringComparer.Ordinal))
            {
                data.Add(Path.GetFileName(folder), Path.GetFileNameWithoutExtension(output), "-O2");
                data.Add(Path.GetFileName(folder), Path.GetFileNameWithoutExtension(output), "-O0");
            }
        }

        return data;
    }

    public static TheoryData<string, string> Verified() =>
        Matrix([.. Directory.GetDirectories(Tools.Programs).Where(d => Directory.Exists(Path.Combine(d, "v2")) || File.Exists(Path.Combine(d, "v2.c"))).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)]);

    private static TheoryData<string, string> Matrix(string[] names)
    {
        var data = new TheoryData<string, string>();
        foreach (var name in names)
        {
            data.Add(name, "-O2");
            data.Add(name, "-O0");
        }

        return data;
    }

    // "v1: code" and "handled by v2" alike; setjmp's two versions use other words as well, and threads counts the turns of each.
    private static string WithoutVersion(string text) =>
        Regex.Replace(text, @"\bv[12]\b", "vN")
            .Replace("came back with 3, tries", "code 3 after try", StringComparison.Ordinal)
            .Replace("turns of both", "all turns were vN's", StringComparison.Ordinal);
}
