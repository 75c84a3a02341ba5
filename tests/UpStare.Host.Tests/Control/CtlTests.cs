using System.Text.Json;

namespace UpStare.Host.Tests.Control;

/// <summary>upstare-ctl as a user sees it: exit codes, what it prints, which program it finds.</summary>
public class CtlTests
{
    [Theory]
    [InlineData("exit 0", 0, "done")]
    [InlineData("exit 2", 2, "compare at sort.c:42: called by a library (qsort)")]
    [InlineData("another program's", 3, "not for this program")]
    [InlineData("exit 5", 5, "failed")]
    public void ExitCodesOfThePatchAreTheTools(string text, int exit, string said)
    {
        using ControlServer server = ControlServer.Start();
        string patch = ControlServer.Write("exit-" + exit, text);
        foreach (string command in (string[])["check", "apply"])
        {
            var (code, output, errors) = ControlServer.Ctl(server.Pid, command, patch);
            Assert.Equal(exit, code);
            Assert.Contains(said, exit == 0 ? output : errors, StringComparison.Ordinal);
        }

        var answer = ControlServer.Ctl(server.Socket, "apply", patch, "--timeout", "123", "--json");
        Assert.Equal(exit, answer.Exit);
        JsonElement json = JsonDocument.Parse(answer.Output).RootElement;
        Assert.Equal(exit, json.GetProperty("exit").GetInt32());
        Assert.Equal(123, json.GetProperty("timeout_ms").GetInt32());
    }

    [Fact]
    public void StatusHistoryWaitAndRollbackAnswer()
    {
        using ControlServer server = ControlServer.Start();
        var status = ControlServer.Ctl(server.Pid, "status");
        Assert.Equal(0, status.Exit);
        Assert.Contains("running in main at fake \"core\".c:7", status.Output, StringComparison.Ordinal);
        Assert.Contains("no update so far", ControlServer.Ctl(server.Pid, "history").Output, StringComparison.Ordinal);
        Assert.Equal(0, ControlServer.Ctl(server.Pid, "apply", ControlServer.Write("history", "exit 0")).Exit);
        Assert.Contains("0123456789ab -> fedcba987654", ControlServer.Ctl(server.Pid, "history").Output, StringComparison.Ordinal);
        Assert.Equal(0, ControlServer.Ctl(server.Pid, "wait").Exit);
        Assert.Equal(2, ControlServer.Ctl(server.Pid, "wait", ControlServer.Write("never", "exit 2"), "--within", "0.3").Exit);
        var rollback = ControlServer.Ctl(server.Pid, "rollback");
        Assert.Equal(2, rollback.Exit);
        Assert.Contains("upstare-patch NEW OLD", rollback.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void ListShowsWhoRunsAndCleansUpAfterWhoWasKilled()
    {
        using ControlServer server = ControlServer.Start("listed-program");
        ControlServer killed = ControlServer.Start("killed-program");
        killed.Kill();
        Assert.True(File.Exists(killed.Socket));
        var (exit, output, _) = ControlServer.Ctl("list", "--json");
        Assert.Equal(0, exit);
        JsonElement[] listed = [.. JsonDocument.Parse(output).RootElement.EnumerateArray()];
        Assert.Contains(listed, p => p.GetProperty("pid").GetInt32().ToString() == server.Pid
            && p.GetProperty("program").GetString() == "listed-program"
            && p.GetProperty("version").GetString() == "0123456789abcdef");
        Assert.DoesNotContain(listed, p => p.GetProperty("program").GetString() == "killed-program");
        Assert.False(File.Exists(killed.Socket));
        killed.Dispose();
    }

    [Fact]
    public void ANameMeansTheRootOfItsTreeAndMustBeClear()
    {
        using (ControlServer tree = ControlServer.Start("tree-program", "fork"))
        {
            var status = ControlServer.Ctl("tree-program", "status", "--json");
            Assert.Equal(0, status.Exit);
            Assert.Equal(tree.Pid, JsonDocument.Parse(status.Output).RootElement.GetProperty("pid").GetInt32().ToString());
        }

        using ControlServer one = ControlServer.Start("twin-program");
        using ControlServer two = ControlServer.Start("twin-program-2");
        Directory.CreateDirectory(Path.Combine(ControlServer.Directory, "elsewhere"));
        using ControlServer twin = ControlServer.Start("elsewhere/twin-program");
        var ambiguous = ControlServer.Ctl("twin-program", "status");
        Assert.Equal(1, ambiguous.Exit);
        Assert.Contains(one.Pid, ambiguous.Errors, StringComparison.Ordinal);
        Assert.Contains(twin.Pid, ambiguous.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(two.Pid + " ", ambiguous.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "frob")]
    [InlineData(1, "apply")]
    [InlineData(1, "apply", "/nonexistent/patch.so")]
    [InlineData(1, "apply", "/dev/null/x")]
    [InlineData(3, "apply", "/dev/null")]
    [InlineData(1, "apply", "/etc/hostname", "--timeout", "x")]
    [InlineData(1, "apply", "/etc/hostname", "--timeout", "-1")]
    [InlineData(1, "apply", "/etc/hostname", "--when", "moon==full")]
    [InlineData(1, "apply", "/etc/hostname", "--frob")]
    [InlineData(1)]
    public void WrongCommandLinesSayWhatToDo(int exit, params string[] arguments)
    {
        using ControlServer server = ControlServer.Start();
        var (code, _, errors) = ControlServer.Ctl([server.Pid, .. arguments]);
        Assert.Equal(exit, code);
        Assert.NotEmpty(errors);
    }

    [Theory]
    [InlineData("999999999")]
    [InlineData("no-such-program")]
    [InlineData("/nonexistent/socket")]
    [InlineData("127.0.0.1:1")]
    public void NobodyThereIsExitCodeFour(string target)
    {
        string key = ControlServer.Write("nobody.key", new string('a', 64), secret: true);
        var (exit, output, errors) = ControlServer.Tool("ctl", [("UPSTARE_KEY_FILE", key)], target, "status", "--json");
        Assert.Equal(4, exit);
        Assert.Equal(4, JsonDocument.Parse(output).RootElement.GetProperty("exit").GetInt32());
        Assert.NotEmpty(errors);
    }

    [Fact]
    public void ApplyWaitsForItsCondition()
    {
        using ControlServer server = ControlServer.Start();
        string patch = ControlServer.Write("when", "exit 0");
        Assert.Equal(0, ControlServer.Ctl(server.Pid, "apply", patch, "--when", "in(main)==1 and threads<=1 and updates<1").Exit);
        var late = ControlServer.Ctl(server.Pid, "apply", patch, "--when", "updates<1", "--within", "0.3");
        Assert.Equal(2, late.Exit);
        Assert.Contains("nothing was changed", late.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryCommandHasHelp()
    {
        foreach (string command in (string[])["list", "status", "check", "apply", "rollback", "history", "wait", "keygen"])
        {
            var (exit, output, _) = ControlServer.Ctl(command, "--help");
            Assert.Equal(0, exit);
            Assert.Contains("--json", output, StringComparison.Ordinal);
        }

        Assert.Equal(0, ControlServer.Ctl("--help").Exit);
        Assert.Contains("--timeout=MS", ControlServer.Ctl("apply", "--help").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void OffMeansThatNobodyListens()
    {
        using ControlServer server = ControlServer.Start(null, "", ("UPSTARE", "off"));
        Assert.Equal("", server.Socket);
        Assert.Equal(4, ControlServer.Ctl(server.Pid, "status").Exit);
    }
}
