using System.Buffers.Binary;
using System.Text;

namespace UpStare.Frontend.Metadata;

/// <summary>A section of an ELF file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Its address when loaded, 0 where it is not.</param>
/// <param name="Offset">Its place in the file.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="Type">sh_type.</param>
/// <param name="Flags">sh_flags.</param>
/// <param name="Link">sh_link.</param>
public sealed record ElfSection(string Name, ulong Address, ulong Offset, ulong Size, uint Type, ulong Flags, uint Link)
{
    /// <summary>SHF_EXECINSTR</summary>
    public bool IsCode => (Flags & 4) != 0;

    /// <summary>SHF_ALLOC</summary>
    public bool IsLoaded => (Flags & 2) != 0;

    /// <summary>SHT_NOBITS</summary>
    public bool HasNoBytes => Type == 8;
}

/// <summary>A symbol of an ELF file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its address.</param>
/// <param name="Size">Its size in bytes, 0 where unknown.</param>
/// <param name="Type">STT_ number: 1 object, 2 function.</param>
/// <param name="Section">Index of its section, 0 if undefined.</param>
/// <param name="Binding">STB_ number: 0 local, 1 global, 2 weak.</param>
/// <param name="Visibility">STV_ number: 0 default, 2 hidden.</param>
public readonly record struct ElfSymbol(string Name, ulong Value, ulong Size, int Type, int Section, int Binding = 0, int Visibility = 0)
{
    public bool IsFunction => Type is 2 or 10;

    /// <summary>
    /// Has an entry of a table of dynamic symbols stand for what this one stands for, by its own name without the first <paramref name="skipped"/> bytes.
    /// GNU's table of hashes still has the whole name's: dladdr, which goes by addresses, finds the entry, and who looks the shorter name up does not.
    /// </summary>
    public void WriteTo(Span<byte> entry, int skipped)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(entry, BinaryPrimitives.ReadUInt32LittleEndian(entry) + (uint)skipped);
        entry[4] = (byte)((entry[4] & 0xf0) | Type);
        BinaryPrimitives.WriteUInt16LittleEndian(entry[6..], (ushort)Section);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], Value);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[16..], Size);
    }
}

/// <summary>A 64-bit little-endian x86-64 ELF file, read as a whole.</summary>
public sealed class ElfFile
{
    private readonly byte[] _data;

    private ElfFile(byte[] data)
    {
        _data = data;
    }

    public IReadOnlyList<ElfSection> Sections { get; private set; } = [];

    /// <summary>For messages.</summary>
    public string FileName { get; private init; } = "";

    /// <summary>e_type: 1 object, 2 executable, 3 shared object or position-independent executable.</summary>
    public int Type { get; private set; }

    /// <summary>Not linked yet: nothing in it has an address.</summary>
    public bool IsObject => Type == 1;

    /// <summary>A program that the dynamic linker starts. Static ones may have .dynamic (-static-pie), libraries have no interpreter.</summary>
    public bool IsDynamicProgram => Section(".interp") is not null;

    /// <summary>A shared library: no program, and not marked as position-independent executable (DF_1_PIE).</summary>
    public bool IsLibrary => Type == 3 && !IsDynamicProgram && !DynamicValues(0x6ffffffb).Exists(flags => (flags & 0x08000000) != 0);

    /// <summary>Reads a file.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is no such ELF file, or broken.</exception>
    public static ElfFile Read(string path) => Parse(File.ReadAllBytes(path), path);

    /// <summary>Reads an image that is in memory; <paramref name="name"/> is for messages.</summary>
    /// <exception cref="InvalidDataException">It is no such ELF file, or broken.</exception>
    public static ElfFile Parse(byte[] data, string name)
    {
        if (data.Length < 64 || !data.AsSpan(0, 6).SequenceEqual("\u007fELF\u0002\u0001"u8) || BinaryPrimitives.ReadUInt16LittleEndian(data.AsSpan(18)) != 62)
        {
            throw new InvalidDataException(name + ": not an x86-64 ELF file");
        }

        try
        {
            var result = new ElfFile(data) { FileName = name, Type = BinaryPrimitives.ReadUInt16LittleEndian(data.AsSpan(16)) };
            result.ReadSections();
            return result;
        }
        catch (Exception exception) when (exception is ArgumentException or OverflowException)
        {
            throw new InvalidDataException(name + ": truncated ELF file");
        }
    }

