using System.Buffers.Binary;
using UpStare.Frontend.Metadata;

namespace UpStare.Host.Run;

/// <summary>What a patch says about itself (struct upstare_module and upstare_patch of native-runtime/include/upstare/abi.h).</summary>
/// <param name="Program">Base name of the program that it is for.</param>
/// <param name="From">Build-id of the version that it updates.</param>
/// <param name="To">Build-id of the version that it brings.</param>
public sealed record PatchFile(string Program, string From, string To)
{
    private const ulong PatchField = 128; // offsetof(struct upstare_module, patch)
    private const uint Relative = 8;      // R_X86_64_RELATIVE
    private const uint Absolute = 1;      // R_X86_64_64

    /// <summary>Reads a patch.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is no patch, or one for another runtime.</exception>
    public static PatchFile Read(string path)
    {
        ElfFile file = ElfFile.Read(path);
        Dictionary<ulong, ulong> pointers = Pointers(file);
        foreach (ElfSymbol symbol in file.Symbols())
        {
            if (symbol.Name != "upstare_module" || symbol.Section == 0)
            {
                continue;
            }

            if (file.Word(symbol.Value) != RuntimeInterface.Version)
            {
                throw new InvalidDataException(path + ": made for another version of UpStare; make it anew with upstare-patch");
            }

            if (pointers.TryGetValue(symbol.Value + PatchField, out ulong patch))
            {
                return new PatchFile(Text(file, pointers, patch), Text(file, pointers, patch + 8), Text(file, pointers, patch + 16));
            }
        }

        throw new InvalidDataException(path + ": not a patch; upstare-patch OLD NEW -o PATCH makes one");
    }

    private static string Text(ElfFile file, Dictionary<ulong, ulong> pointers, ulong field) =>
        pointers.TryGetValue(field, out ulong address) ? file.StringAt(address) : "";

    /// <summary>Where the loader will make each pointer of the file point to, relative to the file.</summary>
    private static Dictionary<ulong, ulong> Pointers(ElfFile file)
    {
        Dictionary<ulong, ulong> pointers = [];
        ElfSection? table = file.Section(".rela.dyn");
        ElfSection? symbols = file.Section(".dynsym");
        if (table is null || symbols is null)
        {
            return pointers;
        }

        ReadOnlySpan<byte> values = file.Bytes(symbols);
        for (ReadOnlySpan<byte> entry = file.Bytes(table); entry.Length >= 24; entry = entry[24..])
        {
            ulong place = BinaryPrimitives.ReadUInt64LittleEndian(entry);
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(entry[8..]);
            uint symbol = BinaryPrimitives.ReadUInt32LittleEndian(entry[12..]);
            ulong addend = BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]);
            if (type == Relative)
            {
                pointers[place] = addend;
            }
            else if (type == Absolute && (symbol + 1) * 24L <= values.Length)
            {
                pointers[place] = addend + BinaryPrimitives.ReadUInt64LittleEndian(values[((int)symbol * 24 + 8)..]);
            }
        }

        return pointers;
    }
}
