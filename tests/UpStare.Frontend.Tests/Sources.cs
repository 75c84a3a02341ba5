using System.Text;
using UpStare.Frontend.Model;
using UpStare.Frontend.Parsing;
using UpStare.Frontend.Preprocessing;

namespace UpStare.Frontend.Tests;

/// <summary>From C text or fixtures to models, with gcc in between.</summary>
internal static class Sources
{
    public static string Fixtures { get; } = Path.Combine(Root(), "tests", "UpStare.Frontend.Tests", "fixtures");

    private static string Root()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "UpStare.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return directory ?? throw new InvalidOperationException("the tests run outside of the source tree");
    }

    public static byte[] Preprocess(string file)
    {
        using var diagnostics = new MemoryStream();
        PreprocessorResult result = Preprocessor.Run("gcc", ["-E", "-g0", Path.GetFileName(file)], Path.GetDirectoryName(file), diagnostics);
        Assert.True(result.ExitCode == 0, Encoding.UTF8.GetString(diagnostics.ToArray()));
        return result.Text;
    }

    public static TranslationUnit ParseFixture(string name) =>
        SourceParser.Parse(Preprocess(Path.Combine(Fixtures, name)), name, new ParseOptions());

    /// <summary>Parses text as it stands.</summary>
    public static TranslationUnit Parse(string text, string? standard = null) =>
        SourceParser.Parse(Encoding.Latin1.GetBytes(text), "test.c", new ParseOptions { Standard = standard });

    public static IEnumerable<Node> All(Node node) => node.Children.SelectMany(All).Prepend(node);

    public static IEnumerable<Node> All(TranslationUnit unit) => unit.Decls.SelectMany(All);

    public static FunctionDecl Function(this TranslationUnit unit, string name) =>
        unit.Decls.OfType<FunctionDecl>().Last(function => function.Name == name);

    public static VarDecl Variable(this TranslationUnit unit, string name) =>
        unit.Decls.OfType<VarDecl>().Last(variable => variable.Name == name);

    /// <summary>Compiles text and gives the object's bytes; fails the test with gcc's diagnostics.</summary>
    public static byte[] Compile(byte[] text, params string[] flags)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("upstare-test");
        try
        {
            string source = Path.Combine(directory.FullName, "a.i");
            string output = Path.Combine(directory.FullName, "a.o");
            File.WriteAllBytes(source, text);
            using var diagnostics = new MemoryStream();
            PreprocessorResult result = Preprocessor.Run("gcc", ["-w", .. flags, source, "-o", output], null, diagnostics);
            Assert.True(result.ExitCode == 0, Encoding.UTF8.GetString(diagnostics.ToArray()));
            return File.ReadAllBytes(output);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
