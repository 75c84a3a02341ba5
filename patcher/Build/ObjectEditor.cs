using UpStare.Frontend.Metadata;

namespace UpStare.Patcher.Build;

/// <summary>Changes the binding of symbols in a relocatable object.</summary>
/// <remarks>objcopy --weaken-symbol leaves undefined symbols alone, which are those that a patch needs weak.</remarks>
internal sealed class ObjectEditor
{
    private const int EntrySize = 24;

    private readonly string _path;
    private readonly byte[] _bytes;
    private readonly int _table;

    /// <summary>Reads an object.</summary>
    public ObjectEditor(string path)
    {
        _path = path;
        _bytes = System.IO.File.ReadAllBytes(path);
        File = ElfFile.Parse(_bytes, path);
        Symbols = File.Symbols();
        _table = (int)(File.Section(".symtab")?.Offset ?? 0);
    }

    public ElfFile File { get; }

    /// <summary>In the order of the table.</summary>
    public IReadOnlyList<ElfSymbol> Symbols { get; }

    /// <summary>Makes the symbol of that index weak, of default visibility.</summary>
    public void Weaken(int index)
    {
        int at = _table + (index * EntrySize);
        _bytes[at + 4] = (byte)((2 << 4) | (_bytes[at + 4] & 15));
        _bytes[at + 5] = 0;
    }

    /// <summary>Writes the object back.</summary>
    public void Save() => System.IO.File.WriteAllBytes(_path, _bytes);
}
