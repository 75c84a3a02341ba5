using UpStare.Frontend.Model;
using UpStare.Frontend.Text;

namespace UpStare.Frontend.Parsing;

/// <summary>From preprocessed text to the program model.</summary>
public static class SourceParser
{
    /// <summary>
    /// Parses gcc's preprocessed output. <see cref="TranslationUnit.Text"/> of the result is the input with tags written
    /// into unnamed types. What clang reports as an error inside a function's body makes that body an
    /// <see cref="UnknownStmt"/>; other errors are in <see cref="TranslationUnit.Errors"/>.
    /// </summary>
    /// <param name="preprocessed">Output of <c>gcc -E</c> (without -P, so that line markers are there).</param>
    /// <param name="sourceFile">The main file as it was named on the command line.</param>
    /// <param name="options">Language standard and flags.</param>
    /// <exception cref="ParseException">libclang failed altogether.</exception>
    /// <exception cref="DllNotFoundException">There is no libclang.</exception>
    public static TranslationUnit Parse(byte[] preprocessed, string sourceFile, ParseOptions options) =>
        BigStack.Run(() => ParseHere(preprocessed, sourceFile, options));

    private static TranslationUnit ParseHere(byte[] preprocessed, string sourceFile, ParseOptions options)
    {
        PreparedText prepared = TextPreparer.Prepare(preprocessed);
        var lines = new LineMap(prepared.Text, sourceFile);
        using var unit = new ClangUnit(prepared.ClangText, options);
        var reader = new UnitReader(unit, prepared, lines);
        IReadOnlyList<Decl> decls = reader.ReadAll();
        return new TranslationUnit
        {
            SourceFile = sourceFile,
            Text = prepared.Text,
            Decls = decls,
            Errors = reader.RemainingErrors(),
            PlaceOf = lines.PlaceOf,
            HasGnuInline = options.HasGnuInline,
        };
    }
}
