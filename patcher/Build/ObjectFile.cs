using System.Buffers.Binary;
using System.Text;

namespace UpStare.Patcher.Build;

/// <summary>A symbol of an ELF file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Offset">File offset of its table entry.</param>
/// <param name="Info">Binding and type.</param>
/// <param name="Section">Index of its section, 0 where it is undefined.</param>
public readonly record struct ElfSymbol(string Name, int Offset, byte Info, ushort Section)
{
    public bool IsUndefined => Section == 0 && Name.Length > 0;

    public bool IsGlobal => Info >> 4 != 0;
}

/// <summary>An x86-64 ELF file in memory: symbols (which can be weakened) and what its dynamic section asks for.</summary>
/// <remarks>elf(5). objcopy --weaken-symbol leaves undefined symbols alone, which are those that a patch needs weak.</remarks>
public sealed class ObjectFile
{
    private const int SymbolTable = 2;
    private const int DynamicTable = 6;
    private const int DynamicSymbols = 11;

    private readonly byte[] _bytes;
    private readonly List<(string Name, uint Type, long Address, long Offset, long Size, uint Link)> _sections = [];

    /// <summary>Takes the bytes of a file.</summary>
    /// <exception cref="PatchException">It is no x86-64 ELF file, or is cut short.</exception>
    public ObjectFile(byte[] bytes, string name)
    {
        _bytes = bytes;
        if (bytes.Length < 64 || bytes[0] != 0x7f || bytes[1] != 'E' || bytes[2] != 'L' || bytes[3] != 'F' || bytes[4] != 2)
        {
            throw new PatchException(PatchError.BadInput, name + ": not an x86-64 ELF file");
        }

        try
        {
            long table = I64(40);
            int count = U16(60);
            int names = U16(62);
            var raw = new List<(uint Name, uint Type, long Address, long Offset, long Size, uint Link)>();
            for (int i = 0; i < count; i++)
            {
                int at = (int)table + (i * 64);
                raw.Add((U32(at), U32(at + 4), I64(at + 16), I64(at + 24), I64(at + 32), U32(at + 40)));
            }

            foreach (var s in raw)
            {
                _sections.Add((Text((int)(raw[names].Offset + s.Name)), s.Type, s.Address, s.Offset, s.Size, s.Link));
            }
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new PatchException(PatchError.BadInput, name + ": ELF file is cut short");
        }
    }

    /// <summary>All bytes, with what was changed.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Names of the sections.</summary>
    public IEnumerable<string> SectionNames => _sections.Select(s => s.Name);

    /// <summary>Symbols of the static table.</summary>
    public IEnumerable<ElfSymbol> Symbols() => Table(SymbolTable);

    /// <summary>Symbols of the dynamic table.</summary>
    public IEnumerable<ElfSymbol> Dynamic() => Table(DynamicSymbols);

    /// <summary>Makes an undefined symbol weak, of default visibility.</summary>
    public void Weaken(ElfSymbol symbol)
    {
        _bytes[symbol.Offset + 4] = (byte)((2 << 4) | (symbol.Info & 15));
        _bytes[symbol.Offset + 5] = 0;
    }

    /// <summary>Address and bytes of a section; null where there is none.</summary>
    public (long Address, ReadOnlyMemory<byte> Bytes)? Section(string name)
    {
        foreach (var s in _sections)
        {
            if (s.Name == name && s.Type != 8)
            {
                return (s.Address, _bytes.AsMemory((int)s.Offset, (int)s.Size));
            }
        }

        return null;
    }

    /// <summary>The string at an address of the loaded program.</summary>
    public string TextAt(long address)
    {
        foreach (var s in _sections)
        {
            if (s.Address != 0 && s.Type != 8 && address >= s.Address && address < s.Address + s.Size)
            {
                return Text((int)(address - s.Address + s.Offset));
            }
        }

        return "";
    }

    /// <summary>Values of a string entry of the dynamic section (1: NEEDED, 15: RPATH, 29: RUNPATH).</summary>
    public List<string> DynamicStrings(long tag)
    {
        var values = new List<string>();
        foreach (var s in _sections)
        {
            if (s.Type != DynamicTable)
            {
                continue;
            }

            for (int at = (int)s.Offset; at + 16 <= s.Offset + s.Size && I64(at) != 0; at += 16)
            {
                if (I64(at) == tag)
                {
                    values.Add(Text((int)(_sections[(int)s.Link].Offset + I64(at + 8))));
                }
            }
        }

        return values;
    }

    private IEnumerable<ElfSymbol> Table(uint type)
    {
        foreach (var s in _sections)
        {
            if (s.Type != type)
            {
                continue;
            }

            for (int at = (int)s.Offset; at + 24 <= s.Offset + s.Size; at += 24)
            {
                yield return new ElfSymbol(Text((int)(_sections[(int)s.Link].Offset + U32(at))), at, _bytes[at + 4], U16(at + 6));
            }
        }
    }

    private string Text(int at)
    {
        int end = Array.IndexOf(_bytes, (byte)0, at);
        return Encoding.UTF8.GetString(_bytes, at, end - at);
    }

    private ushort U16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(at));

    private uint U32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(at));

    private long I64(int at) => BinaryPrimitives.ReadInt64LittleEndian(_bytes.AsSpan(at));
}
