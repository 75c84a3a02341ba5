using UpStare.Instrument;
using UpStare.Patcher.Compare;

namespace UpStare.Patcher.Tests;

public class CompareTests
{
    private const string Prelude = "#include <unistd.h>\nextern long work(long);\n";

    [Fact]
    public void IdenticalProgramsNeedNothing()
    {
        const string Source = Prelude + "int main(void) { long s = 0; for (int i = 0; i < 9; i++) { s += work(i); sleep(1); } return s; }\nlong work(long n) { return read(0, &n, 1); }";
        PatchPlan plan = Sample.Compare(Source, Source);
        Assert.Empty(plan.Findings);
        Assert.All(plan.Functions, p => Assert.True(p.IsIdentity && !p.IsChanged));
        Assert.True(plan.Functions.Sum(p => p.Points.Length) >= 3);
    }

    [Fact]
    public void WhiteSpaceAndLinesAreNoChange()
    {
        PatchPlan plan = Sample.Compare(
            Prelude + "int main(void) { return sleep(3); }",
            Prelude + "\n\n/* more */ int main(void)\n{\n\treturn sleep( 3 );\n}");
        FunctionPair main = Assert.Single(plan.Functions);
        Assert.False(main.IsChanged);
        Assert.True(main.IsIdentity);
    }

    [Fact]
    public void AResultOfAnotherTypeIsNotThereWhileTheCallRuns()
    {
        PatchPlan plan = Sample.Compare(
            Prelude + "static int f(void) { return sleep(1); }\nint main(void) { int x; x = f(); return x + sleep(2); }",
            Prelude + "struct s { int a, b; };\nstatic struct s f(void) { struct s r = { sleep(1), 2 }; return r; }\nint main(void) { int x; struct s r = f(); x = r.a; return x + sleep(2); }");
        Assert.DoesNotContain(plan.Findings, f => f.Handling == Handling.NeedsUser);
        Assert.All(Assert.Single(plan.Functions, p => p.New.Name == "main").Points, p => Assert.True(p >= 0));
    }

    [Fact]
    public void CallsAreMappedByTextAndOrder()
    {
        FunctionPair main = Pair(
            "void f(void) { sleep(1); sleep(2); usleep(3); sleep(4); }",
            "void f(void) { usleep(9); sleep(1); sleep(7); sleep(2); sleep(4); usleep(3); }");
        IReadOnlyList<ContinuationPoint> now = main.New.Plan.Points;
        Assert.Equal(["sleep(1)", "sleep(2)", "usleep(3)", "sleep(4)"], main.Old.Plan.Points.Select(p => Squeeze(p.Text)));
        // sleep(4) and usleep(3) changed places: one of them keeps its text, the other has no counterpart behind it.
        Assert.Equal("sleep(1)", Squeeze(now[main.Points[0]].Text));
        Assert.Equal("sleep(2)", Squeeze(now[main.Points[1]].Text));
        Assert.Equal(1, main.Points.Count(p => p < 0));
        Assert.Equal(main.Points.Where(p => p >= 0).Order(), main.Points.Where(p => p >= 0));
    }

    [Theory]
    [InlineData("int end = n; while (n < end) { sleep(1); end--; }", true)]
    [InlineData("for (int i = 0; i < n; i++) sleep(1);", true)]
    [InlineData("int *p = &n; int **q = &p; do { sleep(1); q++; } while (*q); (void)p;", true)]
    [InlineData("int most = 9; while (n < most) { sleep(1); n++; }", false)]
    [InlineData("int more; do { sleep(1); more = --n; } while (more);", false)]
    [InlineData("int got; while ((got = getpid()) > n) { sleep(1); }", false)]
    [InlineData("int most = 9; while (n) { sleep(1); n--; most--; } n = most;", false)]
    [InlineData("int i; while (n) { sleep(1); n--; } for (i = 0; i < 9; i++) n += i;", false)]
    public void ANewVariableThatALoopGoesByNeedsTheUser(string now, bool needed)
    {
        PatchPlan plan = Sample.Compare(
            Prelude + "int main(int n, char **v) { (void)v; while (n) { sleep(1); n--; } return 0; }",
            Prelude + "int main(int n, char **v) { (void)v; " + now + " return 0; }");
        List<Finding> user = plan.Findings.FindAll(f => f.Handling == Handling.NeedsUser);
        Assert.True(needed == user.Count > 0, string.Join("\n", plan.Findings));
        Assert.All(user, f => Assert.Equal("user_frame_main", f.UserFunction));
        Assert.Contains(plan.Functions, p => p.Old.Name == "main" && p.Points.Any(n => n >= 0));
    }

