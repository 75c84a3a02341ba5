namespace UpStare.Instrument.Emission;

/// <summary>Small scans over preprocessed text.</summary>
internal static class Tokens
{
    /// <summary>Whether a character can stand in an identifier.</summary>
    public static bool IsWord(char c) => c is '_' or '$' || char.IsAsciiLetterOrDigit(c);

    /// <summary>First offset at or after <paramref name="at"/> that is neither white space nor part of a line marker.</summary>
    public static int SkipSpace(string text, int at)
    {
        while (at < text.Length)
        {
            char c = text[at];
            if (c == '#' && (at == 0 || text[at - 1] == '\n'))
            {
                at = LineEnd(text, at);
            }
            else if (c is ' ' or '\t' or '\n' or '\r' or '\f' or '\v')
            {
                at++;
            }
            else
            {
                break;
            }
        }

        return at;
    }

    /// <summary>Offset of a word in [start, end), or -1.</summary>
    public static int Find(string text, int start, int end, string word)
    {
        int at = start;
        while (at < end)
        {
            (int from, int to) = Next(text, at, end);
            if (from >= end)
            {
                return -1;
            }

            if (to - from == word.Length && string.CompareOrdinal(text, from, word, 0, word.Length) == 0)
            {
                return from;
            }

            at = to;
        }

        return -1;
    }

    /// <summary>The token at or after an offset: a word, a literal, or one other character.</summary>
    public static (int Start, int End) Next(string text, int at, int end)
    {
        at = SkipSpace(text, at);
        if (at >= end)
        {
            return (end, end);
        }

        int to = at + 1;
        char c = text[at];
        if (IsWord(c))
        {
            while (to < end && IsWord(text[to]))
            {
                to++;
            }
        }
        else if (c is '"' or '\'')
        {
            while (to < end && text[to] != c)
            {
                to += text[to] == '\\' ? 2 : 1;
            }

            to++;
        }

        return (at, Math.Min(to, end));
    }

    private static int LineEnd(string text, int at)
    {
        int end = text.IndexOf('\n', at);
        return end < 0 ? text.Length : end + 1;
    }
}
