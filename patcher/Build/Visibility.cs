using System.Text;

namespace UpStare.Patcher.Build;

/// <summary>
/// Takes "hidden" from the user's declarations. What is hidden in the program may be a variable whose storage stays in the
/// older module: it has to be reached through the patch's global offset table. The version script hides all the rest.
/// </summary>
internal static class Visibility
{
    private static readonly string[] s_hiding = ["hidden", "internal", "protected"];

    /// <summary>The text with default visibility everywhere but on lines that name the runtime's own symbols.</summary>
    public static byte[] Open(byte[] text)
    {
        string source = Encoding.Latin1.GetString(text);
        if (!source.Contains("visibility", StringComparison.Ordinal))
        {
            return text;
        }

        var result = new StringBuilder(source.Length);
        int at = 0;
        for (int found = Find(source, 0); found >= 0; found = Find(source, at))
        {
            int end = found + "visibility".Length;
            result.Append(source, at, end - at);
            at = end;
            int word = end;
            while (word < source.Length && source[word] is '_' or ' ' or '\t' or '(' or '"' || string.CompareOrdinal(source, word, "push", 0, 4) == 0)
            {
                word += source[word] == 'p' ? 4 : 1;
            }

            string? hiding = Array.Find(s_hiding, h => string.CompareOrdinal(source, word, h, 0, h.Length) == 0);
            if (hiding is not null && !LineHolds(source, found, "upstare_"))
            {
                result.Append(source, end, word - end).Append("default");
                at = word + hiding.Length;
            }
        }

        return Encoding.Latin1.GetBytes(result.Append(source, at, source.Length - at).ToString());
    }

    private static int Find(string source, int from) => source.IndexOf("visibility", from, StringComparison.Ordinal);

    private static bool LineHolds(string source, int at, string what)
    {
        int start = source.LastIndexOf('\n', at) + 1;
        int end = source.IndexOf('\n', at);
        return source.AsSpan(start, (end < 0 ? source.Length : end) - start).Contains(what, StringComparison.Ordinal);
    }
}
