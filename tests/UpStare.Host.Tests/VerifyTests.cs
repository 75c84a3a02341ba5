namespace UpStare.Host.Tests;

/// <summary>upstare-cc --verify and --report over programs that are right, and over code that is not.</summary>
public sealed class VerifyTests : IDisposable
{
    private const string Source = """
        #include <stdio.h>
        #include <unistd.h>
        static int work(int n) { char c; return read(-1, &c, 1) < 0 ? n : c; }
        static int twice(int n) { return work(n) + work(n + 1); }
        int (*pointer)(int) = twice;
        int main(int argc, char **argv)
        {
            int s = 0;
            for (int i = 0; i < 4; i++)
                s += pointer(i) + twice(argc) * 0;
            printf("%d\n", s);
            return 0;
        }
        """;

    private readonly TreePair _tree = new TreePair().With("main.c", Source);

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData("-O0")]
    [InlineData("-O1")]
    [InlineData("-O2")]
    [InlineData("-O3")]
    [InlineData("-Os")]
    [InlineData("-O2 -fstack-protector-all -D_FORTIFY_SOURCE=2 -fcf-protection")]
    [InlineData("-O2 -fPIC -shared")]
    public void WhatWeBuildIsRight(string flags)
    {
        Assert.Equal(new Outcome(0, "", ""), Tools.RunCc(_tree.Ours, flags + " main.c -o prog"));
        Outcome verified = Tools.RunCc(_tree.Ours, "--verify prog");
        Assert.EndsWith("verified: no violations\n", verified.Output);
        Assert.Equal(0, verified.Code);
        Assert.DoesNotContain(" 0 checks,", verified.Output);
    }

    /// <summary>In a function without calls gcc puts what an exit has no registers for below the stack pointer, and may: nothing else is there.</summary>
    [Fact]
    public void TheRedZoneIsALeafs()
    {
        _tree.With("leaf.c", """
            #include <stdlib.h>
            struct piece { const char *p; unsigned long n; };
            __attribute__((noinline)) struct piece find(struct piece in, struct piece what, long *a, long *b, long *c, long *d)
            {
                long x = *a, y = *b, z = *c, w = *d;
                for (;;) {
                again:
                    while (in.n && *in.p != *what.p)
                        in.p++, in.n--, x += y, y ^= z, z += w, w ^= x;
                    if (in.n < what.n)
                        break;
                    for (unsigned long i = 1; i < what.n; i++)
                        if (in.p[i] != what.p[i]) {
                            in.p++, in.n--;
                            goto again;
                        }
                    break;
                }
                *a = x, *b = y, *c = z, *d = w;
                return in;
            }
            int main(int argc, char **argv)
            {
                long a = argc, b = 2, c = 3, d = 4;
                struct piece in = {argv[0], 5}, what = {argv[0] + 1, 2};
                in = find(in, what, &a, &b, &c, &d);
                return in.n == 77 && system("true");
            }
            """);
        Assert.Equal(0, Tools.RunCc(_tree.Ours, "-O2 leaf.c -o leaf", ("UPSTARE_POINTS", "all")).Code);
        Assert.Matches(@"mov +%r\w+,-0x[0-9a-f]+\(%rsp\)", Tools.Run(_tree.Ours, "objdump", ["-d", "--no-show-raw-insn", "leaf"]).Output);
        Outcome verified = Tools.RunCc(_tree.Ours, "--verify leaf");
        Assert.EndsWith("verified: no violations\n", verified.Output);
    }

    [Fact]
    public void ACallOnAnExitIsFound()
    {
        string keep = Path.Combine(_tree.Ours, "keep");
        Assert.Equal(0, Tools.RunCc(_tree.Ours, "-O2 main.c -o prog", ("UPSTARE_KEEP", keep)).Code);

        // An exit that calls a function: what the verifier is there to find.
        string hot = File.ReadAllText(Path.Combine(keep, "main.hot.c"));
        string broken = hot.Replace("\"998:\\tje 999f\\n\\t\"", "\"998:\\tje 999f\\n\\tcall getpid\\n\\t\"", StringComparison.Ordinal)
            .Replace("\"998:\\tje 999b\\n\\t\"", "\"998:\\tje 999b\\n\\tcall getpid\\n\\t\"", StringComparison.Ordinal);
        Assert.NotEqual(hot, broken);
        File.WriteAllText(Path.Combine(keep, "main.hot.c"), WithoutUnits(broken));
        File.WriteAllText(Path.Combine(keep, "main.clone.c"), WithoutUnits(File.ReadAllText(Path.Combine(keep, "main.clone.c"))));
        Outcome compiled = Tools.RunGcc(_tree.Ours, "-w -O2 -undef -nostdinc -fno-partial-inlining -fasynchronous-unwind-tables -c keep/main.hot.c keep/main.clone.c");
        Assert.Equal(new Outcome(0, "", ""), compiled);
        Assert.Equal(new Outcome(0, "", ""), Tools.RunCc(_tree.Ours, "main.hot.o main.clone.o -o prog"));
        Outcome verified = Tools.RunCc(_tree.Ours, "--verify prog --json");
        Assert.Equal(4, verified.Code);
        Assert.Contains("the exit holds call", verified.Output);
    }

    [Fact]
    public void TheReportNamesFunctionsAndPlainFiles()
    {
        _tree.With("plain.c", "int plain(int n) { return n; }\n");
        Assert.Equal(0, Tools.RunCc(_tree.Ours, "-c -finstrument-functions plain.c").Code);
        Assert.Equal(0, Tools.RunCc(_tree.Ours, "-c -O2 main.c").Code);
        Assert.Equal(0, Tools.RunCc(_tree.Ours, "main.o plain.o -o prog").Code);
        Outcome report = Tools.RunCc(_tree.Ours, "--report prog");
        Assert.Equal(0, report.Code);
        Assert.StartsWith("can be updated\n", report.Output);
        Assert.Contains("main.c:twice", report.Output);
        Assert.Contains("plain.c: compiled with -finstrument-functions", report.Output);
    }

    [Theory]
    [InlineData("--report", 1)]
    [InlineData("--verify", 1)]
    [InlineData("--report main.c", 1)]
    [InlineData("--verify nosuchfile", 1)]
    [InlineData("--dump=nothing main.c", 1)]
    [InlineData("--dump=model main.c", 0)]
    [InlineData("--dump=plan main.c", 0)]
    [InlineData("--dump=hot -O2 main.c", 0)]
    [InlineData("--dump=clone main.c", 0)]
    [InlineData("--dump=preprocessed main.c", 0)]
    public void ExitCodes(string line, int code)
    {
        Outcome outcome = Tools.RunCc(_tree.Ours, line);
        Assert.Equal(code, outcome.Code);
        Assert.NotEqual("", code == 0 ? outcome.Output : outcome.Errors);
    }

    [Fact]
    public void AStaticProgramIsNotUpdateable()
    {
        Assert.Equal(new Outcome(0, "", ""), Tools.RunCc(_tree.Ours, "-static main.c -o prog"));
        Assert.StartsWith("cannot be updated: it is linked statically", Tools.RunCc(_tree.Ours, "--report prog").Output);
    }

    private static string WithoutUnits(string text)
    {
        int at = text.IndexOf(".incbin", StringComparison.Ordinal);
        return at < 0 ? text : string.Concat(text.AsSpan(0, at), ".byte 0 # ", text.AsSpan(at));
    }
}
