using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using UpStare.Frontend.Metadata;

namespace UpStare.Host.Cc;

/// <summary>
/// What other modules find when they ask for a function by its name: a stub, so that they are led to the newest code. gcc and the
/// linker know nothing of it; the finished file's dynamic symbol table is changed.
/// </summary>
internal static class ExportStubs
{
    private const int SymbolSize = 24;
    private const int RelocationSize = 24;
    private const uint Absolute = 1; // R_X86_64_64
    private const uint Relative = 8; // R_X86_64_RELATIVE
    private const string Section = "upstare_exports";
    private const int EntrySize = 12;

    /// <summary>Endbr64 and jmp *slot(%rip), in stubs of all kinds.</summary>
    private const int StubSize = 10;

    /// <summary>Begins the names of symbols that dladdr is to find (<see cref="NameBodies"/>).</summary>
    private const string BodyPrefix = "upstare_body_";

    /// <summary>The functions that a finished file offers to others.</summary>
    public static List<string> Names(ElfFile file) =>
        [.. file.DynamicSymbols().Where(s => IsOffered(s) && !IsRuntimes(file, s)).Select(s => s.Name).Distinct(StringComparer.Ordinal)];

    /// <summary>Assembly of the stubs and their table (struct upstare_export of abi.h), and symbols for <see cref="NameBodies"/>.</summary>
    public static string Source(IReadOnlyList<string> names)
    {
        var text = new StringBuilder();
        for (int i = 0; i < names.Count; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"""
                	.section .text.upstare_exports,"ax",@progbits
                	.p2align 4
                .Lstub{i}:
                	endbr64
                	jmp *.Lslot{i}(%rip)
                	.section .data.upstare_exports,"aw",@progbits
                	.p2align 3
                .Lslot{i}: .quad "{names[i]}"
                	.section .upstare.rodata,"a",@progbits
                	.globl "{BodyPrefix}{names[i]}"
                "{BodyPrefix}{names[i]}":
                .Lname{i}: .string "{names[i]}"
                	.section {Section},"a",@progbits
                	.p2align 2
                	.long .Lname{i}-., .Lstub{i}-., .Lslot{i}-.

                """);
        }

