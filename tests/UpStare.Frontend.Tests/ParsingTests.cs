using System.Text;
using UpStare.Frontend.Model;
using UpStare.Frontend.Parsing;

namespace UpStare.Frontend.Tests;

public sealed class ParsingTests
{
    [Fact]
    public void Places_come_from_line_markers()
    {
        TranslationUnit unit = Sources.Parse("# 1 \"dir/a b.c\"\nint x;\n# 40 \"/usr/include/h.h\" 1 3\nextern int\ny;\n\n# 3 \"dir/a b.c\" 2\nint z;\n");
        Assert.Equal(new SourcePlace("dir/a b.c", 1, 5), unit.PlaceOf(unit.Variable("x").NameStart));
        Assert.Equal(new SourcePlace("/usr/include/h.h", 41, 1), unit.PlaceOf(unit.Variable("y").NameStart));
        Assert.Equal(3, unit.PlaceOf(unit.Variable("z").NameStart).Line);
        Assert.Equal([false, true, false], unit.Decls.Select(decl => decl.InSystemHeader));
    }

    [Fact]
    public void What_only_a_header_of_the_systems_declares_is_the_systems()
    {
        TranslationUnit unit = Sources.Parse("""
            # 1 "/usr/include/h.h" 1 3 4
            extern int declared;
            int defined;
            static int plain(void) { return 1; }
            static int counting(void) { static int n; return ++n; }
            # 1 "third/t.h" 1 3
            int third(void);
            # 5 "a.c" 2

            # 5 "a.c" 3 4
            _Bool
            # 5 "a.c"
                 flag =
            # 5 "a.c" 3 4
                        0
            # 5 "a.c"
                         ;
            # 7 "a.c" 3 4
            static int macros(void) { return 1; }

            """);
        Assert.Equal(["declared", "plain"], unit.Decls.Where(decl => decl.InSystemHeader).Select(decl => decl.Name));
    }

    [Fact]
    public void What_a_transparent_union_takes_is_as_it_was_written()
    {
        TranslationUnit unit = Sources.Parse("""
            struct s; union u { struct s *s; int *i; } __attribute__((transparent_union)); typedef union u any;
            int take(int, any); int v;
            int f(void) { return take(1, &v) + take(2, (union u){ .i = &v }); }
            """);
        var sum = Assert.IsType<BinaryExpr>(Assert.IsType<ReturnStmt>(Assert.Single(unit.Function("f").Body!.Body)).Value);
        Assert.IsType<UnaryExpr>(Assert.IsType<CallExpr>(sum.Left).Arguments[1]);
        Assert.IsType<CompoundLiteralExpr>(Assert.IsType<CallExpr>(sum.Right).Arguments[1]);
    }

    [Fact]
    public void Line_markers_may_stand_between_any_tokens()
    {
        TranslationUnit unit = Sources.Parse("int f(void)\n{\n return 1\n# 7 \"x.c\"\n + 2\n# 9 \"x.c\"\n;\n}\n");
        var result = Assert.IsType<ReturnStmt>(Assert.Single(unit.Function("f").Body!.Body));
        Assert.Equal(';', (char)unit.Text[result.End - 1]);
        Assert.Equal("+", Assert.IsType<BinaryExpr>(result.Value).Op);
    }

    [Fact]
    public void Entities_are_shared_by_redeclarations_and_references()
    {
        TranslationUnit unit = Sources.Parse("static int f(int); int g(void) { return f(1); } int f(int a) { extern int v; return v + a; } int v;");
        FunctionDecl definition = unit.Function("f");
        var call = Sources.All(unit).OfType<CallExpr>().Single();
        Assert.Same(unit.Decls[0], definition.Entity);
        Assert.Same(definition.Entity, call.Function);
        Assert.Same(definition, call.Function!.Definition);
        Assert.True(definition.IsStatic);
        var reference = Sources.All(definition).OfType<DeclRefExpr>().First();
        Assert.Same(unit.Variable("v").Entity, reference.Decl.Entity);
    }

    [Fact]
    public void An_error_in_a_body_stays_in_its_function()
    {
        TranslationUnit unit = Sources.Parse("int f(void) { return _Decimal64_is_unknown; } int g(void) { return 1; }");
        Assert.Empty(unit.Errors);
        Assert.IsType<UnknownStmt>(Assert.Single(unit.Function("f").Body!.Body));
        Assert.IsType<ReturnStmt>(Assert.Single(unit.Function("g").Body!.Body));
    }

    [Fact]
    public void An_error_at_file_level_is_reported_with_its_place()
    {
        TranslationUnit unit = Sources.Parse("# 5 \"e.c\"\nint f(unknown_type x);\n");
        Assert.StartsWith("e.c:5: ", Assert.Single(unit.Errors));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n# 1 \"a.c\"\n")]
    [InlineData(";;")]
    public void Empty_files_parse(string text)
    {
        TranslationUnit unit = Sources.Parse(text);
        Assert.Empty(unit.Errors);
        Assert.DoesNotContain(unit.Decls, decl => decl is not OtherDecl);
    }

    [Fact]
    public void Flags_of_the_command_line_count()
    {
        var options = new ParseOptions { Standard = "c89", Flags = ["-O2", "-fshort-enums", "-Wall"] };
        TranslationUnit unit = SourceParser.Parse(Encoding.ASCII.GetBytes("enum e { A } x; int inline = 1;"), "a.c", options);
        Assert.Empty(unit.Errors);
        Assert.Equal(1, unit.Variable("x").Type.Size);
    }

    [Fact]
    public void Deep_nesting_is_no_problem()
    {
        var text = new StringBuilder("int f(int a) { return 0");
        for (int i = 0; i < 5000; i++)
        {
            text.Append(" + a");
        }

        text.Append("; } int g(int a) {");
        for (int i = 0; i < 1000; i++)
        {
            text.Append($" if (a == {i}) return {i}; else");
        }

        text.Append(" return -1; }");
        TranslationUnit unit = Sources.Parse(text.ToString());
        Assert.Empty(unit.Errors);
        Assert.IsType<ReturnStmt>(unit.Function("f").Body!.Body[0]);
        Assert.IsType<IfStmt>(unit.Function("g").Body!.Body[0]);
    }
}
