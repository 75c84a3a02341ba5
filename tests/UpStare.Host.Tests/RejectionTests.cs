namespace UpStare.Host.Tests;

/// <summary>What gcc rejects of the transformed text pins the functions that its errors are in, and nothing else.</summary>
public sealed class RejectionTests : IDisposable
{
    /// <summary>The label is one of ours: a function that gcc takes as it is, and rejects transformed.</summary>
    private const string Label = """
        #include <stdio.h>
        static int fine(int n) { return n ? fine(n - 1) + 1 : puts("deep"); }
        int odd(int n)
        {
        	if (n)
        		goto __up_end;
        	return fine(n + 3);
        __up_end:
        	return fine(n) * 2;
        }
        static int state;
        int main(void) { for (int i = 0; i < 9; i++) state += fine(i); return odd(0) + odd(state & 1) < 0; }
        """;

    /// <summary>These builtins can stand in functions that are inlined only, which a resume clone is not.</summary>
    private const string Pack = """
        #include <stdio.h>
        static inline __attribute__((always_inline)) int say(const char *f, ...)
        {
        	int n = printf(f, __builtin_va_arg_pack());
        	return n + __builtin_va_arg_pack_len();
        }
        static int many(int n) { return n ? many(n - 1) : 0; }
        int main(void) { int k = say("%d %d\n", 1, 2); return many(20) + k != 6; }
        """;

    private readonly TreePair _tree = new TreePair().With("label.c", Label).With("pack.c", Pack);

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void AFunctionThatTheCompilerRejectsIsPinned()
    {
        Assert.Equal(0, _tree.RunBoth("-O2 label.c -o prog").Code);
        string report = Tools.RunCc(_tree.Ours, "--report prog").Output;
        Assert.Contains("odd (label.c:3): the compiler rejects it transformed: duplicate label", report);
        Assert.Contains("2 functions, ", report);
        Assert.Contains(" 1 pinned functions, 0 plain files", report);
        RunsUpdated("prog: 3 functions, 5 continuation points, 5 mapped\nnothing changed\n");
    }

    [Fact]
    public void AResumeCloneThatTheCompilerRejectsPinsItsFunctionInThePatch()
    {
        Assert.Equal(0, _tree.RunBoth("-O2 pack.c -o prog").Code);
        Assert.Contains(" 0 pinned functions, 0 plain files", Tools.RunCc(_tree.Ours, "--report prog").Output);
        string said = RunsUpdated("prog: 3 functions, ");
        Assert.Contains("say (pack.c:2): is plain in the new version (the compiler rejects it transformed: invalid use of", said);
    }

    /// <summary>Makes a patch from the program to itself, applies it wherever it goes, and returns what upstare-patch said.</summary>
    private string RunsUpdated(string begin)
    {
        Outcome plain = Tools.Run(_tree.Plain, Path.Combine(_tree.Plain, "prog"), []);
        Outcome patched = Tools.Run(_tree.Ours, Tools.Tool("upstare-patch"), ["prog", "prog", "-o", "same.so"]);
        Assert.True(patched.Code == 0, patched.Errors);
        Assert.StartsWith(begin, patched.Output);
        Outcome run = Tools.Run(_tree.Ours, Tools.Tool("upstare-run"), ["--every", "1", "same.so", "--", "./prog"]);
        Assert.Equal((plain.Code, plain.Output), (run.Code, run.Output));
        Assert.Matches("^upstare-run: [1-9][0-9]+ updates applied, ", run.Errors);
        return patched.Output;
    }
}
