using UpStare.Frontend.Model;

namespace UpStare.Frontend.Tests;

public sealed class TypeTests
{
    private const string Recursive = "struct list { struct list *next; struct item *item; }; struct item { struct list *owner; int FIELD; }; struct list v;";

    private static CType TypeOf(string text) => Sources.Parse(text).Variable("v").Type;

    [Theory]
    [InlineData("int v;", "typedef int number; number v;", true)]
    [InlineData("int v;", "unsigned v;", false)]
    [InlineData("const int v;", "int v;", true)]
    [InlineData("const char *v;", "char *v;", false)]
    [InlineData("int v[3];", "int v[4];", false)]
    [InlineData("int (*v)(int, ...);", "int (*v)(int);", false)]
    [InlineData("int (*v)(int);", "int (*v)(int);", true)]
    [InlineData("struct { int a; } v;", "struct { int a; } v;", true)]
    [InlineData("struct { int a; } v;", "struct { int b; } v;", false)]
    [InlineData("struct s { int a : 3; } v;", "struct s { int a : 4; } v;", false)]
    [InlineData("enum e { A, B } v;", "enum e { B, A } v;", false)]
    [InlineData("struct s *v;", "struct s { int a; } *v;", false)]
    public void Types_of_two_versions_compare(string old, string @new, bool same) =>
        Assert.Equal(same, new TypeEquality().Same(TypeOf(old), TypeOf(@new)));

    [Fact]
    public void Records_that_refer_to_each_other_compare()
    {
        TypeEquality equality = new();
        CType old = TypeOf(Recursive.Replace("FIELD", "a"));
        Assert.True(equality.Same(old, TypeOf(Recursive.Replace("FIELD", "a"))));
        CType changed = TypeOf(Recursive.Replace("FIELD", "b"));
        Assert.False(equality.Same(old, changed));

        // The answer for the inner record must not be what was assumed while the outer one was open.
        CType oldItem = ((RecordType)old).Decl.Fields[1].Type;
        CType newItem = ((RecordType)changed).Decl.Fields[1].Type;
        Assert.False(equality.Same(oldItem, newItem));
    }

    [Theory]
    [InlineData("int *const *v[3];", "int *const *v[3]")]
    [InlineData("int (*(*v)(int, char *))[2][3];", "int (*(*v)(int, char *))[2][3]")]
    [InlineData("struct { int a; } v;", "struct __up_anon_v v")]
    [InlineData("volatile unsigned long long v;", "volatile unsigned long long v")]
    public void Types_are_printed(string text, string expected) => Assert.Equal(expected, TypePrinter.Declare(TypeOf(text), "v"));

    [Fact]
    public void Names_can_be_changed_for_both_versions_side_by_side()
    {
        CType type = TypeOf("typedef int number; struct s { number n; }; number (*v)(struct s *, enum e { A });");
        Assert.Equal("old_number (*v)(struct old_s *, enum old_e)", TypePrinter.Declare(type, "v", (_, name) => "old_" + name));
    }

    [Fact]
    public void What_cannot_be_written_is_refused()
    {
        TranslationUnit unit = Sources.Parse("void f(int n) { int v[n]; }");
        CType type = Sources.All(unit).OfType<VarDecl>().Single(variable => variable.Name == "v").Type;
        Assert.False(TypePrinter.CanPrint(type));
        Assert.Throws<NotSupportedException>(() => TypePrinter.Declare(type, "v"));
    }
}
