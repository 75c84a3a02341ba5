using System.Globalization;
using System.Text.RegularExpressions;

namespace UpStare.Scenario.Tests;

/// <summary>KissFFT out of its own makefiles: its test programs say what the plain ones say, to the last digit.</summary>
public class KissFftTests
{
    private static readonly Dictionary<string, (string Plain, string Ours)> _built = [];

    [Theory]
    [InlineData("float", "-Dkiss_fft_scalar=float")]
    [InlineData("double", "-Dkiss_fft_scalar=double")]
    [InlineData("int16_t", "-DFIXED_POINT=16")]
    public void ItsTestsGiveTheSameResults(string type, string define)
    {
        var (plain, ours) = Build(type, define);
        foreach (var program in Programs(type))
        {
            Tools.Execute(ours, Tools.Cc, "--verify", program).Expect(0);
            string[] arguments = program.StartsWith("bm-", StringComparison.Ordinal) ? ["-x", "20", "-n", "1800"] : [];
            var expected = Tools.Execute(plain, "./" + program, arguments).Expect(0);
            var actual = Tools.Execute(ours, "./" + program, arguments).Expect(0);
            if (program.StartsWith("tr-", StringComparison.Ordinal))
            {
                // It transforms random numbers, seeded by the time: the noise has to stay as low.
                Assert.InRange(LowestRatio(actual.Output), 0.8 * LowestRatio(expected.Output), double.MaxValue);
            }
            else
            {
                Assert.Equal(WithoutTimes(expected.Output), WithoutTimes(actual.Output));
            }
        }
    }

    [Theory]
    [InlineData("1")]
    [InlineData("13")]
    public void AnIdentityUpdateChangesNothing(string step)
    {
        var (plain, ours) = Build("float", "-Dkiss_fft_scalar=float");
        var patch = Path.Combine(Tools.Temporary, "kissfft-identity.so");
        Tools.Execute(ours, Tools.Patch, "st-float", "st-float", "-o", patch).Expect(0);
        var expected = Tools.Execute(plain, "./st-float").Expect(0);
        var run = UpdateRun.Of(ours, ["--every", step], [patch], "./st-float");
        Assert.Equal(WithoutTimes(expected.Output), WithoutTimes(run.Outcome.Expect(0).Output));
        Assert.True(run.Updates > 0, $"no update was applied:\n{run}");
    }

    private static string[] Programs(string type) => ["st-" + type, "tr-" + type, "tkfc-" + type, "bm-kiss-" + type];

    private static (string Plain, string Ours) Build(string type, string define)
    {
        if (!_built.TryGetValue(type, out var both))
        {
            both = (Build(type, define, "gcc", "kissfft-plain-"), Build(type, define, Tools.Cc, "kissfft-updateable-"));
            _built[type] = both;
        }

        return both;
    }

    private static string Build(string type, string define, string compiler, string into)
    {
        var root = Packages.Unpack("kissfft", into + type);

        // Under -ffast-math gcc may sum in any order, and takes the one that suits the code around.
        var makefile = Path.Combine(root, "test", "Makefile");
        File.WriteAllText(makefile, File.ReadAllText(makefile).Replace("-ffast-math", "-fno-fast-math", StringComparison.Ordinal));
        string[] common = ["-s", "CC=" + compiler, "KISSFFT_STATIC=1", "KISSFFT_TOOLS=0", "KISSFFT_DATATYPE=" + type];
        Tools.Execute(root, "make", [.. common, "all"]).Expect(0);
        Tools.Execute(Path.Combine(root, "test"), "make", [.. common, "TYPEFLAGS=" + define, "KISSFFTLIB_SHORTNAME=kissfft-" + type, "ABS_LIBDIR=.", .. Programs(type)]).Expect(0);
        return Path.Combine(root, "test");
    }

    private static double LowestRatio(string text) =>
        Regex.Matches(text, @"snr=(-?\d+(\.\d+)?)").Min(m => double.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture));

    // Times, and the values that come from times.
    private static string WithoutTimes(string text) => Regex.Replace(text, @"(?im)^.*(\b\d+(\.\d+)?(e[-+]\d+)? ?(s|sec|seconds|us|ms|mflops)\b|time|cpu|faster|user).*\n", "");
}