    /// <summary>The first section of that name, or null.</summary>
    public ElfSection? Section(string name)
    {
        foreach (ElfSection section in Sections)
        {
            if (section.Name == name)
            {
                return section;
            }
        }

        return null;
    }

    /// <summary>A section's bytes (none for SHT_NOBITS).</summary>
    public ReadOnlySpan<byte> Bytes(ElfSection section) =>
        section.HasNoBytes ? [] : _data.AsSpan(checked((int)section.Offset), checked((int)section.Size));

    /// <summary>The loaded section that holds an address, or null.</summary>
    public ElfSection? At(ulong address)
    {
        foreach (ElfSection section in Sections)
        {
            if (section.IsLoaded && address >= section.Address && address < section.Address + section.Size
                && !(section.HasNoBytes && (section.Flags & 0x400) != 0))
            {
                return section;
            }
        }

        return null;
    }

    /// <summary>The bytes from an address to the end of its section; empty where nothing is.</summary>
    public ReadOnlySpan<byte> BytesAt(ulong address)
    {
        ElfSection? section = At(address);
        return section is null || section.HasNoBytes ? [] : Bytes(section)[(int)(address - section.Address)..];
    }

    /// <summary>The C string at an address, "" where nothing is.</summary>
    public string StringAt(ulong address)
    {
        ReadOnlySpan<byte> bytes = BytesAt(address);
        int end = bytes.IndexOf((byte)0);
        return end < 0 ? "" : Encoding.UTF8.GetString(bytes[..end]);
    }

    /// <summary>The address that a self-relative 32-bit field holds, 0 for none.</summary>
    public ulong Relative(ulong field)
    {
        ReadOnlySpan<byte> bytes = BytesAt(field);
        int value = bytes.Length < 4 ? 0 : BinaryPrimitives.ReadInt32LittleEndian(bytes);
        return value == 0 ? 0 : (ulong)((long)field + value);
    }

    /// <summary>A 32-bit field, 0 where nothing is.</summary>
    public uint Word(ulong address)
    {
        ReadOnlySpan<byte> bytes = BytesAt(address);
        return bytes.Length < 4 ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    /// <summary>All symbols of .symtab, or of .dynsym where the file is stripped.</summary>
    public List<ElfSymbol> Symbols() => Symbols(Section(".symtab") ?? Section(".dynsym"));

    /// <summary>What the file offers to and wants from others at run time (.dynsym).</summary>
    public List<ElfSymbol> DynamicSymbols() => Symbols(Section(".dynsym"));

    private List<ElfSymbol> Symbols(ElfSection? table)
    {
        var result = new List<ElfSymbol>();
        if (table is null || table.Link >= Sections.Count)
        {
            return result;
        }

        ReadOnlySpan<byte> names = Bytes(Sections[(int)table.Link]);
        ReadOnlySpan<byte> bytes = Bytes(table);
        for (; bytes.Length >= 24; bytes = bytes[24..])
        {
            result.Add(new ElfSymbol(
                Name(names, BinaryPrimitives.ReadUInt32LittleEndian(bytes)),
                BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
                BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
                bytes[4] & 15,
                BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]),
                bytes[4] >> 4,
                bytes[5] & 3));
        }

