using System.Text;
using UpStare.Frontend.Model;

namespace UpStare.Patcher.Compare;

/// <summary>The text of a node as C tokens: white space, comments and line markers are folded away.</summary>
public static class SourceTokens
{
    /// <summary>The tokens of a piece of preprocessed C.</summary>
    public static List<string> Split(string text)
    {
        var tokens = new List<string>();
        int i = 0;
        bool lineStart = true;
        while (i < text.Length)
        {
            char c = text[i];
            if (c == '\n')
            {
                lineStart = true;
                i++;
            }
            else if (c is ' ' or '\t' or '\r' or '\f' or '\v')
            {
                i++;
            }
            else if (c == '#' && lineStart)
            {
                int end = text.IndexOf('\n', i);
                string line = end < 0 ? text[i..] : text[i..end];
                if (line.StartsWith("#pragma", StringComparison.Ordinal))
                {
                    tokens.Add(line.Trim());
                }

                i = end < 0 ? text.Length : end;
            }
            else
            {
                lineStart = false;
                int end = TokenEnd(text, i);
                tokens.Add(text[i..end]);
                i = end;
            }
        }

        return tokens;
    }

    /// <summary>The tokens of a node, one space between them.</summary>
    public static string Normalise(TranslationUnit unit, Node node) => string.Join(' ', Split(unit.Slice(node)));

    /// <summary>How alike two token lists are, from 0 to 1: twice the shared tokens (with their number) over all tokens.</summary>
    public static double Similarity(List<string> a, List<string> b)
    {
        if (a.Count + b.Count == 0)
        {
            return 1;
        }

        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach ((string x, string y) in Pairs(a))
        {
            counts[x + " " + y] = counts.GetValueOrDefault(x + " " + y) + 1;
        }

        int shared = 0;
        foreach ((string x, string y) in Pairs(b))
        {
            if (counts.GetValueOrDefault(x + " " + y) is > 0 and int n)
            {
                counts[x + " " + y] = n - 1;
                shared++;
            }
        }

        return 2.0 * shared / Math.Max(1, a.Count - 1 + b.Count - 1);
    }

    private static IEnumerable<(string First, string Second)> Pairs(List<string> tokens)
    {
        for (int i = 0; i + 1 < tokens.Count; i++)
        {
            yield return (tokens[i], tokens[i + 1]);
        }
    }

    private static int TokenEnd(string text, int i)
    {
        char c = text[i];
        int end = i + 1;
        if (c is '"' or '\'')
        {
            while (end < text.Length && text[end] != c)
            {
                end += text[end] == '\\' ? 2 : 1;
            }

            return Math.Min(text.Length, end + 1);
        }

        if (char.IsAsciiLetterOrDigit(c) || c is '_' or '$' || (c == '.' && end < text.Length && char.IsAsciiDigit(text[end])))
        {
            bool number = !char.IsAsciiLetter(c) && c is not ('_' or '$');
            while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] is '_' or '$'
                || (number && (text[end] == '.' || (text[end] is '+' or '-' && text[end - 1] is 'e' or 'E' or 'p' or 'P')))))
            {
                end++;
            }
        }

        return end;
    }
}
