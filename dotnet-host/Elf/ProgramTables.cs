namespace UpStare.Host.Elf;

/// <summary>One continuation point in a descriptor.</summary>
/// <param name="Line">In the user's file.</param>
/// <param name="Callee">Name of the function that is called, or null.</param>
/// <param name="Kind">enum upstare_point_kind.</param>
public readonly record struct PointInfo(uint Line, string? Callee, uint Kind);

/// <summary>A transformed function, as its descriptor shows it.</summary>
public sealed record FunctionInfo(
    ulong Address, string Key, string Name, string File, uint Line, ulong ResumeClone, uint Layout, uint RecordSize, IReadOnlyList<PointInfo> Points);

/// <summary>A place in code that belongs to a continuation point.</summary>
public readonly record struct PointEntry(ulong Pc, ulong Function, uint Point);

/// <summary>A function that was left plain.</summary>
public sealed record PinnedInfo(ulong Start, string Name, string File, uint Line, string Reason);

/// <summary>A function-pointer stub.</summary>
public readonly record struct StubInfo(string Key, ulong Stub, ulong Slot);

/// <summary>The tables of native-runtime/include/upstare/abi.h in a linked program or patch.</summary>
public sealed class ProgramTables
{
    public required IReadOnlyList<FunctionInfo> Functions { get; init; }

    public required IReadOnlyList<PointEntry> Points { get; init; }

    public required IReadOnlyList<PinnedInfo> Pinned { get; init; }

    public required IReadOnlyList<StubInfo> Stubs { get; init; }

    /// <summary>Reads the tables; all are empty in a program without transformed code.</summary>
    /// <exception cref="InvalidDataException">The file is an object: its tables have no addresses yet.</exception>
    public static ProgramTables Read(ElfFile file)
    {
        if (file.IsObject)
        {
            throw new InvalidDataException(file.FileName + ": an object file: only what is linked can be looked at");
        }

        var functions = new List<FunctionInfo>();
        foreach (ulong at in Entries(file, "upstare_functions", 40))
        {
            uint count = file.Word(at + 28);
            ulong infos = file.Relative(at + 32);
            var points = new List<PointInfo>();
            for (uint i = 0; i < count && infos != 0; i++)
            {
                ulong info = infos + (20 * i);
                ulong callee = file.Relative(info + 4);
                points.Add(new PointInfo(file.Word(info), callee == 0 ? null : file.StringAt(callee), file.Word(info + 8)));
            }

            functions.Add(new FunctionInfo(
                at, Text(file, at), Text(file, at + 4), Text(file, at + 8), file.Word(at + 12), file.Relative(at + 16), file.Word(at + 20),
                file.Word(at + 24), points));
        }

        var entries = new List<PointEntry>();
        foreach (ulong at in Entries(file, "upstare_points", 12))
        {
            entries.Add(new PointEntry(file.Relative(at), file.Relative(at + 4), file.Word(at + 8)));
        }

        var pinned = new List<PinnedInfo>();
        foreach (ulong at in Entries(file, "upstare_pinned_functions", 20))
        {
            pinned.Add(new PinnedInfo(file.Relative(at), Text(file, at + 4), Text(file, at + 8), file.Word(at + 12), Text(file, at + 16)));
        }

        var stubs = new List<StubInfo>();
        foreach (ulong at in Entries(file, "upstare_stubs", 12))
        {
            stubs.Add(new StubInfo(Text(file, at), file.Relative(at + 4), file.Relative(at + 8)));
        }

        return new ProgramTables { Functions = functions, Points = entries, Pinned = pinned, Stubs = stubs };
    }

    private static string Text(ElfFile file, ulong field)
    {
        ulong address = file.Relative(field);
        return address == 0 ? "" : file.StringAt(address);
    }

    private static IEnumerable<ulong> Entries(ElfFile file, string name, uint size)
    {
        ElfSection? section = file.Section(name);
        if (section is null)
        {
            yield break;
        }

        for (ulong at = section.Address; at + size <= section.Address + section.Size; at += size)
        {
            yield return at;
        }
    }
}
