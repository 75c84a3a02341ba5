using System.Globalization;
using System.Text;
using UpStare.Frontend.Model;

namespace UpStare.Instrument.Emission;

/// <summary>Writes gcc's line markers.</summary>
internal static class LineMarker
{
    /// <summary>
    /// Starts a new line that counts as the place's. Generated code gets flag 3 (system header), which keeps gcc from
    /// warning about it.
    /// </summary>
    public static void Append(StringBuilder text, SourcePlace place, bool generated)
    {
        if (text.Length > 0 && text[^1] != '\n')
        {
            text.Append('\n');
        }

        text.Append("# ").Append(Math.Max(1, place.Line).ToString(CultureInfo.InvariantCulture)).Append(" \"");
        foreach (char c in place.File)
        {
            if (c is '"' or '\\')
            {
                text.Append('\\');
            }

            text.Append(c);
        }

        text.Append(generated ? "\" 3\n" : "\"\n");
    }
}
