using UpStare.Frontend.Metadata;
using UpStare.Instrument;
using UpStare.Patcher.Build;
using UpStare.Patcher.Compare;
using UpStare.Patcher.Load;
using UpStare.Patcher.Source;

namespace UpStare.Patcher;

/// <summary>What a patch is to be made of.</summary>
public sealed class PatchRequest
{
    /// <summary>Executable or tree of the version that runs.</summary>
    public required string Old { get; init; }

    /// <summary>Executable or tree of the version to come.</summary>
    public required string New { get; init; }

    /// <summary>The patch to write, or null.</summary>
    public string? Output { get; init; }

    /// <summary>--program</summary>
    public string? Program { get; init; }

    /// <summary>--build</summary>
    public string Build { get; init; } = "make CC=upstare-cc";

    /// <summary>--emit</summary>
    public string? Emit { get; init; }

    /// <summary>--with</summary>
    public string? With { get; init; }

    /// <summary>Refuse what is assumed.</summary>
    public bool Strict { get; init; }

    /// <summary>Write the patch although the user's input is missing.</summary>
    public bool Force { get; init; }

    /// <summary>The real compiler and its leading options.</summary>
    public IReadOnlyList<string> Compiler { get; init; } = ["gcc"];
}

/// <summary>What came of it.</summary>
/// <param name="Plan">The comparison with all findings.</param>
/// <param name="IsWritten">The patch was written.</param>
/// <param name="Refusal">Why it was not, or null.</param>
public sealed record PatchResult(PatchPlan Plan, bool IsWritten, string? Refusal);

/// <summary>Makes patches: loads, compares, writes the source, builds.</summary>
public static class PatchMaker
{
    /// <summary>Does it all.</summary>
    /// <exception cref="PatchException">With the exit code.</exception>
    public static PatchResult Make(PatchRequest request) => Workers.Deep(() => MakeHere(request));

    private static PatchResult MakeHere(PatchRequest request)
    {
        List<UserMapping> mappings = request.With is null ? [] : UserFiles.ReadMappings(request.With);
        ModuleModel oldProgram = ProgramLoader.Executable(ProgramFinder.Find(request.Old, request.Program, request.Build));
        ModuleModel newProgram = ProgramLoader.Executable(ProgramFinder.Find(request.New, request.Program, request.Build));
        var libraries = new ModuleSelector(
            LibraryFinder.Find(oldProgram.Path, oldProgram.Elf, request.Old), LibraryFinder.Find(newProgram.Path, newProgram.Elf, request.New));
        while (true)
        {
            try
            {
                return Compare(request, mappings, [oldProgram, .. libraries.Old], [newProgram, .. libraries.New], libraries.Findings);
            }
            catch (RejectedException e)
            {
                if (!e.Pin())
                {
                    throw new PatchException(PatchError.BadInput, e.Message);
                }
            }
        }
    }

    private static PatchResult Compare(
        PatchRequest request, List<UserMapping> mappings, List<ModuleModel> oldModules, List<ModuleModel> newModules, List<Finding> findings)
    {
        ProgramModel old = ProgramLoader.Load(oldModules);
        ProgramModel now = ProgramLoader.Load(newModules, oldModules);
        foreach (ModuleModel module in old.Modules)
        {
            LayoutTable.Check(old, module);
        }

        PatchPlan plan = DiffEngine.Compare(old, now, mappings);
        plan.Findings.AddRange(findings);
        if (request.Output is null && request.Emit is null)
        {
            PatchSource.Write(plan, [], []); // for what the conversions find
            return new PatchResult(plan, false, null);
        }

        DirectoryInfo directory = Directory.CreateTempSubdirectory("upstare-patch-");
        try
        {
            return Build(request, plan, directory.FullName);
        }
        finally
        {
            directory.Delete(true);
        }
    }

