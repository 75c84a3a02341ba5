namespace UpStare.Frontend.Parsing;

/// <summary>What the parser must know of the compiler's command line.</summary>
public sealed class ParseOptions
{
    /// <summary>The argument of -std= as gcc got it ("gnu17", "c99", "iso9899:1990"), or null for gcc's default.</summary>
    public string? Standard { get; init; }

    /// <summary>All flags of the command line; the parser takes those that change types (-funsigned-char, -fshort-enums ...).</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];

    /// <summary>Whether inline means what it meant in GNU C before C99: a definition for others, unless it is extern too.</summary>
    public bool HasGnuInline
    {
        get
        {
            bool old = Standard is "gnu89" or "gnu90" or "c89" or "c90" or "iso9899:1990" or "iso9899:199409";
            foreach (string flag in Flags)
            {
                old = flag == "-fgnu89-inline" || (flag != "-fno-gnu89-inline" && old);
            }

            return old;
        }
    }

    /// <summary>From the options of the command line that affect code.</summary>
    public static ParseOptions Of(IReadOnlyList<string> flags)
    {
        string? standard = null;
        foreach (string flag in flags)
        {
            standard = flag.StartsWith("-std=", StringComparison.Ordinal) ? flag[5..]
                : flag.StartsWith("--std=", StringComparison.Ordinal) ? flag[6..]
                : flag == "-ansi" ? "c90" : standard;
        }

        return new ParseOptions { Standard = standard, Flags = flags };
    }
}

/// <summary>libclang could not be used on a file at all (not found, no memory, an internal error).</summary>
public sealed class ParseException(string message) : Exception(message)
{
}
