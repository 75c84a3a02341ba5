using System.Text;
using UpStare.Frontend.Model;
using UpStare.Instrument;
using UpStare.Patcher.Compare;
using UpStare.Patcher.Source;

namespace UpStare.Patcher.Tests;

/// <summary>Members that are new in a variable on the stack start as the new version's declaration says.</summary>
public class InitialiserTests
{
    private const string Types = """
        #include <unistd.h>
        enum colour { red, green = 7 };
        struct in { int p, q; char tag[4]; };
        struct s { int a; struct in in[2]; long b; const char *text; unsigned bits : 3, more : 4; enum colour colour; double d; union { int i; char c[4]; } u; struct { short x, y; }; int last; };
        extern void use(void *);

        """;

    /// <summary>gcc says what each part is initialised with; what the patcher says it knows must be the same.</summary>
    [Theory]
    [InlineData("{ 1, { { 2, 3, \"abc\" }, { 4, 5, { 6 } } }, -1, \"text\", 5, 6, green, 1.5, { 8 }, { 9, 10 }, 11 }", 0)]
    [InlineData("{ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, -15 }", 0)] // no inner braces
    [InlineData("{ .last = -1, .d = 2.5, .in[1].q = 3 }", -1)]
    [InlineData("{ .in = { [1] = { .q = 3 } }, .b = -2, 0, 3, .last = ~0 }", 0)]
    [InlineData("{ 1, { [0 ... 1] = { 2, 3 } } }", -1)]
    [InlineData("{ 0 }", 0)]
    [InlineData("{ }", 0)]
    [InlineData("{ (int)sizeof(long), { { 1, 2 }, 3 }, (long)1 << 40, (void *)0, 1 ? 2 : 3 }", 2)]
    [InlineData("{ getpid(), .b = 4, 5 }", 1)]
    [InlineData("{ .in = { { 1, 2 } }, .in = { { .q = 3 } }, .y = 3 }", -1)] // of a member without a name
    [InlineData("{ .in = { { 1, 2 } }, .in = { { .q = 3 } }, .last = 3 }", 0)]
    public void KnownPartsAreWhatGccMakesOfThem(string initialiser, int unknown)
    {
        string source = Types + "void f(void) { struct s v = " + initialiser + "; use(&v); sleep(1); }\n";
        FunctionEntry f = Sample.Program(source).Functions["f"];
        VarDecl v = f.Plan.Variables.First(x => x.Name == "v").Decl!;
        var values = Initialisers.Of(f.Unit.Plan.Unit, v);
        Assert.Equal(unknown < 0, values.IsUnknown);
        var program = new StringBuilder(Types + "#include <stdio.h>\nint main(void) { int wrong = 0; struct s v = " + initialiser + ";\n");
        int known = 0;
        List<(string Path, CType Type)> parts = NewParts.Of(null, v.Type)!;
        Assert.Equal(22, parts.Count);
        foreach ((string path, CType type) in parts)
        {
            if (values.Value(path, type) is not string value)
            {
                continue;
            }

            known++;
            string same = path == ".text" ? $"v.text == {value} || (v.text && ({value}) && !__builtin_strcmp(v.text, {value}))" : $"v{path} == {value}";
            program.Append($"if (!({same})) {{ wrong = 1; puts(\"{path}\"); }}\n");
        }

        if (unknown >= 0)
        {
            // The characters of a string are not told one by one.
            Assert.Equal(parts.Count - unknown - (initialiser.Contains("\"abc\"", StringComparison.Ordinal) ? 4 : 0), known);
        }

        string directory = Directory.CreateTempSubdirectory("upstare-test-").FullName;
        try
        {
            string binary = Path.Combine(directory, "program");
            Sample.Run("gcc", program.Append("return wrong; }\n").ToString(), "-w", "-x", "c", "-o", binary, "-");
            Sample.Run(binary, null);
        }
        finally
        {
            Directory.Delete(directory, true);
        }
    }

    [Fact]
    public void NewMembersOfAStructOnTheStackAreInitialised()
    {
        const string Use = "extern void use(void *); void f(void) { struct s v = INIT; use(&v); sleep(1); use(&v); }";
        (PatchPlan plan, PatchText text) = Compare("struct s { int a; };" + Use.Replace("INIT", "{ 3 }"), "struct s { int a, fd; struct { long x, y; } in; };" + Use.Replace("INIT", "{ 4, -1, { 0, 7 } }"));
        Assert.Contains("(*n->v).fd = -(1); /* new */", text.Code, StringComparison.Ordinal);
        Assert.Contains("(*n->v).in.y = 7; /* new */", text.Code, StringComparison.Ordinal);
        Assert.DoesNotContain(").a = 4", text.Code, StringComparison.Ordinal);
        Finding found = Assert.Single(plan.Findings, f => f.Text.Contains("new members of variable v", StringComparison.Ordinal));
        Assert.Equal(Handling.Assumed, found.Handling);
        Assert.EndsWith("start as its declaration says: fd = -(1), in.x = 0, in.y = 7", found.Text);
    }

    [Theory]
    [InlineData("struct s v; v.a = 0; v.fd = -1;")] // code that was passed
    [InlineData("struct s v = { 0, getpid() };")]
    public void WhatOnlyRunningCodeKnowsIsSaidToBeZero(string declaration)
    {
        (PatchPlan plan, PatchText text) = Compare(
            "struct s { int a; }; extern void use(void *); void f(void) { struct s v = { 0 }; use(&v); sleep(1); }",
            "struct s { int a, fd; }; extern void use(void *); void f(void) { " + declaration + " use(&v); sleep(1); }");
        Assert.DoesNotContain("(*n->v).fd", text.Code, StringComparison.Ordinal);
        Assert.Single(plan.Findings, f => f.Handling == Handling.Assumed && f.Text.StartsWith("new members of variable v start as zero", StringComparison.Ordinal) && f.Text.EndsWith(": fd", StringComparison.Ordinal));
    }

    [Fact]
    public void NewElementsAndNewVariablesToo()
    {
        (_, PatchText text) = Compare(
            "extern void use(void *); void f(void) { int t[2] = { 1, 2 }; use(t); sleep(1); }",
            "extern void use(void *); struct p { int x; float y; }; void f(void) { long t[4] = { 1, 2, 3, [3] = 4 }; struct p small = { 5, 6 }; use(t); sleep(small.x); }");
        Assert.Contains("(*n->t)[2] = 3; /* new */", text.Code, StringComparison.Ordinal);
        Assert.Contains("(*n->t)[3] = 4; /* new */", text.Code, StringComparison.Ordinal);
        Assert.Contains("n->small.y = 6; /* new */", text.Code, StringComparison.Ordinal);
    }

    private static (PatchPlan Plan, PatchText Text) Compare(string old, string now)
    {
        const string Prelude = "#include <unistd.h>\n";
        PatchPlan plan = Sample.Compare(Prelude + old, Prelude + now);
        PatchText text = PatchSource.Write(plan, [], []);
        SourceTests.Compile(text);
        return (plan, text);
    }
}
