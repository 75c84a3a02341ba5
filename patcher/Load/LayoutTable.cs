using UpStare.Frontend.Metadata;
using UpStare.Instrument;

namespace UpStare.Patcher.Load;

/// <summary>
/// The tables of an executable or library (abi.h) beside what is planned for its stored text. A patch is made of the plan, and takes for
/// granted that the running program has what the plan says: that is so where the same version of the tools has built it.
/// </summary>
public static class LayoutTable
{
    /// <summary>What to do where the two differ, for messages.</summary>
    public const string Advice = "build and start this version anew with the upstare-cc of these tools";

    private const int FunctionSize = 40;
    private const int LayoutOffset = 20;
    private const int VariableSize = 16;
    private const int StubSize = 12;

    /// <summary>Layout hash of each transformed function, by key.</summary>
    public static Dictionary<string, uint> Read(ElfFile elf)
    {
        var layouts = new Dictionary<string, uint>(StringComparer.Ordinal);
        foreach (ulong at in Entries(elf, "upstare_functions", FunctionSize))
        {
            layouts.TryAdd(elf.StringAt(elf.Relative(at)), elf.Word(at + LayoutOffset));
        }

        return layouts;
    }

    /// <summary>Makes sure that what we plan for the stored text is what is in the executable: frames, functions, variables, stubs.</summary>
    /// <exception cref="PatchException">It is not: another version of the tools built it.</exception>
    public static void Check(ProgramModel program, ModuleModel module)
    {
        Dictionary<string, uint> layouts = Read(module.Elf);
        foreach ((string name, uint layout) in layouts)
        {
            string key = module.KeyPrefix + name;
            if (!program.Functions.TryGetValue(key, out FunctionEntry? f))
            {
                continue; // dropped or of an object without a stored text
            }

            if (f.Plan.IsTransformed && f.Plan.LayoutHash != layout)
            {
                throw Differs(module, $"the frame of {key} is not what this upstare-patch makes of it (0x{layout:x8}, 0x{f.Plan.LayoutHash:x8})");
            }
        }

        HashSet<(string Key, uint Size)> variables = Variables(module.Elf, "upstare_variables");
        HashSet<(string Key, uint Size)> threadLocal = Variables(module.Elf, "upstare_tls_variables");
        var stubs = Entries(module.Elf, "upstare_stubs", StubSize).Select(at => module.Elf.StringAt(module.Elf.Relative(at))).ToHashSet(StringComparer.Ordinal);
        string Own(string key) => key[module.KeyPrefix.Length..];
        foreach (UnitPlan plan in module.Units.Where(u => u.PlainReason is null).Select(u => u.Plan))
        {
            foreach (FunctionPlan f in plan.Functions)
            {
                if (f.IsTransformed && !layouts.ContainsKey(Own(f.Key)))
                {
                    throw Differs(module, $"this upstare-patch takes function {f.Key} for transformed, which it is not there");
                }
            }

            foreach (VariablePlan v in plan.Variables)
            {
                uint size = (uint)Math.Max(0, v.Decl.Type.Canonical.Size);
                HashSet<(string Key, uint Size)> table = v.Kind == VariableKind.ThreadLocal ? threadLocal : variables;
                if (v.Kind != VariableKind.Private && !table.Contains((Own(v.Key), size)))
                {
                    throw Differs(module, $"its tables have no variable {v.Key} of {size} bytes, which this upstare-patch takes for granted");
                }
            }

            foreach (StubPlan s in plan.Stubs)
            {
                if (!stubs.Contains(Own(s.Key)))
                {
                    throw Differs(module, $"its tables have no stub of function {s.Key}, which this upstare-patch takes for granted");
                }
            }
        }
    }

    private static PatchException Differs(ModuleModel module, string what) =>
        new(PatchError.BadInput, $"{module.Path}: {what}: it was built by another version of upstare-cc; {Advice}");

    private static HashSet<(string Key, uint Size)> Variables(ElfFile elf, string section) =>
        [.. Entries(elf, section, VariableSize).Select(at => (elf.StringAt(elf.Relative(at)), elf.Word(at + 4)))];

    private static IEnumerable<ulong> Entries(ElfFile elf, string section, int size)
    {
        if (elf.Section(section) is ElfSection table)
        {
            for (ulong at = table.Address; at + (ulong)size <= table.Address + table.Size; at += (ulong)size)
            {
                yield return at;
            }
        }
    }
}
