using UpStare.Frontend.Model;
using UpStare.Instrument;

namespace UpStare.Patcher;

/// <summary>One unit of a program: what was decided about it, and how it was compiled.</summary>
public sealed class UnitModel
{
    public required string Id { get; init; }

    /// <summary>Where it is linked into; null where only a text is looked at (tests).</summary>
    public ModuleModel? Module { get; init; }

    /// <summary>What the keys of its external names begin with.</summary>
    public string KeyPrefix => Module?.KeyPrefix ?? "";

    public required UnitPlan Plan { get; init; }

    /// <summary>Why the unit was compiled as it is, without being transformed; null for all others.</summary>
    public string? PlainReason { get; init; }

    /// <summary>The compile flags that were stored with the unit.</summary>
    public required IReadOnlyList<string> Flags { get; init; }
}

/// <summary>A function with the unit that defines it.</summary>
public sealed class FunctionEntry
{
    public required UnitModel Unit { get; init; }

    public required FunctionPlan Plan { get; init; }

    public string Key => Plan.Key;

    public string Name => Plan.Decl.Name;
}

/// <summary>A variable of static lifetime with the unit that defines it.</summary>
public sealed class VariableEntry
{
    public required UnitModel Unit { get; init; }

    public required VariablePlan Plan { get; init; }

    /// <summary>Its symbol in a patch: another one where libraries of the program have one of that name, too.</summary>
    public string Symbol { get => field ?? Plan.Symbol; set; }

    public string Key => Plan.Key;

    public string Name => Plan.Decl.Name;
}

/// <summary>One version of a program: all units that were built by upstare-cc, with their functions and variables by key.</summary>
public sealed class ProgramModel
{
    /// <summary>Builds the model; of several definitions under one key (inline functions, common variables) the first counts.</summary>
    public ProgramModel(string name, string buildId, IReadOnlyList<UnitModel> units)
    {
        Name = name;
        BuildId = buildId;
        Units = units;
        foreach (UnitModel unit in units)
        {
            if (unit.PlainReason is not null)
            {
                continue; // no records, no tables: nothing of it can be mapped
            }

            foreach (FunctionPlan f in unit.Plan.Functions)
            {
                Functions.TryAdd(f.Key, new FunctionEntry { Unit = unit, Plan = f });
            }

            foreach (VariablePlan v in unit.Plan.Variables)
            {
                var entry = new VariableEntry { Unit = unit, Plan = v };
                if (!Variables.TryAdd(v.Key, entry) && Variables[v.Key].Plan.Decl.Init is null && v.Decl.Init is not null)
                {
                    Variables[v.Key] = entry; // a tentative definition gives way to the initialised one
                }
            }

            foreach (StubPlan s in unit.Plan.Stubs)
            {
                Stubs.TryAdd(s.Key, s);
            }
        }
    }

    /// <summary>Base name of the executable.</summary>
    public string Name { get; }

    /// <summary>GNU build id in hex, or "".</summary>
    public string BuildId { get; }

    public IReadOnlyList<UnitModel> Units { get; }

    public Dictionary<string, FunctionEntry> Functions { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, VariableEntry> Variables { get; } = new(StringComparer.Ordinal);

    /// <summary>Functions that have a function-pointer stub, by key.</summary>
    public Dictionary<string, StubPlan> Stubs { get; } = new(StringComparer.Ordinal);

    /// <summary>The executable and its libraries, in the dynamic linker's order; none where only texts are looked at (tests).</summary>
    public IReadOnlyList<ModuleModel> Modules { get; init; } = [];

    /// <summary>The key by which a unit's code finds a function: its own, one of its module, or another module's.</summary>
    public string? FindFunction(UnitModel unit, string name)
    {
        foreach (string key in new[] { unit.Id + ":" + name, unit.KeyPrefix + name, name })
        {
            if (Functions.ContainsKey(key))
            {
                return key;
            }
        }

        return Modules.Select(m => m.KeyPrefix + name).FirstOrDefault(Functions.ContainsKey);
    }
}
