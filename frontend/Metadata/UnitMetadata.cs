using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace UpStare.Frontend.Metadata;

/// <summary>
/// What an object file keeps about the unit it was made of, so that a patch can be made from the finished programs. Section
/// .upstare.units of an object holds one, that of a program all of its objects' one after the other.
/// </summary>
/// <remarks>
/// Layout, little endian: "UPSTUNIT", u32 bytes that follow this field, u32 format (3), u32 version of the runtime's interface; strings (u32 length, UTF-8): unit
/// id, source file, directory, symbol hash, points policy, tool version, reason of a plain unit ("" for others); u32 number of flags and that many strings; u32 number of
/// pinned functions and that many pairs of strings; u32 length of the text; the text, Brotli.
/// </remarks>
public sealed class UnitMetadata
{
    /// <summary>Name of the section.</summary>
    public const string SectionName = ".upstare.units";

    private const uint Format = 3;

    private static ReadOnlySpan<byte> Magic => "UPSTUNIT"u8;

    /// <summary>Name of the unit in keys (docs/architecture.md, "Names").</summary>
    public required string UnitId { get; init; }

    /// <summary>The main source file as it was named on the command line.</summary>
    public required string SourceFile { get; init; }

    /// <summary>The compiler's working directory: tells units of equal names apart.</summary>
    public required string Directory { get; init; }

    /// <summary>Eight hex digits that make the unit's static symbols unique.</summary>
    public required string SymbolHash { get; init; }

    /// <summary>Compiler flags that change code or types, in order.</summary>
    public required IReadOnlyList<string> Flags { get; init; }

    /// <summary>Update point policy: "default" or "all".</summary>
    public required string Points { get; init; }

    /// <summary>Version of the runtime's interface that the object was made for (<see cref="RuntimeInterface"/>).</summary>
    public uint Interface { get; init; } = RuntimeInterface.Version;

    /// <summary>Version of the tool that made the object.</summary>
    public required string ToolVersion { get; init; }

    /// <summary>Why the unit was compiled plainly, as upstare-cc --report tells it; null for a transformed unit.</summary>
    public string? PlainReason { get; init; }

    /// <summary>Functions that were pinned for what the compiler said of them: the reason by name. No plan of the text alone shows them.</summary>
    public Dictionary<string, string> Pinned { get; init; } = [];

    /// <summary>
    /// The preprocessed text as the compiler gave it (without our tags). Of a unit that was read it is unpacked anew by each call: a
    /// program's texts together are too large to be kept.
    /// </summary>
    /// <exception cref="InvalidDataException">The text is damaged.</exception>
    public required byte[] Text { get => _text ?? Unpack(_packed!); init => _text = value; }

    private byte[]? _text;
    private byte[]? _packed; // u32 length, Brotli

    /// <summary>The bytes for the section.</summary>
    public byte[] Encode()
    {
        using var stream = new MemoryStream();
        stream.Write(Magic);
        Write(stream, 0u);
        Write(stream, Format);
        Write(stream, Interface);
        Write(stream, UnitId);
        Write(stream, SourceFile);
        Write(stream, Directory);
        Write(stream, SymbolHash);
        Write(stream, Points);
        Write(stream, ToolVersion);
        Write(stream, PlainReason ?? "");
        Write(stream, (uint)Flags.Count);
        foreach (string flag in Flags)
        {
            Write(stream, flag);
        }

        Write(stream, (uint)Pinned.Count);
        foreach ((string name, string reason) in Pinned)
        {
            Write(stream, name);
            Write(stream, reason);
        }

        Write(stream, (uint)Text.Length);
        byte[] compressed = new byte[BrotliEncoder.GetMaxCompressedLength(Text.Length)];
        if (!BrotliEncoder.TryCompress(Text, compressed, out int length, quality: 1, window: 22))
        {
            throw new InvalidOperationException("the preprocessed text could not be compressed");
        }

        stream.Write(compressed, 0, length);
        byte[] result = stream.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(result.AsSpan(Magic.Length), (uint)(result.Length - Magic.Length - 4));
        return result;
    }

    /// <summary>Whether two units have the same text.</summary>
    public bool HasTextOf(UnitMetadata other) =>
        (_packed is not null && other._packed is not null && _packed.AsSpan().SequenceEqual(other._packed)) || Text.AsSpan().SequenceEqual(other.Text);

