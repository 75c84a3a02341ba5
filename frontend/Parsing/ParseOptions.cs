namespace UpStare.Frontend.Parsing;

/// <summary>What the parser must know of the compiler's command line.</summary>
public sealed class ParseOptions
{
    /// <summary>The argument of -std= as gcc got it ("gnu17", "c99", "iso9899:1990"), or null for gcc's default.</summary>
    public string? Standard { get; init; }

    /// <summary>All flags of the command line; the parser takes those that change types (-funsigned-char, -fshort-enums ...).</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];
}

/// <summary>libclang could not be used on a file at all (not found, no memory, an internal error).</summary>
public sealed class ParseException(string message) : Exception(message)
{
}