        return result;
    }

    /// <summary>The build-id in hex, "" where there is none.</summary>
    public string BuildId()
    {
        ElfSection? note = Section(".note.gnu.build-id");
        if (note is null || note.Size <= 16)
        {
            return "";
        }

        return Convert.ToHexStringLower(Bytes(note)[16..]);
    }

    /// <summary>Libraries that the file needs (DT_NEEDED), in order.</summary>
    public List<string> Needed() => Dynamic(1);

    /// <summary>Directories that are searched for libraries first (DT_RUNPATH, DT_RPATH), as written ($ORIGIN, colons).</summary>
    public List<string> RunPath() => [.. Dynamic(29), .. Dynamic(15)];

    /// <summary>The file's own name as a library (DT_SONAME), or "".</summary>
    public string Soname() => Dynamic(14) is [string name, ..] ? name : "";

    /// <summary>References to the file's own names stay inside it (-Bsymbolic), whatever other files define.</summary>
    public bool IsSymbolic => DynamicValues(16).Count > 0 || DynamicValues(30).Exists(flags => (flags & 2) != 0);

    /// <summary>The program interpreter, or "" for a static file or a library.</summary>
    public string Interpreter() => Section(".interp") is { } section ? Encoding.UTF8.GetString(Bytes(section)).TrimEnd('\0') : "";

    private List<string> Dynamic(ulong tag)
    {
        return Section(".dynamic") is { } table && table.Link < Sections.Count
            ? DynamicValues(tag).ConvertAll(value => Name(Bytes(Sections[(int)table.Link]), (uint)value))
            : [];
    }

    private List<ulong> DynamicValues(ulong tag)
    {
        var result = new List<ulong>();
        if (Section(".dynamic") is { HasNoBytes: false } table)
        {
            for (ReadOnlySpan<byte> bytes = Bytes(table); bytes.Length >= 16; bytes = bytes[16..])
            {
                if (BinaryPrimitives.ReadUInt64LittleEndian(bytes) == tag)
                {
                    result.Add(BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
                }
            }
        }

        return result;
    }

    private static string Name(ReadOnlySpan<byte> names, uint offset)
    {
        ReadOnlySpan<byte> rest = offset < names.Length ? names[(int)offset..] : [];
        int end = rest.IndexOf((byte)0);
        return end <= 0 ? "" : Encoding.UTF8.GetString(rest[..end]);
    }

    private void ReadSections()
    {
        ReadOnlySpan<byte> data = _data;
        int start = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(data[40..]));
        int entry = BinaryPrimitives.ReadUInt16LittleEndian(data[58..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(data[60..]);
        int namesIndex = BinaryPrimitives.ReadUInt16LittleEndian(data[62..]);
        if (start == 0)
        {
            return;
        }

        if (count == 0)
        {
            // More than 65,279 sections: the real numbers stand in the first header.
            count = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(data[(start + 32)..]));
        }

        if (namesIndex == 0xffff)
        {
            namesIndex = checked((int)BinaryPrimitives.ReadUInt32LittleEndian(data[(start + 40)..]));
        }

        ReadOnlySpan<byte> names = [];
        var sections = new List<ElfSection>(count);
        for (int pass = 0; pass < 2; pass++)
        {
            sections.Clear();
            for (int i = 0; i < count; i++)
            {
                ReadOnlySpan<byte> header = data.Slice(start + (i * entry), 64);
                var section = new ElfSection(
                    Name(names, BinaryPrimitives.ReadUInt32LittleEndian(header)),
                    BinaryPrimitives.ReadUInt64LittleEndian(header[16..]),
                    BinaryPrimitives.ReadUInt64LittleEndian(header[24..]),
                    BinaryPrimitives.ReadUInt64LittleEndian(header[32..]),
                    BinaryPrimitives.ReadUInt32LittleEndian(header[4..]),
                    BinaryPrimitives.ReadUInt64LittleEndian(header[8..]),
                    BinaryPrimitives.ReadUInt32LittleEndian(header[40..]));
                if (!section.HasNoBytes)
                {
                    _ = data.Slice(checked((int)section.Offset), checked((int)section.Size));
                }

                sections.Add(section);
            }

            names = namesIndex < sections.Count ? Bytes(sections[namesIndex]) : [];
        }

        Sections = sections;
    }
}
