using UpStare.Frontend.Interop;
using UpStare.Frontend.Model;
using UpStare.Frontend.Text;

namespace UpStare.Frontend.Parsing;

/// <summary>
/// Reads clang's tree into the model. One object reads one file; what it hands out holds nothing of clang. The parts:
/// types, declarations, statements, expressions.
/// </summary>
internal sealed unsafe partial class UnitReader
{
    private readonly ClangUnit _clang;
    private readonly byte[] _text;
    private readonly LineMap _lines;
    private readonly IReadOnlyList<int> _atomics;
    private readonly List<ClangError> _errors;

    /// <summary>By address of clang's declaration object.</summary>
    private readonly Dictionary<nint, Decl> _decls = [];

    private int _functionDepth;
    private bool _keepsState; // the function that is read has static variables

    public UnitReader(ClangUnit unit, PreparedText prepared, LineMap lines)
    {
        _clang = unit;
        _text = prepared.Text;
        _lines = lines;
        _atomics = prepared.AtomicOffsets;
        _errors = unit.Errors();
    }

    /// <summary>Errors that no function's body has taken.</summary>
    public IReadOnlyList<string> RemainingErrors()
    {
        var list = new List<string>(_errors.Count);
        foreach (ClangError error in _errors)
        {
            if (error.Offset >= 0 && IsCompilersOwn(error.Offset))
            {
                continue;
            }

            list.Add(error.Offset < 0 ? error.Message : $"{_lines.PlaceOf(error.Offset)}: {error.Message}");
        }

        return list;
    }

    /// <summary>
    /// In a header that comes with gcc, whose inline functions call builtins that clang does not have: they are not transformed,
    /// and what the program needs of them shows again where it uses them.
    /// </summary>
    private bool IsCompilersOwn(int offset) =>
        _lines.IsSystem(offset) && _lines.PlaceOf(offset).File.Contains("/lib/gcc/", StringComparison.Ordinal);

    private static int OffsetOf(CXSourceLocation location)
    {
        void* file;
        uint offset;
        clang.getFileLocation(location, &file, null, null, &offset);
        return file == null ? -1 : (int)offset;
    }

    /// <summary>First byte and one past the last token of a cursor; -1 for implicit ones.</summary>
    private static (int Start, int End) ExtentOf(CXCursor cursor)
    {
        CXSourceRange range = clang.getCursorExtent(cursor);
        return (OffsetOf(range.Begin), OffsetOf(range.End));
    }

    private int SkipTo(int at) => CText.Skip(_text, at);

    private bool Is(int at, char b) => CText.Is(_text, at, b);

    private bool IsWord(int at, ReadOnlySpan<byte> word) => CText.IsWordAt(_text, at, word);

    private string Slice(int start, int end) => CText.String(_text.AsSpan(start, end - start));

    /// <summary>One past the next semicolon; <paramref name="at"/> itself where something else stands there.</summary>
    private int PastSemicolon(int at)
    {
        int next = SkipTo(at);
        return Is(next, ';') ? next + 1 : at;
    }

    /// <summary>The word that ends right before <paramref name="at"/> (blanks between): its start, or -1.</summary>
    private int WordBefore(int at, ReadOnlySpan<byte> word)
    {
        int end = at;
        while (end > 0 && _text[end - 1] is (byte)' ' or (byte)'\t' or (byte)'\n')
        {
            end--;
        }

        int start = end - word.Length;
        return start >= 0 && _text.AsSpan(start, word.Length).SequenceEqual(word) && (start == 0 || !CText.IsWord(_text[start - 1])) ? start : -1;
    }
}
