using System.Text;
using UpStare.Frontend.Metadata;
using UpStare.Frontend.Model;
using UpStare.Frontend.Parsing;

namespace UpStare.Frontend.Tests;

/// <summary>
/// One C file for each group of constructs, and its model. UPSTARE_REFRESH=1 writes the expectations anew.
/// </summary>
public sealed class FixtureTests
{
    public static TheoryData<string> Fixtures() => [.. Directory.GetFiles(Sources.Fixtures, "*.c").Select(file => Path.GetFileName(file)!).Order()];

    [Theory]
    [MemberData(nameof(Fixtures))]
    public void Model_is_as_expected(string name)
    {
        string dump = ModelDumper.Dump(Sources.ParseFixture(name));
        string expected = Path.Combine(Sources.Fixtures, Path.ChangeExtension(name, ".txt"));
        if (Environment.GetEnvironmentVariable("UPSTARE_REFRESH") == "1")
        {
            File.WriteAllText(expected, dump);
        }

        Assert.True(File.Exists(expected), $"{name} has no expectation");
        Assert.Equal(File.ReadAllText(expected), dump);
    }

    [Fact]
    public void Every_expectation_has_its_source() =>
        Assert.All(Directory.GetFiles(Sources.Fixtures, "*.txt"), file => Assert.True(File.Exists(Path.ChangeExtension(file, ".c")), file));

    [Theory]
    [MemberData(nameof(Fixtures))]
    public void Offsets_hold(string name)
    {
        TranslationUnit unit = Sources.ParseFixture(name);
        Assert.Empty(unit.Errors);
        foreach (Decl decl in unit.Decls)
        {
            Assert.Null(ModelChecker.Check(decl, unit.Text));
            Assert.InRange(decl.Start, decl.GroupStart, decl.GroupEnd);
            Assert.InRange(decl.End, decl.Start, decl.GroupEnd);
        }

        foreach (Node node in Sources.All(unit))
        {
            switch (node)
            {
                case DeclRefExpr reference:
                    Assert.Equal(reference.Decl.Name, unit.Slice(node));
                    break;
                case MemberExpr member:
                    Assert.EndsWith(member.Field.Name, unit.Slice(node));
                    break;
                case ExprStmt or DeclStmt or ReturnStmt or BreakStmt or ContinueStmt or GotoStmt or DoStmt or AsmStmt:
                    Assert.Equal(';', (char)unit.Text[node.End - 1]);
                    break;
                case CompoundStmt:
                    Assert.Equal("{}", $"{(char)unit.Text[node.Start]}{(char)unit.Text[node.End - 1]}");
                    break;
                case UnknownStmt or UnknownExpr:
                    Assert.Equal("nested.c", name);
                    break;
                case Decl { NameStart: >= 0 } decl:
                    Assert.Equal(decl.Name, unit.Slice(decl.NameStart, decl.NameStart + decl.Name.Length));
                    break;
            }
        }
    }

    [Theory]
    [MemberData(nameof(Fixtures))]
    public void Tags_change_no_code(string name)
    {
        byte[] original = Sources.Preprocess(Path.Combine(Sources.Fixtures, name));
        TranslationUnit unit = SourceParser.Parse(original, name, new ParseOptions());
        Assert.Equal(Code(original), Code(unit.Text));

        static string Code(byte[] text)
        {
            ElfFile file = ElfFile.Parse(Sources.Compile(text, "-c", "-O1"), "a.o");
            return Convert.ToHexString(file.Bytes(file.Section(".text")!));
        }
    }

    /// <summary>gcc itself says whether types are printed, and records laid out, as it has them.</summary>
    [Theory]
    [MemberData(nameof(Fixtures))]
    public void Gcc_agrees_on_types_and_layouts(string name)
    {
        TranslationUnit unit = Sources.ParseFixture(name);
        var text = new StringBuilder(Encoding.Latin1.GetString(unit.Text));
        foreach (Decl decl in unit.Decls)
        {
            switch (decl)
            {
                case VarDecl variable when TypePrinter.CanPrint(variable.Type):
                    Same(variable.Name, variable.Type);
                    break;
                case FunctionDecl function when TypePrinter.CanPrint(function.Type):
                    Same(function.Name, function.Type);
                    break;
                case RecordDecl { IsComplete: true } record:
                    string type = (record.IsUnion ? "union " : "struct ") + record.Tag;
                    text.Append($"_Static_assert(sizeof({type}) == {record.Size} && _Alignof({type}) == {record.Align}, \"{type}\");\n");
                    foreach (FieldDecl field in record.Fields.Where(field => field.BitWidth < 0 && field.Name.Length > 0))
                    {
                        text.Append($"_Static_assert(__builtin_offsetof({type}, {field.Name}) * 8 == {field.OffsetBits}, \"{type}.{field.Name}\");\n");
                        Same($"(({type} *)0)->{field.Name}", field.Type);
                    }

                    break;
            }
        }

        Sources.Compile(Encoding.Latin1.GetBytes(text.ToString()), "-c");

        void Same(string expression, CType type) =>
            text.Append($"_Static_assert(__builtin_types_compatible_p(__typeof__({expression}), {TypePrinter.Declare(type, "")}), \"{expression}\");\n");
    }
}
