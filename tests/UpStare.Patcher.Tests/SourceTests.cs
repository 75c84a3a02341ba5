using UpStare.Patcher.Build;
using UpStare.Patcher.Compare;
using UpStare.Patcher.Source;

namespace UpStare.Patcher.Tests;

/// <summary>The generated source compiles (its assertions of sizes and offsets hold) and says what it should.</summary>
public class SourceTests
{
    private const string Prelude = "extern unsigned sleep(unsigned); extern int usleep(unsigned);\n";

    [Theory]
    [InlineData("int x; short y;", "short y; long x;")]
    [InlineData("char c; int b1 : 3; int b2 : 7; long z;", "int b2 : 9; char c; int b1 : 3; unsigned n; long z;")]
    [InlineData("int a[3]; struct { int p, q; } in[2];", "long a[5]; struct { char r; int q, p; } in[3];")]
    [InlineData("union { int i; float f; } u; void (*fn)(int); struct s *next;", "void (*fn)(int); struct s *next; union { int i; float f; } u; int more;")]
    [InlineData("struct { int one; union { int two; char three[4]; }; }; double d;", "double d; struct { int one; union { int two; char three[4]; }; }; int e;")]
    [InlineData("_Bool b; enum { red, green } colour; long double ld;", "enum { blue, red, green } colour; _Bool b; long double ld;")]
    [InlineData("char a; int b; } __attribute__((packed)); struct other { int q;", "char a; char n; int b; } __attribute__((packed)); struct other { int q;")]
    public void RecordsAreConvertedFieldByField(string old, string now)
    {
        const string Use = "struct s v = { 0 }; struct s w[4]; void *p(int i) { return i ? (void *)&v : &w[i]; }"
            + "extern void use(struct s *); void f(void) { struct s local = { 0 }; use(&local); sleep(1); use(&local); }";
        PatchPlan plan = Sample.Compare(Prelude + "struct s { " + old + " };" + Use, Prelude + "struct s { " + now + " };" + Use);
        PatchText text = PatchSource.Write(plan, [], []);
        Assert.DoesNotContain(plan.Findings, f => f.Handling > Handling.Assumed);
        Assert.Equal(2, plan.Variables.Count(v => v.Action == VariableAction.Convert));
        Assert.Contains("upstare_frame_alloc", text.Code, StringComparison.Ordinal);
        Assert.Contains("upstare_moved", text.Code, StringComparison.Ordinal);
        Compile(text);
    }

    [Fact]
    public void FramesTakeVariablesByName()
    {
        PatchPlan plan = Sample.Compare(
            Prelude + "int f(int a, short b) { int c = a; for (int i = 0; i < b; i++) { sleep(i); c += i; } return c; }",
            Prelude + "int f(int a, long b) { int added = 7; int c = a; for (int i = 0; i < b; i++) { sleep(i); c += i + added; } return c; }");
        PatchText text = PatchSource.Write(plan, [], []);
        Assert.Contains("n->a = o->a;", text.Code, StringComparison.Ordinal);
        Assert.Contains("n->b = o->b;", text.Code, StringComparison.Ordinal);
        Assert.Contains("n->added = 7; /* new */", text.Code, StringComparison.Ordinal);
        Assert.Contains("static const int32_t points_f[]", text.Code, StringComparison.Ordinal);
        Compile(text);
    }

    [Fact]
    public void InitialisersAreCheckedBeforeTheyAreReplaced()
    {
        const string Use = " void *p(int i) { return i == 0 ? (void *)&a : i == 1 ? (void *)&b : &c; }";
        PatchPlan plan = Sample.Compare(
            "int a = 3; const char *b = \"old\"; char c[8] = \"old\";" + Use, "int a = 4; const char *b = \"new\"; char c[8] = \"new\";" + Use);
        PatchText text = PatchSource.Write(plan, [], []);
        Assert.Contains(".nreinits = 3", text.Code, StringComparison.Ordinal);
        Assert.Contains("upstare_is_literal", text.Code, StringComparison.Ordinal);
        Compile(text);
    }

    /// <summary>The runtime looks for it before the names are the new version's.</summary>
    [Fact]
    public void AnInitialValueIsGivenByTheOldName()
    {
        PatchPlan plan = Sample.Compare(
            "int *f(void) { static int v = 1; return &v; } int main(void) { return *f(); }",
            "int *g(void) { static int v = 2; return &v; } int main(void) { return *g(); }", new UserMapping("f", "g", []));
        PatchText text = PatchSource.Write(plan, [], []);
        Assert.Contains(".key = \"sample.c:f:v\", .size = 4, .value = ", text.Code, StringComparison.Ordinal);
    }

    [Fact]
    public void AnIdentityHasEmptyTables()
    {
        const string Source = Prelude + "int v = 3; int *p(void) { return &v; } int main(void) { return sleep(1); }";
        PatchText text = PatchSource.Write(Sample.Compare(Source, Source), [], []);
        Assert.Contains(".nmaps = 1", text.Code, StringComparison.Ordinal);
        Assert.Contains(".nglobals = 0", text.Code, StringComparison.Ordinal);
        Assert.Contains(".points = NULL", text.Code, StringComparison.Ordinal);
        Compile(text);
    }

