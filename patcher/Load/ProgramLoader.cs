using UpStare.Frontend.Metadata;
using UpStare.Frontend.Model;
using UpStare.Frontend.Parsing;
using UpStare.Instrument;
using UpStare.Patcher.Build;
using UpStare.Patcher.Compare;

namespace UpStare.Patcher.Load;

/// <summary>Reads executables and libraries that upstare-cc built.</summary>
public static class ProgramLoader
{
    /// <summary>The module of a program's executable.</summary>
    /// <exception cref="PatchException">It cannot be read or is not updateable.</exception>
    public static ModuleModel Executable(string path)
    {
        try
        {
            return Module("", "", path, ElfFile.Read(path), isPlugIn: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PatchException(PatchError.BadInput, e.Message);
        }
        catch (InvalidDataException e)
        {
            throw new PatchException(PatchError.BadInput, e.Message); // names the file
        }
    }

    /// <summary>The module of a library that belongs to a program.</summary>
    /// <param name="file">The library.</param>
    /// <param name="number">Its place among the program's modules.</param>
    /// <exception cref="PatchException">It cannot be read or is not updateable.</exception>
    public static ModuleModel Library(LibraryFile file, int number) => Module(file.Name, $"L{number}_", file.Path, file.Elf, file.IsPlugIn);

    /// <summary>Parses and plans all units of a program's modules.</summary>
    /// <param name="modules">The modules, the executable first.</param>
    /// <param name="other">Modules of another version: units that they have too are not parsed again.</param>
    /// <exception cref="PatchException">A unit cannot be part of a patch.</exception>
    public static ProgramModel Load(IReadOnlyList<ModuleModel> modules, IReadOnlyList<ModuleModel>? other = null)
    {
        foreach (ModuleModel module in modules)
        {
            Parse(module, other?.FirstOrDefault(m => m.Name == module.Name && m.SymbolPrefix == module.SymbolPrefix));
        }

        return new ProgramModel(Path.GetFileName(modules[0].Path), modules[0].Elf.BuildId(), [.. modules.SelectMany(m => m.Units)]) { Modules = modules };
    }

    /// <summary>Parses and plans a module's units, if that has not been done.</summary>
    /// <param name="module">The module.</param>
    /// <param name="other">The module of another version, parsed before, or null.</param>
    /// <exception cref="PatchException">A unit cannot be part of a patch.</exception>
    public static void Parse(ModuleModel module, ModuleModel? other = null)
    {
        if (module.Units.Count == 0)
        {
            var known = new Dictionary<string, int>(StringComparer.Ordinal);
            for (int i = 0; i < other?.Units.Count; i++)
            {
                known[other.Metadata[i].UnitId] = i;
            }

            var units = new UnitModel[module.Metadata.Count];
            Workers.For(units.Length, i =>
            {
                UnitMetadata unit = module.Metadata[i];
                units[i] = known.TryGetValue(unit.UnitId, out int j) && IsSame(unit, other!.Metadata[j])
                    ? new UnitModel { Id = other.Units[j].Id, Module = module, Flags = unit.Flags, Plan = other.Units[j].Plan, PlainReason = unit.PlainReason }
                    : LoadUnit(unit, module);
            });
            module.Units = units;
        }
    }

    /// <summary>Whether two units have the same plan, which depends on these alone.</summary>
    private static bool IsSame(UnitMetadata a, UnitMetadata b) =>
        a.SourceFile == b.SourceFile && a.SymbolHash == b.SymbolHash && a.Points == b.Points && a.PlainReason == b.PlainReason
        && a.Flags.SequenceEqual(b.Flags) && a.Pinned.Count == b.Pinned.Count && !a.Pinned.Except(b.Pinned).Any()
        && a.HasTextOf(b);

    /// <summary>Parses a unit's stored text.</summary>
    public static TranslationUnit Parse(UnitMetadata unit) => SourceParser.Parse(unit.Text, unit.SourceFile, ParseOptions.Of(unit.Flags));

    /// <summary>The options that the unit was instrumented with.</summary>
    public static InstrumentOptions Options(UnitMetadata unit, ModuleModel? module = null) => new()
    {
        UnitId = (module?.KeyPrefix ?? "") + unit.UnitId,
        SymbolHash = (module?.SymbolPrefix ?? "") + unit.SymbolHash,
        KeyPrefix = module?.KeyPrefix ?? "",
        SymbolPrefix = module?.SymbolPrefix ?? "",
        Pinned = unit.Pinned,
        HasExceptions = CompilerFlags.HasExceptions(unit.Flags),
        Points = unit.Points == "all" ? PointsPolicy.All : PointsPolicy.Default,
    };

    private static ModuleModel Module(string name, string symbolPrefix, string path, ElfFile elf, bool isPlugIn)
    {
        IReadOnlyList<UnitMetadata> stored;
        try
        {
            stored = UnitMetadata.ReadAll(elf);
        }
        catch (InvalidDataException e)
        {
            throw new PatchException(PatchError.BadInput, $"{path}: {e.Message}");
        }

        if (stored.Count == 0)
        {
            throw new PatchException(PatchError.BadInput, path + ": not built with upstare-cc (no stored units)");
        }

        if (elf.BuildId().Length == 0)
        {
            throw new PatchException(PatchError.BadInput, path + ": has no build id");
        }

        if (stored.FirstOrDefault(u => u.Interface != RuntimeInterface.Version) is UnitMetadata other)
        {
            throw new PatchException(PatchError.BadInput,
                $"{path}: {other.UnitId} was built for version {other.Interface} of the runtime's interface, this upstare-patch is for {RuntimeInterface.Version}: {LayoutTable.Advice}");
        }

        return new ModuleModel { Name = name, SymbolPrefix = symbolPrefix, Path = path, Elf = elf, IsPlugIn = isPlugIn, Metadata = stored };
    }

    private static UnitModel LoadUnit(UnitMetadata unit, ModuleModel module)
    {
        string path = module.Path;
        try
        {
            TranslationUnit parsed = Parse(unit);
            if (parsed.Errors.Count > 0)
            {
                throw new PatchException(PatchError.BadInput, $"{path}: {unit.UnitId} was compiled plainly: {unit.PlainReason ?? parsed.Errors[0]}");
            }

            InstrumentOptions options = Options(unit, module);
            UnitPlan plan = Planner.Plan(parsed, options);
            plan.Shrink();
            VariablePlan? state = unit.PlainReason is null ? null : plan.Variables.FirstOrDefault(v => v.Kind != VariableKind.Private && !TypeComparer.IsConst(v.Decl.Type));
            return state is null
                ? new UnitModel { Id = options.UnitId, Module = module, Flags = unit.Flags, Plan = plan, PlainReason = unit.PlainReason }
                : throw new PatchException(PatchError.BadInput, $"{path}: {unit.UnitId} was compiled plainly ({unit.PlainReason}), so that its variable {state.Decl.Name} would be lost");
        }
        catch (Exception e) when (e is ParseException or InvalidDataException)
        {
            throw new PatchException(PatchError.BadInput, $"{path}: {unit.UnitId}: {e.Message}");
        }
    }
}
