using UpStare.Host.Elf;

namespace UpStare.Host.Verify;

/// <summary>Finds the function symbol that an address belongs to.</summary>
internal sealed class FunctionIndex
{
    private readonly List<ElfSymbol> _sorted = [];

    public FunctionIndex(ElfFile file)
    {
        foreach (ElfSymbol symbol in file.Symbols())
        {
            if (symbol.IsFunction && symbol.Section != 0 && symbol.Size > 0)
            {
                _sorted.Add(symbol);
            }
        }

        _sorted.Sort((a, b) => a.Value != b.Value ? a.Value.CompareTo(b.Value) : string.CompareOrdinal(a.Name, b.Name));
    }

    public IReadOnlyList<ElfSymbol> All => _sorted;

    /// <summary>The symbol whose range holds the address, or null.</summary>
    public ElfSymbol? At(ulong address)
    {
        int low = 0, high = _sorted.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_sorted[middle].Value <= address)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        for (int i = low - 1; i >= 0 && i >= low - 8; i--)
        {
            if (address < _sorted[i].Value + _sorted[i].Size)
            {
                return _sorted[i];
            }
        }

        return null;
    }

    /// <summary>The function's name for messages: foo.cold and foo.part.0 are shown as they are.</summary>
    public string NameAt(ulong address) => At(address)?.Name ?? "0x" + address.ToString("x");

    /// <summary>A resume clone or a copy that belongs to the clones.</summary>
    public bool IsClone(ulong address) => At(address) is { } symbol && symbol.Name.StartsWith("upstare_c_", StringComparison.Ordinal);
}
