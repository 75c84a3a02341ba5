using System.Runtime.ExceptionServices;
using UpStare.Frontend.Model;
using UpStare.Frontend.Text;

namespace UpStare.Frontend.Parsing;

/// <summary>From preprocessed text to the program model.</summary>
public static class SourceParser
{
    // Recursion follows the nesting of the source; generated code nests deeply. Pages are only touched when used.
    private const int StackSize = 512 << 20;

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
    public static TranslationUnit Parse(byte[] preprocessed, string sourceFile, ParseOptions options)
    {
        TranslationUnit? result = null;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    result = ParseHere(preprocessed, sourceFile, options);
                }
                catch (Exception exception)
                {
                    failure = ExceptionDispatchInfo.Capture(exception);
                }
            },
            StackSize);
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result!;
    }

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
        };
    }
}