    [Theory]
    [InlineData("int i; for (i = 0; i < 2; i++) { if (sleep(1)) return n; }", false)]
    [InlineData("for (int i = 0; i < 2; i++) { if (sleep(1)) return n; }", false)]
    [InlineData("int i; for (i = n; i > 2; i--) { if (sleep(1)) return n; }", true)]
    public void ANewLoopAroundAnOldPointIsInItsFirstTurn(string now, bool needed)
    {
        PatchPlan plan = Sample.Compare(
            Prelude + "int main(int n, char **v) { (void)v; if (sleep(1)) return n; return 0; }",
            Prelude + "int main(int n, char **v) { (void)v; " + now + " return 0; }");
        Assert.Equal(needed, plan.Findings.Exists(f => f.Handling == Handling.NeedsUser));
        Assert.Contains(plan.Functions, p => p.Old.Name == "main" && p.Points.Any(n => n >= 0));
    }

    [Fact]
    public void ARunningCallKeepsItsArguments()
    {
        PatchPlan plan = Sample.Compare(
            Prelude + "static void f(int a) { sleep(a); } int main(void) { f(1); f(2); usleep(3); return 0; }",
            Prelude + "static void f(int a, int b) { sleep(a); usleep(b); } int main(void) { f(1, 5); f(2, 6); usleep(3); return 0; }");
        Finding calls = Assert.Single(plan.Findings, f => f.Text.StartsWith("calls that are running keep the arguments", StringComparison.Ordinal));
        Assert.Equal(Handling.Assumed, calls.Handling);
        Assert.Contains("0: f(1) is now f(1, 5)", calls.Text, StringComparison.Ordinal);
        Assert.Contains("1: f(2) is now f(2, 6)", calls.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("usleep(3)", calls.Text, StringComparison.Ordinal);
        Assert.Single(plan.Findings, f => f.Handling == Handling.Assumed && f.Text.StartsWith("parameter b has no old value", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("g(); g(); sleep(1); if (x) { usleep(2); } else { usleep(3); }", "3")] // one more before all
    [InlineData("g(); sleep(1); g(); if (x) { usleep(2); } else { usleep(3); }", "2")] // before the two behind it
    [InlineData("g(); sleep(1); if (x > 1) { usleep(2); } else { usleep(3); }", "2")] // a condition
    [InlineData("g(); sleep(1); if (x) { g(); usleep(2); } else { usleep(3); }", "1")] // in one branch
    [InlineData("g(); sleep(1); if (x) { usleep(2); g(); } else { usleep(3); } g();", null)] // behind
    [InlineData("int y = 3; g(); sleep(1); if (x) { usleep(2); } else { usleep(3); } use(y);", null)] // told elsewhere
    [InlineData("for (;;) { g(); sleep(1); g(); if (x) { usleep(2); } else { usleep(3); } }", "2")]
    public void ChangedCodeThatWasPassedIsListed(string now, string? points)
    {
        const string Around = Prelude + "extern void g(void), use(int); void f(int x) { for (;;) { ";
        PatchPlan plan = Sample.Compare(
            Around + "g(); sleep(1); if (x) { usleep(2); } else { usleep(3); } } }", Around + now + " } }");
        Finding? passed = plan.Findings.Find(f => f.Text.StartsWith("changed code stands before", StringComparison.Ordinal));
        Assert.Equal(points, passed?.Text.Split(' ')[4]);
        Assert.True(passed is null || passed.Handling == Handling.Assumed);
    }

    [Fact]
    public void AnotherCaseHasNotBeenPassed()
    {
        PatchPlan plan = Sample.Compare(
            Prelude + "extern void g(void); void f(int x) { switch (x) { case 1: sleep(1); break; case 2: sleep(2); } }",
            Prelude + "extern void g(void); void f(int x) { switch (x) { case 1: g(); sleep(1); g(); break; case 2: sleep(2); } }");
        Finding passed = Assert.Single(plan.Findings, f => f.Text.StartsWith("changed code stands before", StringComparison.Ordinal));
        Assert.StartsWith("changed code stands before 1 of", passed.Text);
    }

    [Fact]
    public void CallsOfOtherFunctionsNeverMeet()
    {
        FunctionPair main = Pair("void f(void) { sleep(1); }", "void f(void) { usleep(1); }");
        Assert.Equal([-1], main.Points);
    }

    [Fact]
    public void ARenamedFunctionIsFoundByItsBody()
    {
        const string Body = "{ long a = n * 3; sleep(n); a += work(a); for (int i = 0; i < n; i++) a ^= i; return a + n; }";
        PatchPlan plan = Sample.Compare(
            Prelude + "long before(long n) " + Body + "int main(void) { return before(5); }",
            Prelude + "long after(long n) " + Body + "int main(void) { return after(5); }");
        FunctionPair pair = Assert.Single(plan.Functions, p => p.Old.Name == "before");
        Assert.Equal("after", pair.New.Name);
        FunctionPair main = Assert.Single(plan.Functions, p => p.Old.Name == "main");
        Assert.Equal([0], main.Points);
        Assert.Contains(plan.Findings, f => f is { Handling: Handling.Assumed, Name: "after" });
    }

    [Fact]
    public void FieldsAreMatchedByName()
    {
        PatchPlan plan = Sample.Compare(
            "struct s { int a; char gone; long b; }; struct s v; int *p(void) { return &v.a; }",
            "struct s { long b; int a; int added; double more; }; struct s v; int *p(void) { return &v.a; }");
        TypeChange type = Assert.Single(plan.Types);
        Assert.Equal("struct s", type.Name);
        Assert.Equal(["b", "a", "added", "more"], type.Fields.Select(f => f.New.Name));
        Assert.Equal([true, true, false, false], type.Fields.Select(f => f.Old is not null));
        Assert.Equal(["gone"], type.Removed.Select(f => f.Name));
        Assert.Equal(VariableAction.Convert, Assert.Single(plan.Variables).Action);
    }

    [Theory]
    [InlineData("int v = 1;", "int v = 2;", ReinitKind.Scalar)]
    [InlineData("const char *v = \"one\";", "const char *v = \"two\";", ReinitKind.StringPointer)]
    [InlineData("char v[8] = \"one\";", "char v[8] = \"two\";", ReinitKind.CharArray)]
    public void AChangedInitialiserIsAnAssumption(string old, string now, ReinitKind kind)
    {
        const string Use = " void *p(void) { return &v; }";
        PatchPlan plan = Sample.Compare(old + Use, now + Use);
        VariableChange v = Assert.Single(plan.Variables);
        Assert.Equal(VariableAction.Keep, v.Action);
        Assert.Equal(kind, v.ReinitKind);
        Assert.Equal(Handling.Assumed, Assert.Single(plan.Findings).Handling);
    }

    [Fact]
    public void ATableThatNobodyWritesHasItsNewContent()
    {
        const string Use = "extern void show(const char *const *); void f(void) { show(t); }";
        PatchPlan plan = Sample.Compare("static const char *t[] = { \"a\", \"c\" };" + Use, "static const char *t[] = { \"a\", \"b\", \"c\" };" + Use);
        Assert.DoesNotContain(plan.Variables, v => v.Action == VariableAction.Convert);
        Assert.DoesNotContain(plan.Findings, f => f.Handling != Handling.Automatic);
    }

    [Theory]
    [InlineData("int ask(int); int f(int kind, int n) { switch (kind) { ", "case 1: n *= ask(n); break; ", "case 0: n += ask(n); break; ", "case 0: n += 2 * ask(n); break; ", "} return n; }")]
    [InlineData("int ask(int); int f(int k, int n) { if (k) goto two; goto one; ", "two: n *= ask(n); return n; ", "one: n += ask(n); return n; ", "one: n += 2 * ask(n); return n; ", "}")]
    public void BlocksThatChangedPlacesAreNotTakenForEachOther(string start, string same, string old, string now, string end)
    {
        PatchPlan plan = Sample.Compare(start + old + same + end, start + same + now + end);
        FunctionPair pair = Assert.Single(plan.Functions, p => p.New.Name == "f");
        Assert.Equal([-1, 0], pair.Points);
    }

    [Fact]
    public void AStaticVariableMovesWithItsFunctionToAnotherFile()
    {
        const string F = "void use(int *); static int f(void) { static int count = 1; use(&count); return count++; } int g(void) { return f(); }";
        PatchPlan plan = DiffEngine.Compare(Sample.Program(F, "0a"), Sample.Program("0b", ("other.c", F)), []);
        VariableChange change = Assert.Single(plan.Variables);
        Assert.Equal(VariableAction.Keep, change.Action);
        Assert.NotNull(change.Old);
    }

    [Theory]
    [InlineData("*p = &&one; *p = &&two; ", "one: two: return 1;", 0, 0)]
    [InlineData("*p = &&two; *p = &&one; ", "one: return 1; two: return 2;", 2, 0)]
    [InlineData("*p = &&other; *p = &&one; *p = &&two; ", "one: return 1; two: return 2; other: return 3;", 2, 0)]
    [InlineData("*p = &&two; ", "two: return 2;", 1, 1)]
    public void LabelsWhoseAddressesAreKeptAreFoundByTheirNames(string kept, string labels, int renumbered, int gone)
    {
        const string Start = "void use(int); int f(void **p) { use(1); if (*p) goto **p; ";
        PatchPlan plan = Sample.Compare(Start + "*p = &&one; *p = &&two; one: return 1; two: return 2; }", Start + kept + labels + " }");
        Assert.Equal(renumbered, plan.Variables.Count(v => v.Reinit is not null));
        Assert.Equal(gone, plan.Findings.Count(f => f.Text.StartsWith("the label is gone", StringComparison.Ordinal)));
        Assert.DoesNotContain(plan.Variables, v => v.Action == VariableAction.Convert);
        Assert.DoesNotContain(plan.Findings, f => f.Handling > Handling.Assumed);
    }

    [Fact]
    public void AThreadLocalVariableMustKeepItsType()
    {
        const string Use = " void *p(void) { return &v; }";
        PatchPlan plan = Sample.Compare("__thread int v;" + Use, "__thread long v[4];" + Use);
        Assert.Contains(plan.Findings, f => f.Handling == Handling.Impossible);
    }

    [Fact]
    public void ObjectsOnTheHeapNeedTheUser()
    {
        const string Use = "void *malloc(unsigned long); struct s *make(void) { return malloc(sizeof(struct s)); }";
        PatchPlan plan = Sample.Compare("struct s { int a; };" + Use, "struct s { int a, b; };" + Use);
        Finding finding = Assert.Single(plan.Findings, f => f.Handling == Handling.NeedsUser);
        Assert.Equal("user_before", finding.UserFunction);
    }

    [Fact]
    public void TheUsersMappingWins()
    {
        PatchPlan plan = Sample.Compare(
            Prelude + "void bubble(void) { sleep(1); usleep(2); } int main(void) { bubble(); return 0; }",
            Prelude + "void bubble(void) { } void selection(void) { usleep(2); sleep(1); } int main(void) { selection(); return 0; }",
            new UserMapping("bubble", "selection", [(0, 1)]));
        FunctionPair pair = Assert.Single(plan.Functions, p => p.Old.Name == "bubble");
        Assert.Equal("selection", pair.New.Name);
        Assert.Equal([1, -1], pair.Points);
        Assert.Equal([0], Assert.Single(plan.Functions, p => p.Old.Name == "main").Points);
    }

    [Fact]
    public void AMappingOutOfRangeIsRefused()
    {
        PatchException e = Assert.Throws<PatchException>(() => Sample.Compare(
            Prelude + "void f(void) { sleep(1); }", Prelude + "void f(void) { sleep(1); }", new UserMapping("f", "f", [(0, 7)])));
        Assert.Equal(PatchError.Usage, e.Error);
    }

    [Fact]
    public void PointersThatNoStubIsBehindAreListed()
    {
        static string User(string header) => $"# 1 \"{header}\" 1 3 4\nvoid let_go(void *);\n# 2 \"main.c\" 2\nvoid (*kept)(void *) = let_go; int main(void) {{ kept(0); return 0; }}\n";
        static ProgramModel Program(string header) => Sample.Program("0a", ("main.c", User(header)), ("own.c", "void let_go(void *p) { *(int *)p = 0; }"));
        Finding found = Assert.Single(DiffEngine.Compare(Program("/usr/include/h.h"), Program("/usr/include/h.h"), []).Findings, f => f.Name == "let_go");
        Assert.Equal(Handling.Assumed, found.Handling);
        Assert.Contains("main.c", found.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(DiffEngine.Compare(Program("own/h.h"), Program("own/h.h"), []).Findings, f => f.Name == "let_go");
    }

    private static FunctionPair Pair(string old, string now) => Assert.Single(Sample.Compare(Prelude + old, Prelude + now).Functions);

    private static string Squeeze(string text) => text.Replace(" ", "", StringComparison.Ordinal).TrimEnd(';');
}
