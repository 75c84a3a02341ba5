using UpStare.Frontend.Metadata;

namespace UpStare.Patcher;

/// <summary>The executable of a version, or one of its shared libraries.</summary>
public sealed class ModuleModel
{
    /// <summary>Name that is the same in every version ("libx.so"); "" for the executable.</summary>
    public required string Name { get; init; }

    /// <summary>What the keys of its names begin with: "libx.so!", or "" for the executable.</summary>
    public string KeyPrefix => Name.Length == 0 ? "" : Name + "!";

    /// <summary>What generated symbols of a patch begin with, to tell its functions from another module's: "L1_", or "".</summary>
    public required string SymbolPrefix { get; init; }

    /// <summary>The file.</summary>
    public required string Path { get; init; }

    public required ElfFile Elf { get; init; }

    /// <summary>The program opens it by dlopen, or does not: nobody else's references lead to it.</summary>
    public required bool IsPlugIn { get; init; }

    /// <summary>What was stored about its units, in link order.</summary>
    public required IReadOnlyList<UnitMetadata> Metadata { get; init; }

    /// <summary>The units as they were parsed and planned again.</summary>
    public IReadOnlyList<UnitModel> Units { get; set; } = [];

    /// <summary>Functions that others find by their names at run time.</summary>
    public IEnumerable<string> Offered() => Elf.DynamicSymbols()
        .Where(s => s is { Type: 2, Section: not 0, Binding: 1 or 2, Visibility: 0 or 3 } && !s.Name.StartsWith("upstare_", StringComparison.Ordinal))
        .Select(s => s.Name).Distinct(StringComparer.Ordinal);
}
