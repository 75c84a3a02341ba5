using System.Text;

namespace UpStare.Host.Cc;

/// <summary>@file arguments, as libiberty's expandargv reads them.</summary>
public static class ResponseFile
{
    /// <summary>
    /// Replaces each @file by the words in it. A file that cannot be read stays as it is, for gcc to complain about. Files
    /// that name files are followed up to 2,000 of them.
    /// </summary>
    public static string[] Expand(string[] args)
    {
        int first = Array.FindIndex(args, a => a.StartsWith('@'));
        if (first < 0)
        {
            return args;
        }

        var result = new List<string>(args.Length + 16);
        int budget = 2000;
        foreach (string arg in args)
        {
            Add(arg, result, ref budget);
        }

        return [.. result];
    }

    /// <summary>Splits text into words: white space separates, quotes and backslashes protect.</summary>
    public static List<string> Split(string text)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        bool open = false;
        char quote = '\0';
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (quote == '\0' && (c is ' ' or '\t' or '\n' or '\r' or '\v' or '\f'))
            {
                if (open)
                {
                    words.Add(word.ToString());
                    word.Clear();
                    open = false;
                }

                continue;
            }

            open = true;
            if (c == '\\' && i + 1 < text.Length)
            {
                word.Append(text[++i]);
            }
            else if (quote != '\0')
            {
                if (c == quote)
                {
                    quote = '\0';
                }
                else
                {
                    word.Append(c);
                }
            }
            else if (c is '\'' or '"')
            {
                quote = c;
            }
            else
            {
                word.Append(c);
            }
        }

        if (open)
        {
            words.Add(word.ToString());
        }

        return words;
    }

    private static void Add(string arg, List<string> result, ref int budget)
    {
        if (!arg.StartsWith('@') || --budget < 0)
        {
            result.Add(arg);
            return;
        }

        string text;
        try
        {
            text = File.ReadAllText(arg[1..]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            result.Add(arg);
            return;
        }

        foreach (string word in Split(text))
        {
            Add(word, result, ref budget);
        }
    }
}