    /// <summary>All units of a file, in link order; none where it has no such section.</summary>
    /// <exception cref="InvalidDataException">The section is damaged, or of a later format.</exception>
    public static IReadOnlyList<UnitMetadata> ReadAll(ElfFile file) =>
        file.Section(SectionName) is { } section ? ReadAll(file.Bytes(section)) : [];

    /// <summary>All units in the bytes of a section.</summary>
    /// <exception cref="InvalidDataException">The bytes are damaged, or of a later format.</exception>
    public static IReadOnlyList<UnitMetadata> ReadAll(ReadOnlySpan<byte> bytes)
    {
        var units = new List<UnitMetadata>();
        while (true)
        {
            bytes = bytes.TrimStart((byte)0); // the linker's padding
            if (bytes.Length == 0)
            {
                return units;
            }

            int head = Magic.Length + 4;
            if (bytes.Length < head || !bytes.StartsWith(Magic))
            {
                throw new InvalidDataException($"section {SectionName} is damaged");
            }

            uint length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[Magic.Length..]);
            if (length > bytes.Length - head)
            {
                throw new InvalidDataException($"section {SectionName} is truncated");
            }

            units.Add(Decode(bytes.Slice(head, (int)length)));
            bytes = bytes[(head + (int)length)..];
        }
    }

    private static UnitMetadata Decode(ReadOnlySpan<byte> bytes)
    {
        uint format = ReadNumber(ref bytes);
        if (format != Format)
        {
            throw new InvalidDataException($"section {SectionName} has format {format}, this tool reads {Format}: build it anew with the upstare-cc of these tools");
        }

        uint version = ReadNumber(ref bytes);
        string unitId = ReadText(ref bytes);
        string sourceFile = ReadText(ref bytes);
        string directory = ReadText(ref bytes);
        string symbolHash = ReadText(ref bytes);
        string points = ReadText(ref bytes);
        string toolVersion = ReadText(ref bytes);
        string plainReason = ReadText(ref bytes);
        string[] flags = new string[ReadCount(ref bytes)];
        for (int i = 0; i < flags.Length; i++)
        {
            flags[i] = ReadText(ref bytes);
        }

        var pinned = new Dictionary<string, string>();
        for (uint left = ReadCount(ref bytes); left > 0; left--)
        {
            string name = ReadText(ref bytes);
            pinned[name] = ReadText(ref bytes);
        }

        return new UnitMetadata
        {
            UnitId = unitId,
            Interface = version,
            SourceFile = sourceFile,
            Directory = directory,
            SymbolHash = symbolHash,
            Points = points,
            ToolVersion = toolVersion,
            PlainReason = plainReason.Length == 0 ? null : plainReason,
            Flags = flags,
            Pinned = pinned,
            Text = null!,
            _packed = bytes.ToArray(),
        };
    }

    private static byte[] Unpack(ReadOnlySpan<byte> bytes)
    {
        uint length = ReadNumber(ref bytes);
        if (length > int.MaxValue / 2)
        {
            throw new InvalidDataException($"section {SectionName} is damaged");
        }

        byte[] text = new byte[length];
        return BrotliDecoder.TryDecompress(bytes, text, out int written) && written == text.Length
            ? text
            : throw new InvalidDataException($"section {SectionName}: the text of a unit is damaged");
    }

    private static void Write(MemoryStream stream, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        stream.Write(bytes);
    }

    private static void Write(MemoryStream stream, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Write(stream, (uint)bytes.Length);
        stream.Write(bytes);
    }

    private static uint ReadNumber(ref ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 4)
        {
            throw new InvalidDataException($"section {SectionName} is damaged");
        }

        uint value = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        bytes = bytes[4..];
        return value;
    }

    private static uint ReadCount(ref ReadOnlySpan<byte> bytes)
    {
        uint count = ReadNumber(ref bytes);
        return count <= bytes.Length / 4 ? count : throw new InvalidDataException($"section {SectionName} is damaged");
    }

    private static string ReadText(ref ReadOnlySpan<byte> bytes)
    {
        uint length = ReadNumber(ref bytes);
        if (length > bytes.Length)
        {
            throw new InvalidDataException($"section {SectionName} is damaged");
        }

        string text = Encoding.UTF8.GetString(bytes[..(int)length]);
        bytes = bytes[(int)length..];
        return text;
    }
}
