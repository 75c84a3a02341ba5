using System.Globalization;
using System.Text;
using UpStare.Frontend.Metadata;

namespace UpStare.Patcher.Build;

/// <summary>
/// Names for dladdr and backtrace_symbols, which go by dynamic symbols: a patch has none for its functions, since nobody may find them there by
/// name. So the code of those that the program offers by name, the hot and the clone's, gets a second symbol, upstare_body_NUMBER_NAME, whose
/// place among the strings is moved to NAME when all is linked. The patch's table of the older kind, which has no hashes in it, is for the runtime's loader
/// (native-runtime/src/loader.c), which looks up the module's description alone.
/// </summary>
internal sealed class BodyNames(IReadOnlyList<Export> exports)
{
    /// <summary>The symbols, for a linker's version script.</summary>
    public const string Pattern = Prefix + "*";

    private const string Prefix = "upstare_body_";

    /// <summary>Of the code: two modules may offer the same name.</summary>
    private const string Number = "000000";

    private readonly List<(string Name, string Symbol)> _code = [.. exports.SelectMany(e => new[] { (e.Name, e.Symbol), (e.Name, "upstare_c_" + e.Symbol) })];

    /// <summary>Assembly with the symbols, which stand for nothing yet.</summary>
    public string Source()
    {
        var text = new StringBuilder("\t.section .upstare.rodata,\"a\",@progbits\n");
        for (int i = 0; i < _code.Count; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"\t.globl \"{Begin(i)}{_code[i].Name}\"\n\"{Begin(i)}{_code[i].Name}\":\n");
        }

        return text.Append("\t.byte 0\n\t.section .note.GNU-stack,\"\",@progbits\n").ToString();
    }

    /// <summary>Lets the symbols of the linked patch stand for the code.</summary>
    public void Tell(string patch)
    {
        var editor = new ObjectEditor(patch, isLibrary: true);
        var bodies = new Dictionary<string, ElfSymbol>(StringComparer.Ordinal);
        foreach (ElfSymbol s in editor.File.Symbols().Where(s => s.IsFunction && s.Section != 0))
        {
            bodies[s.Name] = s;
        }

        for (int i = 0; i < editor.Symbols.Count; i++)
        {
            string name = editor.Symbols[i].Name;
            if (name.StartsWith(Prefix, StringComparison.Ordinal)
                && bodies.TryGetValue(_code[int.Parse(name.AsSpan(Prefix.Length, Number.Length), CultureInfo.InvariantCulture)].Symbol, out ElfSymbol body))
            {
                editor.Place(i, body, Begin(0).Length);
            }
        }

        editor.Save();
    }

    private static string Begin(int number) => Prefix + number.ToString(Number, CultureInfo.InvariantCulture) + "_";
}
