using UpStare.Patcher.Compare;
using UpStare.Patcher.Source;

namespace UpStare.Patcher.Tests;

/// <summary>Frames that only one version has, and parameters that the old frames do not have.</summary>
public class FrameStepTests
{
    private const string Prelude = """
        #include <unistd.h>
        struct s { int fd; struct s *next; struct { int in, out; } pair; };
        extern void use(const void *);
        static __attribute__((noinline)) int take(int fd, char *to, int size) { return read(fd, to, size); }

        """;

    private const string Direct = "int serve(struct s *s) { char line[80]; int n = take(s->fd, line, 80); use(line); return n; }";

    [Theory]
    [InlineData("static int fetch(char *to, int size, int fd) { int n = take(fd, to, size); return n; }")]
    [InlineData("static int fetch(char *to, int size, int fd) { int have = 0; while (have < size) { int n = take(fd, to, size); if (n <= 0) return have; have += n; } return have; }")]
    [InlineData("static int deeper(char *to, int size, int fd) { return take(fd, to, size); } static int fetch(char *to, int size, int fd) { return deeper(to, size, fd); }")]
    public void AFrameIsMadeWhereThereIsOneWay(string between)
    {
        PatchPlan plan = Sample.Compare(Prelude + Direct, Prelude + between + "int serve(struct s *s) { char line[80]; int n = fetch(line, 80, s->fd); use(line); return n; }");
        FunctionPair serve = plan.Functions.Single(p => p.Old.Name == "serve");
        FrameStep step = Assert.Single(serve.Steps);
        Assert.Equal("fetch", step.Made[0].New.Name);
        Assert.All(serve.Points, p => Assert.True(p >= 0));
        foreach (FunctionPair made in step.Made)
        {
            // All are handed on to take, whose frame has them.
            Assert.Equal(["fd", "size", "to"], made.Given.Select(g => g.Parameter.Name).Order());
            Assert.All(made.Given, g => Assert.NotNull(g.Source));
            Assert.Contains(plan.Findings, f => f.Handling == Handling.Assumed && f.Name == made.New.Key && f.Text.StartsWith("a frame of it is made", StringComparison.Ordinal));
        }

        Assert.DoesNotContain(plan.Findings, f => f.Handling > Handling.Assumed);
        PatchText text = PatchSource.Write(plan, [], []);
        Assert.Contains(".frame = &made_fetch", text.Code, StringComparison.Ordinal);
        Assert.Contains("user_frame_fetch(const struct old_frame_fetch *o, struct new_frame_fetch *n", text.Header, StringComparison.Ordinal);
        SourceTests.Compile(text);
    }

