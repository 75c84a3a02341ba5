using System.Text;

namespace UpStare.Patcher.Source;

/// <summary>Names in generated C.</summary>
public static class CNames
{
    /// <summary>A text as an identifier: what C does not allow becomes an underscore.</summary>
    public static string Identifier(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            result.Append(char.IsAsciiLetterOrDigit(c) || c == '_' ? c : '_');
        }

        return result.Length > 0 && char.IsAsciiDigit(result[0]) ? "_" + result : result.ToString();
    }

    /// <summary>A text as a C string constant.</summary>
    public static string Quote(string text)
    {
        var result = new StringBuilder("\"");
        foreach (byte b in Encoding.UTF8.GetBytes(text))
        {
            if (b is (byte)'"' or (byte)'\\')
            {
                result.Append('\\').Append((char)b);
            }
            else if (b is >= 32 and < 127)
            {
                result.Append((char)b);
            }
            else
            {
                result.Append('\\').Append(Convert.ToString(b, 8).PadLeft(3, '0'));
            }
        }

        return result.Append('"').ToString();
    }

    /// <summary>A text inside a C comment.</summary>
    public static string Comment(string text) => text.Replace("*/", "* /", StringComparison.Ordinal).Replace("/*", "/ *", StringComparison.Ordinal).Replace("\n", " ", StringComparison.Ordinal);
}
