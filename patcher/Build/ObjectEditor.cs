using UpStare.Frontend.Metadata;

namespace UpStare.Patcher.Build;

/// <summary>Changes the binding of symbols in a relocatable object, or of the dynamic ones in a library.</summary>
/// <remarks>objcopy --weaken-symbol leaves undefined symbols alone, which are those that a patch needs weak.</remarks>
internal sealed class ObjectEditor
{
    private const int EntrySize = 24;

    private readonly string _path;
    private readonly byte[] _bytes;
    private readonly int _table;

    /// <summary>Reads an object (<paramref name="isLibrary"/>: a shared library, of which the dynamic symbols are meant).</summary>
    public ObjectEditor(string path, bool isLibrary = false)
    {
        _path = path;
        _bytes = System.IO.File.ReadAllBytes(path);
        File = ElfFile.Parse(_bytes, path);
        Symbols = isLibrary ? File.DynamicSymbols() : File.Symbols();
        _table = (int)(File.Section(isLibrary ? ".dynsym" : ".symtab")?.Offset ?? 0);
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

    /// <summary>Makes the symbol of that index a usual global one.</summary>
    public void Strengthen(int index)
    {
        int at = _table + (index * EntrySize) + 4;
        _bytes[at] = (byte)((1 << 4) | (_bytes[at] & 15));
    }

    /// <summary>Makes the symbol of that index a global one for what another stands for, and takes the first bytes off its name.</summary>
    public void Place(int index, ElfSymbol body, int skipped) => body.WriteTo(_bytes.AsSpan(_table + (index * EntrySize), EntrySize), skipped);

    /// <summary>Writes the object back.</summary>
    public void Save() => System.IO.File.WriteAllBytes(_path, _bytes);
}