    [Fact]
    public void TheUserCompletesAFrameThatIsMade()
    {
        PatchPlan plan = Sample.Compare(
            Prelude + Direct,
            Prelude + "static int fetch(char *to, int size, int fd) { int n = take(fd, to, size); return n + fd; } int serve(struct s *s) { char line[80]; int n = fetch(line, 80, s->fd); use(line); return n; }");
        string directory = Directory.CreateTempSubdirectory("upstare-test-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(directory, "transformers.c"), """
                #include "patch.h"
                int user_frame_fetch(const struct old_frame_fetch *o, struct new_frame_fetch *n, struct upstare_context *ctx)
                {
                	(void)ctx;
                	n->fd = o->s ? n->size : -1; /* o: the frame of serve */
                	return 0;
                }
                """);
            var (_, defined) = new Build.PatchBuilder(directory, ["gcc"]).BuildSource(PatchSource.Write(plan, [], []), directory, null);
            Assert.Contains("user_frame_fetch", defined);
        }
        finally
        {
            Directory.Delete(directory, true);
        }
    }

    [Theory]
    [InlineData("two ways", "static int fetch(char *to, int size, int fd) { if (size > 3) return take(fd, to, 3); return take(fd, to, size); }")]
    [InlineData("a value before it", "static int fetch(char *to, int size, int fd) { return take(0, to, size) + take(fd, to, size); }")]
    [InlineData("a loop that nobody knows", "static int fetch(char *to, int size, int fd) { int n = getpid(); for (; n > 0; n--) take(fd, to, size); return n; }")]
    [InlineData("a size that nobody knows", "static int fetch(char *to, int size, int fd) { char more[size]; use(more); return take(fd, to, size); }")]
    [InlineData("unnamed arguments", "static int fetch(char *to, int size, int fd, ...) { return take(fd, to, size); }")]
    [InlineData("what it has computed", "static int fetch(char *to, int size, int fd) { int on; on = getpid(); return take(fd, to, size) + on; }")]
    [InlineData("what it begins with", "static int fetch(char *to, int size, int fd) { int on = getpid(); return take(fd, to, size) + on; }")]
    [InlineData("where the call was to write", "static int fetch(char *to, int size, int fd) { char mine[80]; int n = take(fd, mine, size); use(mine); return n + !to; }")]
    [InlineData("an argument that it has changed", "static int fetch(char *to, int size, int fd) { size = size / 2; take(fd, to, size + 1); return size; }")]
    [InlineData("an argument that nobody knows", "static int fetch(char *to, int size, int fd) { take(fd + 1, to, size); return fd; }")]
    [InlineData("what is cleaned up", "static int fetch(char *to, int size, int fd) { int mine __attribute__((cleanup(use))) = getpid(); return take(fd, to, size); }")]
    [InlineData("not at all", "static int fetch(char *to, int size, int fd) { return fd + size + (to ? getpid() : 0); }")]
    public void AFrameIsNotMadeWithout(string what, string between)
    {
        PatchPlan plan = Sample.Compare(Prelude + Direct, Prelude + between + "int serve(struct s *s) { char line[80]; int n = fetch(line, 80, s->fd); use(line); return n; }");
        FunctionPair serve = plan.Functions.Single(p => p.Old.Name == "serve");
        Assert.True(serve.Steps.Count == 0, what);
        Assert.Contains(-1, serve.Points);
        Assert.DoesNotContain(plan.Findings, f => f.Handling == Handling.NeedsUser);
    }

    [Fact]
    public void TheUsersMappingMakesAFrameToo()
    {
        const string Between = "static int fetch(char *to, int size, int fd) { return take(fd, to, size); }"
            + "int serve(struct s *s) { char line[80]; int n; if (s->next) n = fetch(line, 80, s->fd); else n = fetch(line, 70, s->fd); use(line); return n; }";
        Assert.Contains(-1, Sample.Compare(Prelude + Direct, Prelude + Between).Functions.Single(p => p.Old.Name == "serve").Points);
        PatchPlan plan = Sample.Compare(Prelude + Direct, Prelude + Between, new UserMapping("serve", "serve", [(0, 1)]));
        FunctionPair serve = plan.Functions.Single(p => p.Old.Name == "serve");
        Assert.Equal("fetch", Assert.Single(Assert.Single(serve.Steps).Made).New.Name);
        Assert.Equal(1, serve.Points[0]);
    }

    [Theory]
    [InlineData(true, "static int fetch(char *to, int size, int fd) { int n = take(fd, to, size); return n; }", "")]
    [InlineData(true, "static int fetch(char *to, int size, int fd) { int got = getpid(); int n = take(fd, to, size); return n + got; }", "int got = getpid();")]
    [InlineData(false, "static int fetch(char *to, int size, int fd) { int n = take(fd, to, size); return n; }", "int got = getpid();")] // has no value
    [InlineData(false, "static int fetch(char *to, int size, int fd) { int mine; use(&mine); return take(fd, to, size); }", "")] // somebody may know where it is
    [InlineData(false, "static int fetch(char *to, int size, int fd) { int mine __attribute__((cleanup(use))) = 3; return take(fd, to, size); }", "")]
    [InlineData(false, "static int fetch(char *to, int size, int fd) { int n = sleep(size); return n + fd + !to; }", "")]
    public void AFrameIsLeftOutWhereNothingIsLost(bool can, string between, string extra)
    {
        PatchPlan plan = Sample.Compare(
            Prelude + between + "int serve(struct s *s) { char line[80]; int n = fetch(line, 80, s->fd); use(line); return n; }",
            Prelude + "int serve(struct s *s) { char line[80]; " + extra + " int n = take(s->fd, line, 80); use(line); return n" + (extra.Length > 0 ? " + got" : "") + "; }");
        FunctionPair serve = plan.Functions.Single(p => p.Old.Name == "serve");
        Assert.Equal(can, serve.Steps.Count == 1);
        Assert.Equal(can, serve.Points[0] >= 0);
        PatchText text = PatchSource.Write(plan, [], []);
        Assert.Equal(can, text.Code.Contains("UPSTARE_POINT_LEFT_OUT, /*", StringComparison.Ordinal));
        Assert.Equal(can && extra.Length > 0, text.Code.Contains("upstare_left_out(ctx)", StringComparison.Ordinal));
        SourceTests.Compile(text);
    }

    [Theory]
    [InlineData("3", true)]
    [InlineData("n + 1", true)]
    [InlineData("-n * 2 + (count == 4 ? 1 : n)", true)]
    [InlineData("(int)sizeof(line) / 2", true)]
    [InlineData("line[0]", false)]
    [InlineData("s->fd", false)]
    [InlineData("*p", false)]
    [InlineData("n / count", false)]
    [InlineData("n++", false)]
    [InlineData("getpid()", false)]
    [InlineData("own.pair.out", true)]
    [InlineData("private", false)] // of which the patch has a copy of its own
    public void AParameterTakesWhatCanBeEvaluated(string argument, bool can)
    {
        const string Caller = "int count = 3; static const int private = 4; int serve(struct s *s, int n, int *p) { struct s own = *s; char line[80]; use(line); int r = step(s ARGUMENT); count += r + own.pair.out + private + *p; return n; }";
        PatchPlan plan = Sample.Compare(
            Prelude + "static __attribute__((noinline)) int step(struct s *s) { sleep(1); return s->fd; }" + Caller.Replace(" ARGUMENT", "", StringComparison.Ordinal),
            Prelude + "static __attribute__((noinline)) int step(struct s *s, int more) { sleep(1); return s->fd + more; }" + Caller.Replace(" ARGUMENT", ", " + argument, StringComparison.Ordinal));
        FunctionPair step = plan.Functions.Single(p => p.Old.Name == "step");
        Finding found = Assert.Single(plan.Findings, f => f.Text.StartsWith("parameter more", StringComparison.Ordinal));
        Assert.Equal(can, step.Given.Count == 1);
        Assert.Equal(!can, found.Text.EndsWith("it starts as zero", StringComparison.Ordinal));
        SourceTests.Compile(PatchSource.Write(plan, [new Import("count", "count", null, "UPSTARE_IMPORT_VARIABLE", 4)], []));
    }

    [Fact]
    public void AParameterThatALoopGoesByNeedsTheUserWhereNoCallTells()
    {
        const string Old = "static __attribute__((noinline)) int step(void) { int i; for (i = 0; i < 3; i++) sleep(1); return i; }";
        const string New = "static __attribute__((noinline)) int step(int most) { int i; for (i = 0; i < most; i++) sleep(1); return i; }";
        PatchPlan told = Sample.Compare(Prelude + Old + "int main(void) { return step(); }", Prelude + New + "int main(void) { return step(3); }");
        Assert.DoesNotContain(told.Findings, f => f.Handling == Handling.NeedsUser);
        PatchPlan open = Sample.Compare(Prelude + Old + "int main(void) { return step(); }", Prelude + New + "int main(void) { return step(getpid()); }");
        Assert.Equal("user_frame_step", Assert.Single(open.Findings, f => f.Handling == Handling.NeedsUser).UserFunction);
    }
}
