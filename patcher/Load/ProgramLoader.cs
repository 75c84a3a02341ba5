using UpStare.Frontend.Metadata;
using UpStare.Frontend.Model;
using UpStare.Frontend.Parsing;
using UpStare.Instrument;
using UpStare.Patcher.Build;
using UpStare.Patcher.Compare;

namespace UpStare.Patcher.Load;

/// <summary>A program as it was loaded.</summary>
/// <param name="Path">The executable.</param>
/// <param name="Elf">Its file.</param>
/// <param name="Model">Its units, parsed and planned again as they were when it was built.</param>
/// <param name="Metadata">What was stored about the units, in the order of the model's.</param>
public sealed record LoadedProgram(string Path, ElfFile Elf, ProgramModel Model, IReadOnlyList<UnitMetadata> Metadata);

/// <summary>Reads an executable that upstare-cc built.</summary>
public static class ProgramLoader
{
    /// <summary>Loads it.</summary>
    /// <exception cref="PatchException">It cannot be read or is not updateable.</exception>
    public static LoadedProgram Load(string path)
    {
        ElfFile elf;
        IReadOnlyList<UnitMetadata> stored;
        try
        {
            elf = ElfFile.Read(path);
            stored = UnitMetadata.ReadAll(elf);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PatchException(PatchError.BadInput, e.Message);
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

        var units = new UnitModel[stored.Count];
        Workers.For(stored.Count, i => units[i] = LoadUnit(stored[i], path));
        return new LoadedProgram(path, elf, new ProgramModel(Path.GetFileName(path), elf.BuildId(), units), stored);
    }

    /// <summary>Parses a unit's stored text.</summary>
    public static TranslationUnit Parse(UnitMetadata unit) => SourceParser.Parse(unit.Text, unit.SourceFile, ParseOptions.Of(unit.Flags));

    /// <summary>The options that the unit was instrumented with.</summary>
    public static InstrumentOptions Options(UnitMetadata unit) => new()
    {
        UnitId = unit.UnitId,
        SymbolHash = unit.SymbolHash,
        Points = unit.Points == "all" ? PointsPolicy.All : PointsPolicy.Default,
    };

    private static UnitModel LoadUnit(UnitMetadata unit, string path)
    {
        try
        {
            TranslationUnit parsed = Parse(unit);
            if (parsed.Errors.Count > 0)
            {
                throw new PatchException(PatchError.BadInput, $"{path}: {unit.UnitId} was compiled plainly: {unit.PlainReason ?? parsed.Errors[0]}");
            }

            UnitPlan plan = Planner.Plan(parsed, Options(unit));
            VariablePlan? state = unit.PlainReason is null ? null : plan.Variables.FirstOrDefault(v => v.Kind != VariableKind.Private && !TypeComparer.IsConst(v.Decl.Type));
            return state is null
                ? new UnitModel { Id = unit.UnitId, Flags = unit.Flags, Plan = plan, PlainReason = unit.PlainReason }
                : throw new PatchException(PatchError.BadInput, $"{path}: {unit.UnitId} was compiled plainly ({unit.PlainReason}), so that its variable {state.Decl.Name} would be lost");
        }
        catch (ParseException e)
        {
            throw new PatchException(PatchError.BadInput, $"{path}: {unit.UnitId}: {e.Message}");
        }
    }
}
