using System.Diagnostics;
using System.Runtime.CompilerServices;
using UpStare.Frontend.Model;
using UpStare.Frontend.Parsing;

namespace UpStare.Instrument.Tests;

/// <summary>Runs gcc and the instrumenter over test programs, in a directory of its own.</summary>
internal sealed class Workshop : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("upstare-instrument-").FullName;

    public static string SourceDirectory([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    public string In(string name) => Path.Combine(_directory, name);

    /// <summary>Parses and transforms a C file; the unit's name is the file's.</summary>
    public InstrumentResult Transform(string source, PointsPolicy points = PointsPolicy.Default)
    {
        string preprocessed = In(Path.GetFileName(source) + ".i");
        Gcc("-E", "-g0", source, "-o", preprocessed);
        string name = Path.GetFileName(source);
        byte[] text = File.ReadAllBytes(preprocessed);
        TranslationUnit unit = SourceParser.Parse(text, name, new ParseOptions());
        Assert.Empty(unit.Errors);
        return Instrumenter.Transform(Planner.Plan(unit, new InstrumentOptions
        {
            UnitId = name,
            SymbolHash = "0123abcd",
            Points = points,
            HasClones = true,
        }));
    }

    /// <summary>Compiles both texts to one object.</summary>
    public string Compile(InstrumentResult result, string level)
    {
        var objects = new List<string>();
        foreach ((string kind, byte[] text) in new[] { ("hot", result.HotText), ("clone", result.CloneText) })
        {
            if (text.Length == 0)
            {
                continue;
            }

            File.WriteAllBytes(In(kind + ".c"), text);
            Gcc(level, "-w", "-undef", "-fno-pie", "-fasynchronous-unwind-tables", "-c", In(kind + ".c"), "-o", In(kind + ".o"));
            objects.Add(In(kind + ".o"));
        }

        Run("ld", ["-r", .. objects, "-o", In("unit.o")]);
        return In("unit.o");
    }

    /// <summary>The transformed program with the runtime of these tests; returns its path.</summary>
    public string Program(string source, string level, PointsPolicy points)
    {
        string folder = SourceDirectory();
        string include = Path.Combine(folder, "../../native-runtime/include");
        Gcc("-O1", "-w", "-fno-pie", "-I", include, "-c", Path.Combine(folder, "runtime/runtime.c"), "-o", In("runtime.o"));
        string unit = Compile(Transform(source, points), level);
        Gcc("-no-pie", unit, In("runtime.o"), "-o", In("updated"));
        return In("updated");
    }

    public void Gcc(params string[] arguments) => Run("gcc", arguments);

    /// <summary>Runs a program; fails the test where the exit code is not 0.</summary>
    public void Run(string command, IEnumerable<string> arguments)
    {
        (int code, string output, string errors) = Result(command, arguments, null);
        Assert.True(code == 0, $"{command}: exit {code}\n{output}{errors}");
    }

    /// <summary>Runs a program with an update at every n-th point.</summary>
    public static (int Code, string Output, string Errors) Result(string command, IEnumerable<string> arguments, int? every)
    {
        var start = new ProcessStartInfo(command) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string a in arguments)
        {
            start.ArgumentList.Add(a);
        }

        if (every is { } n)
        {
            start.Environment["UPSTARE_TEST_EVERY"] = n.ToString(System.Globalization.CultureInfo.InvariantCulture);
            start.Environment["UPSTARE_TEST_REPORT"] = "1";
        }

        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result);
    }

    public void Dispose() => Directory.Delete(_directory, true);
}
