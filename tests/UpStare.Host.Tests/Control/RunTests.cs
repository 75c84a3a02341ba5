using System.Text.Json;

namespace UpStare.Host.Tests.Control;

/// <summary>
/// upstare-run over programs that do not know of it: whatever it is given, the program's streams and end come through. The
/// patches are small shared objects with the patch's own table; the program is a shell, so nothing is compared with it.
/// </summary>
public class RunTests
{
    private const string From = "1111111111111111111111111111111111111111";

    [Theory]
    [InlineData("exit 0", 0)]
    [InlineData("exit 42", 42)]
    public void TheExitCodeComesThrough(string script, int exit)
    {
        var run = Run(["--at", "3"], script);
        Assert.Equal(exit, run.Exit);
        Assert.EndsWith("upstare-run: 0 updates applied, 0 refused, 0 update points reached\n", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void ASignalEndsTheToolToo()
    {
        // The shell around the tool says how the tool ended.
        var run = Run(["--at", "3"], "kill -TERM $$");
        Assert.Equal(128 + 15, run.Exit);
        string json = Path.Combine(ControlServer.Directory, "signal.json");
        Run(["--json", json], "kill -USR1 $$");
        JsonElement end = JsonDocument.Parse(File.ReadAllText(json)).RootElement;
        Assert.Equal(10, end.GetProperty("signal").GetInt32());
    }

    [Fact]
    public void SignalsArePassedOn()
    {
        var run = Run([], "trap 'echo got it; exit 7' TERM; kill -TERM $PPID; i=0; while [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done");
        Assert.Equal(7, run.Exit);
        Assert.Equal("got it\n", run.Output);
    }

    /// <summary>The lock on the counts (native-runtime/src/run.c) is inherited by what the program forks, and may outlive it.</summary>
    [Fact]
    public void ALockThatIsLeftBehindDoesNotMatter()
    {
        var run = Run([], "exec 9<$UPSTARE_RUN_STATS; flock -x 9; sleep 5 <&- >&- 2>&- & exit 4");
        Assert.Equal(4, run.Exit);
        Assert.EndsWith("upstare-run: 0 updates applied, 0 refused, 0 update points reached\n", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void BrokenPipesEndTheProgramAsEver()
    {
        // .NET ignores SIGPIPE; the program must not inherit that.
        var run = Run([], "grep SigIgn /proc/self/status");
        Assert.Equal(0UL, Convert.ToUInt64(run.Output.Split(':')[1].Trim(), 16) & 0x1000);
    }

    [Fact]
    public void TheRuntimeIsToldWhatToDo()
    {
        string script = "env | grep UPSTARE_RUN | sort; stat -c '%s %a' $UPSTARE_RUN_STATS; "
            + "printf '\\005\\0\\0\\0\\0\\0\\0\\0\\001\\0\\0\\0\\0\\0\\0\\0\\377\\0\\0\\0\\0\\0\\0\\0' | dd of=$UPSTARE_RUN_STATS conv=notrunc 2>/dev/null";
        string json = Path.Combine(ControlServer.Directory, "counts.json");
        var run = Run(["--every", "9", "--json", json], script);
        string[] lines = run.Output.Split('\n');
        Assert.Equal("UPSTARE_RUN_EVERY=9", lines[0]);
        Assert.Equal("UPSTARE_RUN_PATCHES=" + Path.Combine(ControlServer.Directory, "script.so"), lines[1]);
        Assert.StartsWith("UPSTARE_RUN_STATS=/", lines[2], StringComparison.Ordinal);
        Assert.Equal("24 600", lines[3]);
        Assert.EndsWith("upstare-run: 5 updates applied, 1 refused, 255 update points reached\n", run.Errors, StringComparison.Ordinal);
        Assert.Equal("""{"updates":5,"refused":1,"points":255,"exit_code":0,"signal":0}""", File.ReadAllText(json));
        Assert.False(File.Exists(lines[2]["UPSTARE_RUN_STATS=".Length..]));
    }

    [Fact]
    public void PatchesForAnotherProgramAreRefusedBeforeItStarts()
    {
        string patch = Patch("another.so", "other", From);
        string marker = Path.Combine(ControlServer.Directory, "started");
        var wrong = ControlServer.Tool("run", [], patch, "--", "/usr/bin/env", "touch", marker);
        Assert.Equal(3, wrong.Exit);
        Assert.Contains("it is for other " + From, wrong.Errors, StringComparison.Ordinal);
        Assert.Equal(3, ControlServer.Tool("run", [], ControlServer.Write("text.so", "text"), "--", "/usr/bin/env", "touch", marker).Exit);
        Assert.Equal(3, ControlServer.Tool("run", [], "/nonexistent.so", "--", "/usr/bin/env", "touch", marker).Exit);
        string truncated = Path.Combine(ControlServer.Directory, "truncated.so");
        File.WriteAllBytes(truncated, File.ReadAllBytes(patch)[..2000]);
        Assert.Equal(3, ControlServer.Tool("run", [], truncated, "--", "/usr/bin/env", "touch", marker).Exit);
        Assert.False(File.Exists(marker));
    }

    [Fact]
    public void WrongCommandLinesAreUsage()
    {
        string patch = Patch("usage.so", "sh", From);
        Assert.Equal(1, ControlServer.Tool("run", [], patch).Exit);
        Assert.Equal(1, ControlServer.Tool("run", [], "--", "true").Exit);
        Assert.Equal(1, ControlServer.Tool("run", [], "--at", "0", patch, "--", "true").Exit);
        Assert.Equal(1, ControlServer.Tool("run", [], "--at", "1", "--every", "2", patch, "--", "true").Exit);
        Assert.Equal(127, ControlServer.Tool("run", [], patch, "--", "/nonexistent/program").Exit);
        Assert.Equal(0, ControlServer.Tool("run", [], "--help").Exit);
    }

    private static (int Exit, string Output, string Errors) Run(string[] options, string script)
    {
        string program = Path.Combine(ControlServer.Directory, "script-" + Guid.NewGuid().ToString("N"));
        File.WriteAllText(program, "#!/bin/sh\n" + script + "\n");
        File.SetUnixFileMode(program, (UnixFileMode)0x1c0);
        return ControlServer.Tool("run", [], [.. options, Patch("script.so", "sh", From), "--", program]);
    }

    /// <summary>A shared object that says of itself what a patch says; there is no code in it.</summary>
    private static string Patch(string name, string program, string from)
    {
        string path = Path.Combine(ControlServer.Directory, name);
        string source = ControlServer.Write(name + ".c", $$"""
            #include <upstare/abi.h>
            static const struct upstare_patch patch = {.program = "{{program}}", .old_build_id = "{{from}}", .new_build_id = "22"};
            __attribute__((visibility("default"))) const struct upstare_module upstare_module = {
                .abi_version = UPSTARE_ABI_VERSION, .is_patch = 1, .patch = &patch };
            """);
        string include = Path.Combine(ControlServer.Root, "native-runtime/include");
        using var gcc = System.Diagnostics.Process.Start("gcc", ["-shared", "-fPIC", "-I" + include, source, "-o", path]);
        gcc.WaitForExit();
        Assert.Equal(0, gcc.ExitCode);
        return path;
    }
}