    private static PatchResult Build(PatchRequest request, PatchPlan plan, string directory)
    {
        var builder = new PatchBuilder(directory, request.Compiler);
        PatchCode code = builder.BuildCode(plan, Transformer(plan));
        PatchText text = PatchSource.Write(plan, code.Imports, code.Exports, request.Emit is not null || request.With is not null);
        if (request.Emit is not null)
        {
            UserFiles.Emit(request.Emit, plan, text);
        }

        string? edited = request.With is null ? null : UserFiles.EditedCode(request.With);
        (List<string> objects, HashSet<string> user) = builder.BuildSource(text, request.With, edited);
        Settle(plan.Findings, user);
        string? refusal = Refusal(request, plan.Findings);
        if (request.Output is null || refusal is not null)
        {
            return new PatchResult(plan, false, refusal);
        }

        builder.Link(code, objects, plan.New.Modules, request.Output);
        return new PatchResult(plan, true, null);
    }

    // A unit of the new version, transformed as part of a patch.
    private static Func<UnitModel, UnitTexts> Transformer(PatchPlan plan)
    {
        var bindings = new Dictionary<string, VariableBinding>(StringComparer.Ordinal);
        foreach (VariableChange v in plan.Variables)
        {
            if (v.New is not null)
            {
                bindings[v.New.Key] = v.Action == VariableAction.Keep && v.Old is not null ? VariableBinding.Import : VariableBinding.Define;
            }
        }

        // Each in one unit only: a program's headers declare most functions in most units.
        ILookup<UnitModel, string> stubs = plan.New.Functions.Values
            .Where(f => plan.OldFunctionKey(f.Key) is string key && plan.Old.Stubs.ContainsKey(key))
            .ToLookup(f => f.Unit, f => f.Key);

        var metadata = new Dictionary<UnitModel, UnitMetadata>();
        foreach (ModuleModel module in plan.New.Modules)
        {
            for (int i = 0; i < module.Units.Count; i++)
            {
                metadata[module.Units[i]] = module.Metadata[i];
            }
        }

        return unit =>
        {
            UnitMetadata stored = metadata[unit];
            if (unit.PlainReason is not null)
            {
                return new UnitTexts(stored.Text, []);
            }

            var options = new InstrumentOptions
            {
                UnitId = unit.Id,
                SymbolHash = unit.Module!.SymbolPrefix + stored.SymbolHash,
                KeyPrefix = unit.KeyPrefix,
                SymbolPrefix = unit.Module.SymbolPrefix,
                Pinned = stored.Pinned,
                HasExceptions = CompilerFlags.HasExceptions(stored.Flags),
                Points = stored.Points == "all" ? PointsPolicy.All : PointsPolicy.Default,
                Mode = InstrumentMode.Patch,
                HasClones = true,
                BindVariable = key => bindings.GetValueOrDefault(key, VariableBinding.Define),
                ForcedStubs = stubs[unit].ToHashSet(StringComparer.Ordinal),
            };
            // The loaded tree has lost what no comparison asks for.
            InstrumentResult made = Instrumenter.Transform(Planner.Plan(ProgramLoader.Parse(stored), options));
            return new UnitTexts(made.HotText, made.CloneText);
        };
    }

    private static void Settle(List<Finding> findings, HashSet<string> user)
    {
        for (int i = 0; i < findings.Count; i++)
        {
            if (findings[i] is { Handling: Handling.NeedsUser, UserFunction: string name } && user.Contains(name))
            {
                findings[i] = findings[i] with { Handling = Handling.Automatic, Text = $"settled by the user's {name}" };
            }
        }
    }

    private static string? Refusal(PatchRequest request, List<Finding> findings)
    {
        Finding? worst = findings.MaxBy(f => f.Handling);
        return worst?.Handling switch
        {
            Handling.Impossible => $"impossible: {worst.Name}: {worst.Text}",
            Handling.NeedsUser when !request.Force => $"needs the user: {worst.Name}: {worst.Text} (--emit DIR writes the files to edit, --with DIR uses them)",
            Handling.Assumed when request.Strict => $"--strict, and something is assumed: {worst.Name}: {worst.Text}",
            _ => null,
        };
    }
}
