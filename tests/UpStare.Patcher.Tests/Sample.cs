using System.Diagnostics;
using UpStare.Frontend.Model;
using UpStare.Frontend.Parsing;
using UpStare.Instrument;
using UpStare.Patcher.Compare;

namespace UpStare.Patcher.Tests;

/// <summary>Models of small programs, made of C text in memory.</summary>
internal static class Sample
{
    /// <summary>A program of one file, "sample.c".</summary>
    public static ProgramModel Program(string source, string buildId = "00") => Program(buildId, ("sample.c", source));

    /// <summary>A program of several files.</summary>
    public static ProgramModel Program(string buildId, params (string Name, string Source)[] files) =>
        new("sample", buildId, [.. files.Select(f => Unit(f.Name, f.Source, buildId))]);

    /// <summary>What differs between two programs of one file.</summary>
    public static PatchPlan Compare(string old, string now, params UserMapping[] mappings) =>
        DiffEngine.Compare(Program(old, "0a"), Program(now, "0b"), mappings);

    /// <summary>Runs a command and expects it to succeed.</summary>
    public static string Run(string file, string? input, params string[] arguments)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        process.StandardInput.Write(input ?? "");
        process.StandardInput.Close();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{file} {string.Join(' ', arguments)}\n{errors.Result}{output.Result}");
        return output.Result;
    }

    private static UnitModel Unit(string name, string source, string buildId)
    {
        string text = Run("gcc", $"# 1 \"{name}\"\n" + source, "-E", "-g0", "-w", "-x", "c", "-");
        TranslationUnit unit = SourceParser.Parse(System.Text.Encoding.UTF8.GetBytes(text), name, new ParseOptions());
        Assert.Empty(unit.Errors);
        var options = new InstrumentOptions { UnitId = name, SymbolHash = "0000000" + buildId[^1] };
        return new UnitModel { Id = name, Flags = ["-O2"], Plan = Planner.Plan(unit, options) };
    }
}
