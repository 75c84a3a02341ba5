namespace UpStare.Frontend.Text;

/// <summary>
/// Steps over tokens of preprocessed C text. Between tokens stand white space and whole lines that begin with '#' (line
/// markers, pragmas); comments do not occur. No method throws on malformed text: positions are bounded by the length.
/// </summary>
public static class CText
{
    /// <summary>Letters, digits, underscore, $ and bytes of UTF-8.</summary>
    public static bool IsWord(byte b) =>
        b is (>= (byte)'a' and <= (byte)'z') or (>= (byte)'A' and <= (byte)'Z') or (>= (byte)'0' and <= (byte)'9') or (byte)'_' or (byte)'$' or >= 0x80;

    public static bool IsDigit(byte b) => b is >= (byte)'0' and <= (byte)'9';

    /// <summary>Start of the next token at or after <paramref name="at"/>.</summary>
    public static int Skip(ReadOnlySpan<byte> text, int at)
    {
        while (at < text.Length)
        {
            byte b = text[at];
            if (b is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r' or (byte)'\f' or (byte)'\v')
            {
                at++;
            }
            else if (b == '#')
            {
                int end = text[at..].IndexOf((byte)'\n');
                at = end < 0 ? text.Length : at + end + 1;
            }
            else if (b == '\\' && at + 1 < text.Length && text[at + 1] is (byte)'\n' or (byte)'\r')
            {
                at += 2;
            }
            else
            {
                break;
            }
        }

        return at;
    }

    /// <summary>End of the token that starts at <paramref name="at"/> (punctuation: longest operator).</summary>
    public static int TokenEnd(ReadOnlySpan<byte> text, int at)
    {
        if (at >= text.Length)
        {
            return text.Length;
        }

        byte b = text[at];
        if (IsDigit(b) || (b == '.' && at + 1 < text.Length && IsDigit(text[at + 1])))
        {
            return NumberEnd(text, at);
        }

        if (IsWord(b))
        {
            int end = at + 1;
            while (end < text.Length && IsWord(text[end]))
            {
                end++;
            }

            // L"...", u8"...", U'...'
            bool prefix = end < text.Length && text[end] is (byte)'"' or (byte)'\'' && end - at <= 2
                && (b is (byte)'L' or (byte)'u' or (byte)'U') && (end - at == 1 || text[at + 1] == '8');
            return prefix ? QuotedEnd(text, end) : end;
        }

        return b is (byte)'"' or (byte)'\'' ? QuotedEnd(text, at) : at + OperatorLength(text, at);
    }

    private static int NumberEnd(ReadOnlySpan<byte> text, int at)
    {
        int end = at + 1;
        while (end < text.Length)
        {
            byte b = text[end];
            if (IsWord(b) || b == '.' || (b is (byte)'+' or (byte)'-' && text[end - 1] is (byte)'e' or (byte)'E' or (byte)'p' or (byte)'P'))
            {
                end++;
            }
            else
            {
                break;
            }
        }

        return end;
    }

    private static int QuotedEnd(ReadOnlySpan<byte> text, int at)
    {
        byte quote = text[at];
        int end = at + 1;
        while (end < text.Length && text[end] != quote && text[end] != '\n')
        {
            end += text[end] == '\\' ? 2 : 1;
        }

        return Math.Min(end + 1, text.Length);
    }

    private static int OperatorLength(ReadOnlySpan<byte> text, int at)
    {
        byte b = text[at];
        byte next = at + 1 < text.Length ? text[at + 1] : (byte)0;
        byte third = at + 2 < text.Length ? text[at + 2] : (byte)0;
        switch (b)
        {
            case (byte)'.':
                return next == '.' && third == '.' ? 3 : 1;
            case (byte)'<' or (byte)'>':
                return next == b ? (third == '=' ? 3 : 2) : next == '=' ? 2 : 1;
            case (byte)'-':
                return next is (byte)'-' or (byte)'=' or (byte)'>' ? 2 : 1;
            case (byte)'+' or (byte)'&' or (byte)'|':
                return next == b || next == '=' ? 2 : 1;
            case (byte)'*' or (byte)'/' or (byte)'%' or (byte)'^' or (byte)'!' or (byte)'=':
                return next == '=' ? 2 : 1;
            default:
                return 1;
        }
    }

    /// <summary>Whether the token at <paramref name="at"/> is this word.</summary>
    public static bool IsWordAt(ReadOnlySpan<byte> text, int at, ReadOnlySpan<byte> word) =>
        at + word.Length <= text.Length && text.Slice(at, word.Length).SequenceEqual(word)
        && (at + word.Length == text.Length || !IsWord(text[at + word.Length]));

    /// <summary>Whether <paramref name="b"/> stands at this place.</summary>
    public static bool Is(ReadOnlySpan<byte> text, int at, char b) => at >= 0 && at < text.Length && text[at] == b;

    /// <summary>
    /// For an opening bracket at <paramref name="open"/>: the place one past its closing one; the text's length where there
    /// is none.
    /// </summary>
    public static int Matching(ReadOnlySpan<byte> text, int open)
    {
        int depth = 0;
        int at = open;
        while (at < text.Length)
        {
            byte b = text[at];
            int end = TokenEnd(text, at);
            if (b is (byte)'(' or (byte)'[' or (byte)'{')
            {
                depth++;
            }
            else if (b is (byte)')' or (byte)']' or (byte)'}' && --depth == 0)
            {
                return end;
            }

            at = Skip(text, end);
        }

        return text.Length;
    }

    /// <summary>
    /// The first of <paramref name="stops"/> at bracket depth 0 at or after <paramref name="at"/>; also stops at a closing
    /// bracket that was not opened here. The text's length where there is none.
    /// </summary>
    public static int Find(ReadOnlySpan<byte> text, int at, ReadOnlySpan<byte> stops)
    {
        at = Skip(text, at);
        while (at < text.Length)
        {
            byte b = text[at];
            if (stops.Contains(b) && TokenEnd(text, at) == at + 1)
            {
                return at;
            }

            if (b is (byte)'(' or (byte)'[' or (byte)'{')
            {
                at = Skip(text, Matching(text, at));
            }
            else if (b is (byte)')' or (byte)']' or (byte)'}')
            {
                return at;
            }
            else
            {
                at = Skip(text, TokenEnd(text, at));
            }
        }

        return text.Length;
    }

    /// <summary>Latin-1, so that every byte survives.</summary>
    public static string String(ReadOnlySpan<byte> bytes) => System.Text.Encoding.Latin1.GetString(bytes);
}
