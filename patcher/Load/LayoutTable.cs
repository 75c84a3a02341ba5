using System.Buffers.Binary;
using UpStare.Frontend.Metadata;

namespace UpStare.Patcher.Load;

/// <summary>The table of transformed functions in an executable (struct upstare_function of abi.h).</summary>
public static class LayoutTable
{
    private const int EntrySize = 40;
    private const int LayoutOffset = 20;

    /// <summary>Layout hash of each function, by key.</summary>
    public static Dictionary<string, uint> Read(ElfFile elf)
    {
        var layouts = new Dictionary<string, uint>(StringComparer.Ordinal);
        if (elf.Section("upstare_functions") is ElfSection table)
        {
            for (ulong at = table.Address; at + EntrySize <= table.Address + table.Size; at += EntrySize)
            {
                layouts.TryAdd(elf.StringAt(elf.Relative(at)), elf.Word(at + LayoutOffset));
            }
        }

        return layouts;
    }

    /// <summary>Makes sure that what we plan for the stored text is what is in the executable.</summary>
    /// <exception cref="PatchException">It is not: another release of the tools built it.</exception>
    public static void Check(ProgramModel program, ModuleModel module)
    {
        foreach ((string name, uint layout) in Read(module.Elf))
        {
            string key = module.KeyPrefix + name;
            if (!program.Functions.TryGetValue(key, out FunctionEntry? f))
            {
                continue; // dropped or of an object without a stored text
            }

            if (f.Plan.IsTransformed && f.Plan.LayoutHash != layout)
            {
                throw new PatchException(PatchError.BadInput,
                    $"{module.Path}: the frame of {key} is not what this upstare-patch makes of it (0x{layout:x8}, 0x{f.Plan.LayoutHash:x8}): it was built by another version of upstare-cc");
            }
        }
    }
}