        return text.Append("\t.section .note.GNU-stack,\"\",@progbits\n").ToString();
    }

    /// <summary>Lets the names of a file that was linked with the stubs lead to them, and the slots to the functions themselves.</summary>
    /// <returns>Whether all of it could be done; else nothing was changed.</returns>
    public static bool Redirect(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        ElfFile file = ElfFile.Parse(bytes, path);
        if (file.Section(Section) is not { } table || file.Section(".dynsym") is not { } symbols)
        {
            return false;
        }

        List<ElfSymbol> offered = file.DynamicSymbols();
        ILookup<string, int> byName = Enumerable.Range(0, offered.Count).Where(i => IsOffered(offered[i])).ToLookup(i => offered[i].Name, StringComparer.Ordinal);
        Dictionary<ulong, int> relocations = Relocations(file);
        Dictionary<string, ulong> pointers = Pointers(file);
        var bodies = new Dictionary<string, ElfSymbol>(StringComparer.Ordinal);
        for (ulong at = table.Address; at + EntrySize <= table.Address + table.Size; at += EntrySize)
        {
            string name = file.StringAt(file.Relative(at));
            ulong stub = file.Relative(at + 4);
            ulong slot = file.Relative(at + 8);
            if (!byName.Contains(name))
            {
                return false;
            }

            ulong body = offered[byName[name].First()].Value;
            if (relocations.TryGetValue(slot, out int relocation))
            {
                uint type = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(relocation + 8));
                if (type == Absolute)
                {
                    // By its name the slot would find the stub.
                    body = offered[(int)BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(relocation + 12))].Value;
                    BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(relocation + 8), Relative);
                    BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(relocation + 16), body);
                }
                else if (type == Relative)
                {
                    body = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(relocation + 16));
                }
                else
                {
                    return false;
                }
            }
            else if (file.Type == 3)
            {
                return false;
            }

            stub = pointers.GetValueOrDefault(name, stub);
            ushort section = (ushort)Enumerable.Range(0, file.Sections.Count).First(i => file.Sections[i] == file.At(stub));
            foreach (int i in byName[name].Where(i => offered[i].Value == body))
            {
                // Of several versions of a name only the one that the slot leads to.
                bodies[name] = offered[i];
                int entry = (int)symbols.Offset + (i * SymbolSize);
                BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(entry + 6), section);
                BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(entry + 8), stub);
                BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(entry + 16), StubSize);
            }
        }

        NameBodies(file, bytes, offered, bodies);
        File.WriteAllBytes(path, bytes);
        return true;
    }

    /// <summary>
    /// dladdr and backtrace_symbols go by the addresses of dynamic symbols, and those lead to the stubs now. So each body has a second symbol,
    /// upstare_body_NAME, whose place among the strings is moved to NAME. The older kind of table has no hashes in it, so that who looks NAME up
    /// there might come upon it, and a library's symbols are also read by linkers: neither is touched.
    /// </summary>
    private static void NameBodies(ElfFile file, byte[] bytes, List<ElfSymbol> offered, Dictionary<string, ElfSymbol> bodies)
    {
        if (file.Section(".interp") is null || file.Section(".hash") is not null || file.Section(".gnu.hash") is null)
        {
            return;
        }

        for (int i = 0; i < offered.Count; i++)
        {
            if (offered[i].Name.StartsWith(BodyPrefix, StringComparison.Ordinal) && bodies.TryGetValue(offered[i].Name[BodyPrefix.Length..], out ElfSymbol body))
            {
                body.WriteTo(bytes.AsSpan((int)file.Section(".dynsym")!.Offset + (i * SymbolSize), SymbolSize), BodyPrefix.Length);
            }
        }
    }

    /// <summary>
    /// The stubs that an executable's own pointers to its functions lead to, by the functions' names: what dlsym finds is then equal to such a pointer, and
    /// dladdr knows it. Updates set these stubs, too. A program that is linked with -s does not tell them.
    /// </summary>
    private static Dictionary<string, ulong> Pointers(ElfFile file)
    {
        const string prefix = "upstare_f_";
        var found = new Dictionary<string, ulong>(StringComparer.Ordinal);
        foreach (ElfSymbol s in file.Section(".interp") is null ? [] : file.Symbols())
        {
            if (s.IsFunction && s.Section != 0 && s.Name.StartsWith(prefix, StringComparison.Ordinal))
            {
                found[s.Name[prefix.Length..]] = s.Value;
            }
        }

        return found;
    }

    private static bool IsOffered(ElfSymbol s) => s is { Type: 2, Section: not 0, Binding: 1 or 2, Visibility: 0 or 3 }
        && !s.Name.StartsWith("upstare_", StringComparison.Ordinal) && s.Name is not ("main" or "_init" or "_fini" or "_start");

    /// <summary>Calls of libc that the runtime defines, too (native-runtime/src/interpose.c): they are no version's.</summary>
    private static bool IsRuntimes(ElfFile file, ElfSymbol s) => s.Section < file.Sections.Count && file.Sections[s.Section].Name == "upstare_text";

    /// <summary>Offsets in the file of the relocations of .rela.dyn, by the address that they write to.</summary>
    private static Dictionary<ulong, int> Relocations(ElfFile file)
    {
        var found = new Dictionary<ulong, int>();
        if (file.Section(".rela.dyn") is { } section)
        {
            ReadOnlySpan<byte> bytes = file.Bytes(section);
            for (int at = 0; at + RelocationSize <= bytes.Length; at += RelocationSize)
            {
                found[BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..])] = (int)section.Offset + at;
            }
        }

        return found;
    }
}
