using System.Text;
using UpStare.Frontend.Text;

namespace UpStare.Frontend.Tests;

public sealed class TagTests
{
    private static string Prepare(string text) => Encoding.Latin1.GetString(TextPreparer.Prepare(Encoding.Latin1.GetBytes(text)).Text);

    [Theory]
    [InlineData("typedef struct { int a; } t;", "typedef struct __up_anon_t { int a; } t;")]
    [InlineData("typedef struct __attribute__((packed)) { int a; } *t;", "typedef struct __attribute__((packed)) __up_anon_t { int a; } *t;")]
    [InlineData("struct s { struct { int a; }; union { int b; } const u[2]; };", "struct s { struct { int a; }; union __up_anon_s_u { int b; } const u[2]; };")]
    [InlineData("struct s { struct { union { int a; } x; }; };", "struct s { struct { union __up_anon_s_x { int a; } x; }; };")]
    [InlineData("typedef struct{int a;}t;", "typedef struct __up_anon_t {int a;}t;")]
    [InlineData("enum { A = '}', B };", "enum __up_anon_A { A = '}', B };")]
    [InlineData("int f(void) { struct { int a; } s; { struct { int a; } s; } }", "int f(void) { struct __up_anon_f_s { int a; } s; { struct __up_anon_f_s__2 { int a; } s; } }")]
    [InlineData("struct named { int a; } x; struct fwd;", "struct named { int a; } x; struct fwd;")]
    [InlineData("int f(void) { for (struct { int a; } s;;) { enum { A } b; } }", "int f(void) { for (struct { int a; } s;;) { enum __up_anon_f_b { A } b; } }")]
    [InlineData("char s[] = \"struct { }\";", "char s[] = \"struct { }\";")]
    public void Unnamed_types_get_a_tag(string text, string expected) => Assert.Equal(expected, Prepare(text));

    [Fact]
    public void A_tag_does_not_depend_on_what_stands_elsewhere()
    {
        const string Part = "typedef struct { int a; struct { int b; } in; } t; int f(void) { enum { X } e; return 0; }";
        string longer = Prepare("typedef struct { int q; } other; int g(void) { struct { int z; } e; return 0; } " + Part);
        Assert.EndsWith(Prepare(Part), longer);
    }

    [Fact]
    public void Atomic_is_hidden_from_clang_only()
    {
        PreparedText text = TextPreparer.Prepare("struct { int a; } s; _Atomic int x; _Atomic(int) y;"u8.ToArray());
        Assert.Equal(text.Text.Length, text.ClangText.Length);
        Assert.DoesNotContain("_Atomic", Encoding.ASCII.GetString(text.ClangText));
        Assert.All(text.AtomicOffsets, at => Assert.Equal("_Atomic", Encoding.ASCII.GetString(text.Text, at, 7)));
        Assert.Equal(2, text.AtomicOffsets.Count);
    }
}
