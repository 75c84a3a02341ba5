namespace UpStare.Frontend.Text;

/// <summary>The two texts of a file: what gcc compiles, and clang's copy of it with equal offsets.</summary>
/// <param name="Text">The input with tags written into unnamed struct, union and enum types.</param>
/// <param name="ClangText">The same with <c>_Atomic</c> and attribute cleanup blanked out, which clang does not take everywhere where gcc does.</param>
/// <param name="AtomicOffsets">Where <c>_Atomic</c> stands, ascending.</param>
public sealed record PreparedText(byte[] Text, byte[] ClangText, IReadOnlyList<int> AtomicOffsets);

/// <summary>
/// One walk over the tokens before the parse. Unnamed types get a tag (so that generated code can name them) made of the
/// function or type around them and the name they declare: an edit elsewhere does not change it. Anonymous members
/// (<c>struct { ... };</c> in a record) stay as they are, since a tag would take their fields out of the record.
/// </summary>
public sealed class TextPreparer
{
    /// <summary>What every tag that we write begins with.</summary>
    public const string TagPrefix = "__up_anon_";

    private readonly record struct Scope(bool IsRecord, string Name);

    private readonly byte[] _text;
    private readonly List<(int At, byte[] Bytes)> _insertions = [];
    private readonly List<int> _atomics = [];
    private readonly List<(int Start, int End)> _cleanups = [];
    private readonly Stack<Scope> _scopes = new();
    private readonly Dictionary<int, Scope> _opening = [];
    private readonly Dictionary<string, int> _used = [];
    private string _function = "";
    private int _parentheses;
    private int _attributeEnd = -1; // of the list of attributes that was begun last
    private int _forInitEnd = -1; // the first semicolon of the for that was begun last

    private TextPreparer(byte[] text) => _text = text;

    /// <summary>Prepares a preprocessed text.</summary>
    public static PreparedText Prepare(byte[] text)
    {
        var preparer = new TextPreparer(text);
        preparer.Walk();
        return preparer.Build();
    }

    private void Walk()
    {
        ReadOnlySpan<byte> text = _text;
        int at = CText.Skip(text, 0);
        while (at < text.Length)
        {
            int end = CText.TokenEnd(text, at);
            byte b = text[at];
            if (CText.IsWord(b) && !CText.IsDigit(b))
            {
                Word(text, at, end);
            }
            else if (b == '{')
            {
                _scopes.Push(_opening.Remove(at, out Scope scope)
                    ? scope
                    : new Scope(false, _scopes.Count > 0 ? _scopes.Peek().Name : _function));
            }
            else if (b == '}' && _scopes.Count > 0)
            {
                _scopes.Pop();
                if (_scopes.Count == 0)
                {
                    _parentheses = 0;
                }
            }
            else if (b == '(' && _scopes.Count == 0)
            {
                _parentheses++;
            }
            else if (b == ')' && _scopes.Count == 0)
            {
                _parentheses--;
            }
            else if (b == ';' && _scopes.Count == 0)
            {
                _function = "";
            }

            at = CText.Skip(text, end);
        }
    }

    private void Word(ReadOnlySpan<byte> text, int at, int end)
    {
        ReadOnlySpan<byte> word = text[at..end];
        if (word.SequenceEqual("struct"u8) || word.SequenceEqual("union"u8))
        {
            TypeBody(text, at, end, isEnum: false);
        }
        else if (word.SequenceEqual("enum"u8))
        {
            TypeBody(text, at, end, isEnum: true);
        }
        else if (word.SequenceEqual("for"u8) && CText.Skip(text, end) is var open && CText.Is(text, open, '('))
        {
            _forInitEnd = CText.Find(text, open + 1, ";"u8);
        }
        else if (word.SequenceEqual("_Atomic"u8))
        {
            _atomics.Add(at);
        }
        else if ((word.SequenceEqual("cleanup"u8) || word.SequenceEqual("__cleanup__"u8)) && _attributeEnd > at && CText.Skip(text, end) is var list && CText.Is(text, list, '('))
        {
            _cleanups.Add((at, CText.Matching(text, list)));
        }
        else if (CText.IsWordAt(text, at, "__attribute__"u8) || CText.IsWordAt(text, at, "__attribute"u8))
        {
            _attributeEnd = CText.Matching(text, CText.Skip(text, end));
        }
        else if (_scopes.Count == 0 && _parentheses == 0 && !IsSpecifier(word) && CText.Is(text, CText.Skip(text, end), '('))
        {
            _function = CText.String(word);
        }
    }

