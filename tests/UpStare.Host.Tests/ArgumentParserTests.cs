using UpStare.Host.Cc;

namespace UpStare.Host.Tests;

/// <summary>gcc's command line is taken apart as gcc does it.</summary>
public sealed class ArgumentParserTests
{
    [Theory]
    [InlineData("-c a.c", OutputMode.Object)]
    [InlineData("-c -S a.c", OutputMode.Assembly)]
    [InlineData("-S -c a.c", OutputMode.Assembly)]
    [InlineData("a.c", OutputMode.Link)]
    [InlineData("a.o b.a -o x", OutputMode.Link)]
    [InlineData("-E -c a.c", OutputMode.Passthrough)]
    [InlineData("-c", OutputMode.Passthrough)]
    [InlineData("-v", OutputMode.Passthrough)]
    [InlineData("-o x", OutputMode.Passthrough)]
    [InlineData("-M a.c", OutputMode.Passthrough)]
    public void Modes(string line, OutputMode mode) => Assert.Equal(mode, ArgumentParser.Parse(line.Split(' ')).Mode);

    [Theory]
    [InlineData("a.c", InputKind.C)]
    [InlineData("dir.c/a.o", InputKind.Linker)]
    [InlineData("dir.c/a", InputKind.Linker)]
    [InlineData("a.i", InputKind.PreprocessedC)]
    [InlineData("a.cc", InputKind.OtherSource)]
    [InlineData("a.C", InputKind.OtherSource)]
    [InlineData("a.S", InputKind.OtherSource)]
    [InlineData("a.h", InputKind.Header)]
    [InlineData("liba.so.1", InputKind.Linker)]
    public void Kinds(string file, InputKind kind) => Assert.Equal(kind, Assert.Single(ArgumentParser.Parse(["-c", file]).Inputs).Kind);

    [Theory]
    [InlineData("-I dir.c -include x.c -D Y.c -MF z.c -Xlinker l.c -T t.c -u u.c a.c", "a.c")]
    [InlineData("-x c one two -x none three.o four.c", "one two three.o four.c")]
    [InlineData("-xc one -xnone two.o", "one two.o")]
    [InlineData("-o out.c a.c -L lib.c -l m.c", "a.c")]
    public void Inputs(string line, string inputs) =>
        Assert.Equal(inputs, string.Join(' ', ArgumentParser.Parse(line.Split(' ')).Inputs.Select(i => i.Path)));

    [Theory]
    [InlineData("-DX", OptionKind.Preprocessor)]
    [InlineData("-undef", OptionKind.Preprocessor)]
    [InlineData("-isystem", OptionKind.Preprocessor)]
    [InlineData("-Wall", OptionKind.Warning)]
    [InlineData("-Wl,-z,now", OptionKind.Linker)]
    [InlineData("-Wa,--noexecstack", OptionKind.Code)]
    [InlineData("-Wp,-D_FORTIFY_SOURCE=2", OptionKind.Preprocessor)]
    [InlineData("-O2", OptionKind.Code)]
    [InlineData("-std=c99", OptionKind.Code)]
    [InlineData("-fstack-protector-strong", OptionKind.Code)]
    [InlineData("-static", OptionKind.Linker)]
    [InlineData("-pthread", OptionKind.Code)]
    [InlineData("-pie", OptionKind.Code)]
    [InlineData("-pedantic-errors", OptionKind.Warning)]
    [InlineData("-MMD", OptionKind.Dependency)]
    [InlineData("-march=native", OptionKind.Code)]
    [InlineData("-flto=auto", OptionKind.PlainOnly)]
    [InlineData("-fdump-tree-all", OptionKind.Auxiliary)]
    public void Groups(string word, OptionKind kind) => Assert.Equal(kind, Assert.Single(ArgumentParser.Parse([word]).Options).Kind);
}
