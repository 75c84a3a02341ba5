using System.Globalization;

namespace UpStare.Scenario.Tests;

/// <summary>Lua 5.4 out of its own makefile: scripts run as in the plain interpreter, also when it is updated all the time.</summary>
public class LuaTests
{
    private static string? _plain;
    private static string? _updateable;
    private static string? _identity;

    public static TheoryData<string> Scripts() => [.. Directory.GetFiles(Folder, "*.lua").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    public static TheoryData<string, int> ScriptsAndSteps()
    {
        var data = new TheoryData<string, int>();
        foreach (var script in Directory.GetFiles(Folder, "*.lua").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal))
        {
            foreach (var step in (int[])[97, 1009, 10007])
            {
                data.Add(script, step);
            }
        }

        return data;
    }

    private static string Folder => Path.Combine(Tools.Programs, "lua-scripts");

    [Fact]
    public void BuildsSilentlyAndPassesTheVerifier()
    {
        Build();
        Tools.Execute(Tools.Temporary, Tools.Cc, "--verify", _updateable!).Expect(0);
        var report = Tools.Execute(Tools.Temporary, Tools.Cc, "--report", _updateable!).Expect(0);
        Assert.Contains("luaV_execute", report.Output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Scripts))]
    public void ScriptsRunAsInPlainLua(string script)
    {
        Build();
        var plain = Tools.Execute(Folder, _plain!, script);
        var ours = Tools.Execute(Folder, _updateable!, script);
        AssertAlike(plain, ours);
    }

    [Theory]
    [MemberData(nameof(ScriptsAndSteps))]
    public void AnIdentityUpdateChangesNothing(string script, int step)
    {
        Build();
        if (_identity is null)
        {
            var patch = Path.Combine(Tools.Temporary, "lua-identity.so");
            Tools.Execute(Tools.Temporary, Tools.Patch, _updateable!, _updateable!, "-o", patch).Expect(0);
            _identity = patch;
        }

        var plain = Tools.Execute(Folder, _plain!, script);
        var run = UpdateRun.Of(Folder, ["--every", step.ToString(CultureInfo.InvariantCulture)], [_identity], _updateable!, script);
        AssertAlike(plain, run.Outcome);
        Assert.True(run.Points < step || run.Updates > 0, $"no update was applied:\n{run}");
        Assert.True(run.Points > 100, $"hardly an update point was reached:\n{run}");
    }

    /// <summary>
    /// The prompt waits in libc's fgets, with a setjmp of lua_pcall's below; an error after the update jumps to where that is now. By a signal, as all that waits
    /// inside libraries.
    /// </summary>
    [Fact]
    public void ThePromptMovesToTheNewVersion()
    {
        Build();
        var before = SelfPipeTests.Way(null);
        try
        {
            var changed = Path.Combine(Tools.Temporary, "lua-changed");
            Tools.Execute(Tools.Temporary, "cp", "-a", Path.GetDirectoryName(Path.GetDirectoryName(_updateable!))!, changed).Expect(0);
            var library = Path.Combine(changed, "src", "lbaselib.c");
            var text = File.ReadAllText(library);
            Assert.Contains("lua_writestring(\"\\t\", 1)", text, StringComparison.Ordinal);
            File.WriteAllText(library, text.Replace("lua_writestring(\"\\t\", 1)", "lua_writestring(\" | \", 3)", StringComparison.Ordinal));
            Tools.Execute(Path.Combine(changed, "src"), "make", "-s", "linux", $"CC={Tools.Cc} -std=gnu99").Expect(0);
            var patch = Path.Combine(Tools.Temporary, "lua-changed.so");
            Tools.Execute(Tools.Temporary, Tools.Patch, _updateable!, Path.Combine(changed, "src", "lua"), "-o", patch).Expect(0);
            using var prompt = new Session(Scenario.Get("lua-scripts"), _updateable!, "v1", ["-i"]);
            prompt.Send("print('a', 1)").WaitFor("> a\t1");
            prompt.Apply(patch).Expect(0);
            prompt.Send("error('wrong')").Send("print('b', pcall(error, 'caught'))").WaitFor("> > b | false | caught");
            prompt.Finish();
        }
        finally
        {
            SelfPipeTests.Way(before);
        }
    }

    // Messages hold the interpreter's own name (argv[0]).
    private static void AssertAlike(Outcome plain, Outcome ours)
    {
        Assert.True(plain.Output == ours.Output && plain.ExitCode == ours.ExitCode && plain.Errors.Replace(_plain!, "lua", StringComparison.Ordinal) == ours.Errors.Replace(_updateable!, "lua", StringComparison.Ordinal), $"plain:\n{plain}\nupdateable:\n{ours}");
    }

    private static void Build()
    {
        if (_updateable is not null)
        {
            return;
        }

        var plain = Packages.Unpack("lua5.4", "lua-plain");
        Tools.Execute(Path.Combine(plain, "src"), "make", "-s", "linux", "CC=gcc -std=gnu99").Expect(0);
        _plain = Path.Combine(plain, "src", "lua");
        var ours = Packages.Unpack("lua5.4", "lua-updateable");
        var built = Tools.Execute(Path.Combine(ours, "src"), "make", "-s", "linux", $"CC={Tools.Cc} -std=gnu99").Expect(0);
        Assert.DoesNotContain("warning", built.Errors.Replace("ar: `u' modifier", "", StringComparison.Ordinal), StringComparison.Ordinal);
        _updateable = Path.Combine(ours, "src", "lua");
    }
}
