namespace UpStare.Frontend.Model;

/// <summary>A place in the user's own files, as #line markers give it.</summary>
public readonly record struct SourcePlace(string File, int Line, int Column)
{
    public override string ToString() => $"{File}:{Line}";
}

/// <summary>
/// A node of the syntax tree. Offsets are byte offsets into <see cref="TranslationUnit.Text"/> (gcc's preprocessed
/// output); the text of a node is <c>Text[Start..End]</c>. Implicit nodes (casts that clang adds) do not exist.
/// </summary>
public abstract class Node
{
    /// <summary>Offset of the first byte.</summary>
    public int Start { get; set; }

    /// <summary>Offset one past the last byte (a statement's semicolon included).</summary>
    public int End { get; set; }

    /// <summary>Children in the order of the text, none null. Declarations' types are not children.</summary>
    public virtual IEnumerable<Node> Children => [];
}

public enum StorageClass
{
    None,
    Extern,
    Static,
    Register,
    Auto,
}

/// <summary>One preprocessed C file, parsed.</summary>
public sealed class TranslationUnit
{
    /// <summary>The main source file as it was named on the command line.</summary>
    public required string SourceFile { get; init; }

    /// <summary>The preprocessed text, as the real compiler is to see it.</summary>
    public required byte[] Text { get; init; }

    /// <summary>All file-level declarations in the order of the text, those of headers included.</summary>
    public required IReadOnlyList<Decl> Decls { get => _decls; init => _decls = value; }

    /// <summary>Forgets all other file-level declarations; those that are referred to stay in the references.</summary>
    public void Keep(Func<Decl, bool> isKept) => _decls = [.. _decls.Where(isKept)];

    private IReadOnlyList<Decl> _decls = [];

    /// <summary>clang's errors; where there are any, the file is to be compiled plainly.</summary>
    public required IReadOnlyList<string> Errors { get; init; }

    /// <summary>The user's place for an offset of <see cref="Text"/>.</summary>
    public required Func<int, SourcePlace> PlaceOf { get; init; }

    /// <summary>See <see cref="Parsing.ParseOptions.HasGnuInline"/>.</summary>
    public bool HasGnuInline { get; init; }

    /// <summary>The text of a node.</summary>
    public string Slice(Node node) => Slice(node.Start, node.End);

    /// <summary>The text between two offsets (Latin-1, so that every byte survives).</summary>
    public string Slice(int start, int end) => System.Text.Encoding.Latin1.GetString(Text, start, end - start);
}