    private void TypeBody(ReadOnlySpan<byte> text, int at, int end, bool isEnum)
    {
        int open = SkipAttributes(text, CText.Skip(text, end));
        if (open >= text.Length)
        {
            return;
        }

        if (CText.IsWord(text[open]))
        {
            int tagEnd = CText.TokenEnd(text, open);
            int brace = CText.Skip(text, tagEnd);
            if (CText.Is(text, brace, '{'))
            {
                _opening[brace] = new Scope(!isEnum, CText.String(text[open..tagEnd]));
            }

            return;
        }

        if (text[open] != '{' || at < _forInitEnd)
        {
            return; // gcc takes no tag in a for's declaration
        }

        Scope outer = _scopes.Count > 0 ? _scopes.Peek() : new Scope(false, "");
        int after = SkipAttributes(text, CText.Skip(text, CText.Matching(text, open)));
        if (outer.IsRecord && !isEnum && CText.Is(text, after, ';'))
        {
            _opening[open] = new Scope(true, outer.Name);
            return;
        }

        string name = DeclaredName(text, after);
        if (name.Length == 0 && isEnum)
        {
            int first = CText.Skip(text, open + 1);
            name = CText.String(text[first..CText.TokenEnd(text, first)]);
        }

        string scoped = outer.Name.Length > 0 ? outer.Name + "_" + name : name;
        int count = _used.GetValueOrDefault(scoped) + 1;
        _used[scoped] = count;
        string tag = count == 1 ? scoped : $"{scoped}__{count}";
        _opening[open] = new Scope(!isEnum, tag);
        string space = CText.IsWord(text[open - 1]) ? " " : ""; // struct{
        _insertions.Add((open, System.Text.Encoding.Latin1.GetBytes($"{space}{TagPrefix}{tag} ")));
    }

    private static int SkipAttributes(ReadOnlySpan<byte> text, int at)
    {
        while (CText.IsWordAt(text, at, "__attribute__"u8) || CText.IsWordAt(text, at, "__attribute"u8))
        {
            at = CText.Skip(text, CText.TokenEnd(text, at));
            at = CText.Skip(text, CText.Matching(text, at));
        }

        return at;
    }

    /// <summary>The first name in the declarator behind a type's closing brace; "" where there is none.</summary>
    private static string DeclaredName(ReadOnlySpan<byte> text, int at)
    {
        while (at < text.Length)
        {
            int end = CText.TokenEnd(text, at);
            byte b = text[at];
            if (CText.IsWord(b))
            {
                ReadOnlySpan<byte> word = text[at..end];
                if (!IsSpecifier(word))
                {
                    return CText.String(word);
                }

                at = SkipAttributes(text, at);
                end = Math.Max(at, end);
            }
            else if (b is not ((byte)'*' or (byte)'('))
            {
                return "";
            }

            at = CText.Skip(text, end);
        }

        return "";
    }

    private static bool IsSpecifier(ReadOnlySpan<byte> word) =>
        word.SequenceEqual("const"u8) || word.SequenceEqual("volatile"u8) || word.SequenceEqual("restrict"u8)
        || word.SequenceEqual("static"u8) || word.SequenceEqual("typedef"u8) || word.SequenceEqual("extern"u8)
        || word.SequenceEqual("register"u8) || word.SequenceEqual("inline"u8) || word.SequenceEqual("typeof"u8)
        || word.StartsWith("__"u8) || (word.Length > 1 && word[0] == '_' && word[1] is >= (byte)'A' and <= (byte)'Z');

    private PreparedText Build()
    {
        int extra = 0;
        foreach ((_, byte[] bytes) in _insertions)
        {
            extra += bytes.Length;
        }

        byte[] result = new byte[_text.Length + extra];
        int from = 0;
        int to = 0;
        int atomic = 0;
        foreach ((int at, byte[] bytes) in _insertions)
        {
            MoveAtomics(ref atomic, at, to - from);
            _text.AsSpan(from, at - from).CopyTo(result.AsSpan(to));
            to += at - from;
            from = at;
            bytes.CopyTo(result, to);
            to += bytes.Length;
        }

        MoveAtomics(ref atomic, int.MaxValue, to - from);
        _text.AsSpan(from).CopyTo(result.AsSpan(to));
        return new PreparedText(result, _atomics.Count == 0 && _cleanups.Count == 0 ? result : Blank(result), _atomics);
    }

    /// <summary>Where a place of the input is in the text with tags.</summary>
    private int Moved(int at)
    {
        int moved = at;
        foreach ((int before, byte[] bytes) in _insertions)
        {
            moved += before <= at ? bytes.Length : 0;
        }

        return moved;
    }

    private void MoveAtomics(ref int next, int before, int by)
    {
        for (; next < _atomics.Count && _atomics[next] < before; next++)
        {
            _atomics[next] += by;
        }
    }

    private byte[] Blank(byte[] text)
    {
        byte[] copy = [.. text];
        foreach (int at in _atomics)
        {
            // _Atomic(T) needs something before the parenthesis: a macro of seven letters that stands for __typeof__.
            bool specifier = CText.Is(text, CText.Skip(text, at + 7), '(');
            (specifier ? "__upat_"u8 : "       "u8).CopyTo(copy.AsSpan(at));
        }

        foreach ((int start, int end) in _cleanups)
        {
            copy.AsSpan(Moved(start)..Moved(end)).Fill((byte)' ');
        }

        return copy;
    }
}
