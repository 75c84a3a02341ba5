using System.Globalization;
using System.Text.RegularExpressions;

namespace UpStare.Host.Tests;

/// <summary>
/// What makes a child part of its program's tree of processes may cost it few page faults (docs/architecture.md, "What a fork
/// costs"): times depend on the machine, these hardly do.
/// </summary>
public sealed class ForkCostTests : IDisposable
{
    /// <summary>Two pages are written to, and a stretch of code may be mapped; it was nine before that was looked after.</summary>
    private const double Most = 4;

    /// <summary>Where stack and code lie in pages is chance: the best of so many runs counts.</summary>
    private const int Runs = 8;

    private readonly string _directory = Directory.CreateTempSubdirectory("upstare-forks-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void AChildFaultsFewPagesForTheRuntime()
    {
        string source = Path.Combine(Tools.Root, "bench/forks.c");
        Outcome built = Tools.RunCc(_directory, "-O2 " + source + " -o forks");
        Assert.True(built.Code == 0, built.Errors);
        double with = Faults(), without = Faults(("UPSTARE", "off"));
        Assert.True(with - without <= Most, $"{with} page faults for each fork, {without} with UPSTARE=off");
    }

    /// <summary>What a library maps is copied at each fork: the runtime needs none but the dynamic linker, which is there.</summary>
    [Fact]
    public void NoLibraryIsNeededMore()
    {
        string source = Path.Combine(Tools.Root, "bench/forks.c");
        Outcome built = Tools.RunCc(_directory, "-O2 " + source + " -o forks");
        Assert.True(built.Code == 0, built.Errors);
        Assert.Equal(0, Tools.Run(_directory, "gcc", ["-O2", source, "-o", "plain"]).Code);
        Assert.Equal(Needed("plain"), Needed("forks"));
    }

    /// <summary>All that the runtime has its children write to has room in the alignment of its section, so that it is one page.</summary>
    [Fact]
    public void WhatAChildWritesToIsOnePage()
    {
        string runtime = Path.Combine(Tools.Root, "out/lib/upstare/upstare.o");
        Outcome sections = Tools.Run(_directory, "readelf", ["-SW", runtime]);
        string line = Assert.Single(sections.Output.Split('\n'), l => l.Contains(" .data.upstare_child ", StringComparison.Ordinal));
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int name = Array.IndexOf(words, ".data.upstare_child");
        long size = long.Parse(words[name + 4], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        long alignment = long.Parse(words[^1], CultureInfo.InvariantCulture);
        Assert.InRange(size, 1, alignment);
        Assert.True(4096 % alignment == 0, line);
    }

    /// <summary>The functions that native-runtime/runtime.ld names are there, and first.</summary>
    [Fact]
    public void WhatAChildRunsStandsFirst()
    {
        const int Room = 24 * 1024;
        string script = File.ReadAllText(Path.Combine(Tools.Root, "native-runtime/runtime.ld"));
        string[] named = [.. Regex.Matches(script, @"\.text\.(\w+)").Select(m => m.Groups[1].Value).Distinct()];
        Assert.NotEmpty(named);
        var first = new HashSet<string>(StringComparer.Ordinal);
        foreach (string line in Tools.Run(_directory, "readelf", ["-sW", Path.Combine(Tools.Root, "out/lib/upstare/upstare.o")]).Output.Split('\n'))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 8 && words[3] == "FUNC" && long.Parse(words[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture) < Room)
            {
                first.Add(words[7]);
            }
        }

        // The assembler's are named after their files.
        Assert.Equal([], named.Where(name => !first.Any(f => f.StartsWith(name, StringComparison.Ordinal))));
    }

    private string Needed(string program) => string.Join('\n',
        Tools.Run(_directory, "readelf", ["-dW", program]).Output.Split('\n').Where(l =>
            l.Contains("(NEEDED)", StringComparison.Ordinal) && !l.Contains("[ld-linux-", StringComparison.Ordinal)));

    private double Faults(params (string Name, string Value)[] environment) =>
        Enumerable.Range(0, Runs).Min(_ => FaultsOfOneRun(environment));

    private double FaultsOfOneRun(params (string Name, string Value)[] environment)
    {
        Outcome run = Tools.Run(_directory, Path.Combine(_directory, "forks"), ["100"], environment);
        Assert.Equal(0, run.Code);
        return double.Parse(run.Output.Split(' ', StringSplitOptions.TrimEntries)[2], CultureInfo.InvariantCulture);
    }
}
