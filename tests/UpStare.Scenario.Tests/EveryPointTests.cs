using System.Globalization;

namespace UpStare.Scenario.Tests;

/// <summary>Updates not at a gate but wherever the program happens to be, as upstare-run applies them.</summary>
public class EveryPointTests
{
    /// <summary>A version updated to itself at every point, and at every seventh, prints what it prints without.</summary>
    [Theory]
    [MemberData(nameof(Programs))]
    public void AnIdentityUpdateChangesNothing(string name, string flags, int step)
    {
        var scenario = Scenario.Get(name, flags);
        var run = UpdateRun.Of(Tools.Temporary, ["--every", step.ToString(CultureInfo.InvariantCulture)], [scenario.Patch("v1", "v1")], scenario.Program("v1"));
        run.Outcome.Expect(0);
        Assert.True(scenario.Expected("v1.out") == run.Outcome.Output, $"the output differs; expected:\n{scenario.Expected("v1.out")}\n{run}");

        // A short program has few seventh points, and they may stand below pinned code.
        Assert.True(run.Updates > 0 || (step > 1 && run.Refused > 0), $"no update was applied:\n{run}");
    }

    /// <summary>One update to another version at each point of a run: nothing is done twice, nothing is left out.</summary>
    [Theory]
    [InlineData("expressions")]
    [InlineData("structret")]
    [InlineData("inplace")]
    [InlineData("between")]
    [InlineData("longjumps")]
    public void AnUpdateAtAnyPointIsGood(string name)
    {
        const int Runs = 60;
        var scenario = Scenario.Get(name);
        var expected = Normal(scenario.Expected("v1.out"));
        var patch = scenario.Patch("v1", "v2");
        var points = UpdateRun.Of(Tools.Temporary, ["--at", "1"], [patch], scenario.Program("v1")).Points;
        var applied = 0L;
        for (var i = 0; i < Runs; i++)
        {
            var at = 1 + (i * Math.Max(1, points / Runs));
            if (at > points)
            {
                break;
            }

            var run = UpdateRun.Of(Tools.Temporary, ["--at", at.ToString(CultureInfo.InvariantCulture)], [patch], scenario.Program("v1"));
            run.Outcome.Expect(0);
            Assert.True(expected == Normal(run.Outcome.Output), $"updated at point {at}:\n{run}\nexpected:\n{expected}");
            applied += run.Updates;
        }

        Assert.True(applied > points / 2 || applied > Runs / 2, $"{applied} updates were applied at {points} points");
    }

    public static TheoryData<string, string, int> Programs()
    {
        var data = new TheoryData<string, string, int>();
        foreach (var folder in Directory.GetDirectories(Tools.Programs).Order(StringComparer.Ordinal))
        {
            // spin would take its patience at every turn of its loops; in pinned most points are below qsort; crowd, stress and ring
            // have too many threads and points (StressTests); libcwaits is for the signal alone; guests computes all the time (both: InsideLibraryTests).
            var name = Path.GetFileName(folder);
            if (File.Exists(Path.Combine(folder, "v1.out")) && name is not ("spin" or "tenthousand" or "crowd" or "stress" or "ring" or "libcwaits" or "guests"))
            {
                data.Add(name, "-O2", 1);
                data.Add(name, "-O2", 7);
                // Callbacks of frames that the last update has rebuilt are found by a register that nothing at -O0 saves.
                data.Add(name, "-O0", name is "libsort" or "callbacks" ? 1 : 7);
            }
        }

        return data;
    }

    /// <summary>A stack trace that a program prints of itself names the functions that it names plainly, wherever their code stands.</summary>
    [Fact]
    public void AStackTraceNamesFunctionsOfAPatch()
    {
        var tree = Directory.CreateDirectory(Path.Combine(Tools.Temporary, "names")).FullName;
        File.WriteAllText(Path.Combine(tree, "names.c"), """
            #define _GNU_SOURCE
            #include <dlfcn.h>
            #include <execinfo.h>
            #include <stdio.h>
            __attribute__((noinline)) int inner(void)
            {
                void *trace[3];
                int n = backtrace(trace, 3);
                for (int i = 0; i < n; i++) {
                    Dl_info info;
                    printf("%s ", dladdr((char *)trace[i] - 1, &info) && info.dli_sname ? info.dli_sname : "?");
                }
                puts(dlsym(RTLD_DEFAULT, "middle") ? "" : "not found");
                return n;
            }
            __attribute__((noinline)) int middle(int n)
            {
                return n ? middle(n - 1) + 1 : inner();
            }
            int main(void)
            {
                int sum = 0;
                for (int i = 0; i < 5; i++)
                    sum += middle(3);
                return sum != 30;
            }
            """);
        Tools.Execute(tree, "gcc", "-O1", "-rdynamic", "names.c", "-o", "plain").Expect(0);
        var plain = Tools.Execute(tree, "./plain").Expect(0);
        Assert.Contains("inner middle middle", plain.Output, StringComparison.Ordinal);
        Tools.Execute(tree, new Dictionary<string, string> { ["UPSTARE_POINTS"] = "all" }, Tools.Cc, "-O1", "-rdynamic", "names.c", "-o", "names").Expect(0);
        Tools.Execute(tree, Tools.Patch, "names", "names", "-o", "patch.so").Expect(0);
        foreach (var step in new[] { "1", "3" })
        {
            Assert.Equal(plain.Output, Tools.Execute(tree, Tools.Run, "--every", step, "patch.so", "--", "./names").Expect(0).Output);
        }
    }

    private static string Normal(string text) => text.Replace("v1", "vN", StringComparison.Ordinal).Replace("v2", "vN", StringComparison.Ordinal);
}
