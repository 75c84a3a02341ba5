using System.Text.RegularExpressions;

namespace UpStare.Host.Tests;

/// <summary>What make install leaves works where it is put, and the manual pages know each option that the tools tell of.</summary>
public sealed class InstallTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("upstare-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void TheInstalledToolsWork()
    {
        Outcome installed = Tools.Run(Tools.Root, "sh", ["tools/install.sh", Path.Combine(_directory, "usr")]);
        Assert.True(installed.Code == 0, installed.Errors);
        string bin = Path.Combine(_directory, "usr/bin");
        File.WriteAllText(Path.Combine(_directory, "a.c"), "#include <stdio.h>\nint main(void)\n{\n\tfor (int i = 0; i < 3; i++)\n\t\tprintf(\"%d\\n\", i);\n\treturn 0;\n}\n");
        Assert.Equal(new Outcome(0, "", ""), Tools.Run(_directory, Path.Combine(bin, "upstare-cc"), ["-O2", "a.c", "-o", "a"]));
        Assert.Equal(0, Tools.Run(_directory, Path.Combine(bin, "upstare-patch"), ["a", "a", "-o", "same.so"]).Code);
        Outcome run = Tools.Run(_directory, Path.Combine(bin, "upstare-run"), ["--every", "1", "same.so", "--", "./a"]);
        Assert.Equal((0, "0\n1\n2\n"), (run.Code, run.Output));
        Assert.Equal(0, Tools.Run(_directory, Path.Combine(bin, "upstare-ctl"), ["list"]).Code);
        foreach (string tool in (string[])["upstare-cc", "upstare-patch", "upstare-ctl", "upstare-run"])
        {
            Assert.True(File.Exists(Path.Combine(_directory, "usr/share/man/man1", tool + ".1")));
            Assert.True(File.Exists(Path.Combine(_directory, "usr/share/bash-completion/completions", tool)));
        }

        Assert.True(File.Exists(Path.Combine(_directory, "usr/include/upstare/abi.h")));
    }

    [Theory]
    [InlineData("upstare-cc", "--help")]
    [InlineData("upstare-patch", "--help")]
    [InlineData("upstare-run", "--help")]
    [InlineData("upstare-ctl", "apply --help")]
    [InlineData("upstare-ctl", "check --help")]
    [InlineData("upstare-ctl", "wait --help")]
    [InlineData("upstare-ctl", "keygen --help")]
    public void ManualPagesHaveEachOption(string tool, string line)
    {
        Outcome help = Tools.Run(_directory, Tools.Tool(tool), line.Split(' '));
        string page = File.ReadAllText(Path.Combine(Tools.Root, "docs/man", tool + ".1")).Replace("\\-", "-", StringComparison.Ordinal);
        string[] options = [.. Regex.Matches(help.Output + help.Errors, @"(?<![\w-])--[a-z][a-z-]+").Select(m => m.Value).Distinct()];
        Assert.NotEmpty(options);
        Assert.All(options, option => Assert.True(page.Contains(option, StringComparison.Ordinal) || option is "--version", option));
    }
}
