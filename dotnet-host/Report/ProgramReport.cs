using UpStare.Frontend.Metadata;
using UpStare.Host.Elf;
using UpStare.Instrument;

namespace UpStare.Host.Report;

/// <summary>What upstare-cc --report tells about a program.</summary>
public sealed class ProgramReport
{
    /// <summary>Reads the tables of a linked program.</summary>
    public ProgramReport(ElfFile file)
    {
        Tables = ProgramTables.Read(file);
        BuildId = file.BuildId();
        var plain = new List<(string, string)>();
        foreach (UnitMetadata unit in UnitMetadata.ReadAll(file))
        {
            WantedLinkTime |= unit.Flags.Any(flag => flag.StartsWith("-flto", StringComparison.Ordinal));
            if (unit.PlainReason is not null)
            {
                plain.Add((unit.SourceFile, unit.PlainReason));
            }
        }

        PlainFiles = plain;
        IsLibrary = file.IsLibrary;
        foreach (FunctionInfo function in Tables.Functions)
        {
            ContinuationPoints += function.Points.Count;
        }

        if (plain.Find(unit => unit.Item2.StartsWith("built with UPSTARE_CHECKS", StringComparison.Ordinal)).Item2 is { } stage)
        {
            WhyNot = "it was " + stage;
        }
        else if (Tables.Functions.Count == 0)
        {
            WhyNot = "it has no function that was transformed";
        }
        else if (file.IsLibrary && file.Section("upstare_library") is null)
        {
            WhyNot = "it is a shared library without tables (objects without -fPIC, or -nostdlib): it works, but stays in the version that was loaded";
        }
        else if (!file.IsLibrary && !file.IsDynamicProgram)
        {
            WhyNot = "it is linked statically, and a static program cannot load a patch";
        }
        else if (BuildId.Length == 0)
        {
            WhyNot = "it has no build-id (linked with --build-id=none)";
        }
        else if (file.Section(".upstare.units") is null)
        {
            WhyNot = "its section .upstare.units was removed";
        }
    }

    public ProgramTables Tables { get; }

    /// <summary>In hex, "" for none.</summary>
    public string BuildId { get; }

    /// <summary>Why the program as a whole cannot be updated, or null.</summary>
    public string? WhyNot { get; }

    /// <summary>It is a shared library.</summary>
    public bool IsLibrary { get; }

    public int ContinuationPoints { get; }

    /// <summary>Something was compiled with -flto, which transformed objects do without.</summary>
    public bool WantedLinkTime { get; }

    /// <summary>Sources that were compiled plainly, with the reason.</summary>
    public IReadOnlyList<(string File, string Reason)> PlainFiles { get; }

    /// <summary>Points of a function that stand behind no call.</summary>
    public static int UpdatePoints(FunctionInfo function)
    {
        int count = 0;
        foreach (PointInfo point in function.Points)
        {
            count += (PointKind)point.Kind is PointKind.Call or PointKind.SetJmp ? 0 : 1;
        }

        return count;
    }
}
