using UpStare.Frontend.Model;
using UpStare.Frontend.Text;

namespace UpStare.Frontend.Parsing;

/// <summary>What libclang does not tell about a declarator is read from its text: its end, attributes, asm labels.</summary>
internal sealed unsafe partial class UnitReader
{
    /// <summary>One past a declarator; <paramref name="groupStart"/> is any place before it where brackets are balanced.</summary>
    private int DeclaratorEnd(Decl decl, int groupStart)
    {
        if (decl.NameStart < 0)
        {
            return decl.End;
        }

        int open = 0;
        for (int i = SkipTo(groupStart); i < decl.NameStart; i = SkipTo(CText.TokenEnd(_text, i)))
        {
            open += Is(i, '(') ? 1 : Is(i, ')') ? -1 : 0;
        }

        int end = CText.TokenEnd(_text, decl.NameStart);
        while (true)
        {
            int at = SkipTo(end);
            if (Is(at, '[') || Is(at, '('))
            {
                end = CText.Matching(_text, at);
            }
            else if (Is(at, ')') && open > 0)
            {
                open--;
                end = at + 1;
            }
            else
            {
                return end;
            }
        }
    }

    /// <summary>What <see cref="ReadAttributes"/> has found that asks for an alignment.</summary>
    private string _alignment = "";

    /// <summary>The function that <see cref="ReadAttributes"/> has found in an attribute cleanup, or null.</summary>
    private string? _cleanup;

    private static bool IsAttribute(ReadOnlySpan<byte> text, int at) =>
        CText.IsWordAt(text, at, "__attribute__"u8) || CText.IsWordAt(text, at, "__attribute"u8);

    /// <summary>
    /// Attributes in the specifiers, before the name and behind the declarator.
    /// </summary>
    /// <param name="decl">Takes them.</param>
    /// <param name="groupStart">Where the specifiers begin.</param>
    /// <param name="leadingEnd">Name of the group's first declarator, if this is a later one; else -1.</param>
    /// <param name="declaratorEnd">Where trailing attributes and asm labels begin.</param>
    /// <param name="asmName">The asm label, or null.</param>
    private void ReadAttributes(Decl decl, int groupStart, int leadingEnd, int declaratorEnd, out string? asmName)
    {
        asmName = null;
        _alignment = "";
        _cleanup = null;
        List<string>? names = null;
        int stop = leadingEnd >= 0 ? leadingEnd : decl.NameStart >= 0 ? decl.NameStart : decl.End;
        int at = SkipTo(Math.Max(0, groupStart));
        while (at < stop)
        {
            int end = CText.TokenEnd(_text, at);
            if (IsAttribute(_text, at))
            {
                end = Attribute(SkipTo(end), ref names);
            }
            else if (IsWord(at, "_Noreturn"u8))
            {
                (names ??= []).Add("noreturn");
            }
            else if (IsWord(at, "_Alignas"u8))
            {
                int open = SkipTo(end);
                end = CText.Matching(_text, open);
                (names ??= []).Add("aligned");
                _alignment += Slice(at, end) + " ";
            }
            else if (IsWord(at, "struct"u8) || IsWord(at, "union"u8) || IsWord(at, "enum"u8))
            {
                end = SkipAttributes(end); // the type's, not the declaration's
            }
            else if (Is(at, '{') || Is(at, '(') || Is(at, '['))
            {
                int close = CText.Matching(_text, at);
                end = close > stop ? end : Is(at, '{') ? SkipAttributes(close) : close;
            }

            at = SkipTo(end);
        }

        at = SkipTo(declaratorEnd);
        while (at < _text.Length)
        {
            if (IsAttribute(_text, at))
            {
                at = SkipTo(Attribute(SkipTo(CText.TokenEnd(_text, at)), ref names));
            }
            else if (IsWord(at, "__asm__"u8) || IsWord(at, "asm"u8) || IsWord(at, "__asm"u8))
            {
                int open = SkipTo(CText.TokenEnd(_text, at));
                int close = CText.Matching(_text, open);
                asmName = Strings(open + 1, close - 1);
                at = SkipTo(close);
            }
            else
            {
                break;
            }
        }

        if (names is not null)
        {
            decl.Attributes = names;
        }
    }

    /// <summary>One past the attributes that follow <paramref name="end"/>; <paramref name="end"/> itself where there are none.</summary>
    private int SkipAttributes(int end)
    {
        for (int at; IsAttribute(_text, at = SkipTo(end));)
        {
            end = CText.Matching(_text, SkipTo(CText.TokenEnd(_text, at)));
        }

        return end;
    }

    /// <summary>Attributes of a struct, union or enum: behind the keyword and behind the body, which the extent then includes.</summary>
    private void ReadTypeAttributes(Decl type)
    {
        List<string>? names = null;
        int at = SkipTo(CText.TokenEnd(_text, type.Start));
        for (; IsAttribute(_text, at); at = SkipTo(at))
        {
            at = Attribute(SkipTo(CText.TokenEnd(_text, at)), ref names);
        }

        if (type.End > type.Start && Is(type.End - 1, '}'))
        {
            for (at = SkipTo(type.End); IsAttribute(_text, at); at = SkipTo(at))
            {
                type.End = at = Attribute(SkipTo(CText.TokenEnd(_text, at)), ref names);
            }
        }

        type.Attributes = names ?? [];
    }

    /// <summary>Names inside <c>((...))</c>; returns the end of the list.</summary>
    private int Attribute(int open, ref List<string>? names)
    {
        int end = CText.Matching(_text, open);
        int at = SkipTo(open + 1);
        if (!Is(at, '('))
        {
            return end;
        }

        at = SkipTo(at + 1);
        while (at < end && !Is(at, ')'))
        {
            int tokenEnd = CText.TokenEnd(_text, at);
            int name = at;
            bool isWord = CText.IsWord(_text[at]);
            if (isWord)
            {
                (names ??= []).Add(Bare(Slice(at, tokenEnd)));
            }

            at = SkipTo(tokenEnd);
            if (Is(at, '('))
            {
                if (isWord && names![^1] == "cleanup")
                {
                    int function = SkipTo(at + 1);
                    _cleanup = Slice(function, CText.TokenEnd(_text, function));
                }

                tokenEnd = CText.Matching(_text, at);
                at = SkipTo(tokenEnd);
            }

            if (isWord && names![^1] == "aligned")
            {
                _alignment += "__attribute__((" + Slice(name, tokenEnd) + ")) ";
            }

            if (Is(at, ','))
            {
                at = SkipTo(at + 1);
            }
        }

        return end;
    }

    private static string Bare(string name) =>
        name.Length > 4 && name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal) ? name[2..^2] : name;

    private string Strings(int at, int end)
    {
        string result = "";
        for (at = SkipTo(at); at < end; at = SkipTo(CText.TokenEnd(_text, at)))
        {
            if (Is(at, '"'))
            {
                result += Slice(at + 1, CText.TokenEnd(_text, at) - 1);
            }
        }

        return result;
    }
}