    [Fact]
    public void WhatIsNewHasReadableNames()
    {
        PatchPlan plan = Sample.Compare(
            Prelude + "static int old; int *f(void) { sleep(1); return &old; }",
            Prelude + "struct in { int a; struct in *next; }; static int old; static struct in *list; int shared = 3; static int private(int n) { return n; }"
                + "struct in *make(struct in *i, int (*g)(int), ...) { static int count; count++; return i; }"
                + "int *f(void) { sleep(1); list = make(list, private, shared); return &old; }");
        var stub = new Import("upstare_f_0000000b_private", "sample.c:private", null, "UPSTARE_IMPORT_STUB", 0);
        Assert.DoesNotContain("new_old", PatchSource.Write(plan, [stub], [], forUser: true).Header, StringComparison.Ordinal);
        PatchText text = PatchSource.Write(plan, [stub, new Import("upstare_v_0000000b_old", "sample.c:old", null, "UPSTARE_IMPORT_VARIABLE", 4)], [], forUser: true);
        Assert.DoesNotContain("new_list", PatchSource.Write(plan, [stub], []).Header, StringComparison.Ordinal);
        Compile(text);
        string directory = Directory.CreateTempSubdirectory("upstare-test-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(directory, "transformers.c"), """
                #include "patch.h"
                void user_after(struct upstare_context *ctx)
                {
                	(void)ctx;
                	new_list = new_make(new_list, (void (*)(void))new_private, 1);
                	new_list->a = new_private(new_shared) + new_make_count + new_old;
                }
                """);
            var builder = new PatchBuilder(directory, ["gcc", "-Werror"]);
            (List<string> objects, _) = builder.BuildSource(text, directory, null);
            string symbols = Sample.Run("nm", null, "-u", objects[^1]);
            foreach (string symbol in new[] { "upstare_v_0000000b_list", "upstare_v_0000000b_old", "upstare_v_0000000b_make__count", "upstare_f_0000000b_private", "shared", "make" })
            {
                Assert.Contains(" " + symbol + "\n", symbols, StringComparison.Ordinal);
            }
        }
        finally
        {
            Directory.Delete(directory, true);
        }
    }

    [Fact]
    public void UserFilesComeBackAsTheyWereWritten()
    {
        string directory = Directory.CreateTempSubdirectory("upstare-test-").FullName;
        try
        {
            PatchPlan plan = Sample.Compare(
                Prelude + "void f(void) { sleep(1); }", Prelude + "void f(void) { sleep(2); usleep(1); }");
            UserFiles.Emit(directory, plan, PatchSource.Write(plan, [], []));
            Assert.Empty(UserFiles.ReadMappings(directory));
            Assert.Null(UserFiles.EditedCode(directory));
            Sample.Run("gcc", null, "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", Path.Combine(directory, "mappings.c"));
            string mappings = Path.Combine(directory, "mappings.c");
            File.WriteAllText(mappings, File.ReadAllText(mappings).Replace(
                "/* FOR THE USER:", "{ \"f\", \"f\", 2, {{0, 1}, {1, -1}} },\n/* FOR THE USER:", StringComparison.Ordinal));
            UserMapping mapping = Assert.Single(UserFiles.ReadMappings(directory));
            Assert.Equal(("f", "f"), (mapping.OldFunction, mapping.NewFunction));
            Assert.Equal([(0, 1), (1, -1)], mapping.Points);
            File.AppendAllText(Path.Combine(directory, "patch.c"), "/* mine */\n");
            Assert.EndsWith("/* mine */\n", UserFiles.EditedCode(directory), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(directory, true);
        }
    }

    [Theory]
    [InlineData("extern int a __attribute__((visibility(\"hidden\")));", "extern int a __attribute__((visibility(\"default\")));")]
    [InlineData("__attribute__ (( __visibility__ ( \"internal\" ))) extern int b;", "__attribute__ (( __visibility__ ( \"default\" ))) extern int b;")]
    [InlineData("#pragma GCC visibility push(hidden)\nint visibility;", "#pragma GCC visibility push(default)\nint visibility;")]
    [InlineData("extern char upstare_flag __attribute__((visibility(\"hidden\")));", "extern char upstare_flag __attribute__((visibility(\"hidden\")));")]
    public void HiddenDeclarationsCanBeBoundElsewhere(string text, string expected) =>
        Assert.Equal(expected, System.Text.Encoding.Latin1.GetString(Visibility.Open(System.Text.Encoding.Latin1.GetBytes(text))));

    internal static void Compile(PatchText text)
    {
        string directory = Directory.CreateTempSubdirectory("upstare-test-").FullName;
        try
        {
            new PatchBuilder(directory, ["gcc"]).BuildSource(text, null, null);
        }
        finally
        {
            Directory.Delete(directory, true);
        }
    }
}
