using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace UpStare.Instrument.Tests;

/// <summary>
/// Generated expressions do the same, in the same order, when they are transformed, and when the function is updated while it
/// evaluates them. Many expressions go into one C file; a failure names the first that differs.
/// </summary>
public class ExpressionTests
{
    private const int InAFile = 60;
    private const int LargestSize = 20;
    private static readonly int[] s_every = [0, 1, 3];

    [Theory]
    [InlineData("-O0")]
    [InlineData("-O2")]
    public void ExpressionsAreEvaluatedAsGccDoesIt(string level)
    {
        Gen<CExpression[]> files = Gen.Choose(2, LargestSize).SelectMany(size => CExpression.Generator(size)).ArrayOf(InAFile);
        Prop.ForAll(files.ToArbitrary(), file => Check(file, level)).Check(Config.QuickThrowOnFailure.WithMaxTest(Files()));
    }

    /// <summary>UPSTARE_TEST_FILES=200 tries more of them.</summary>
    private static int Files() =>
        int.TryParse(Environment.GetEnvironmentVariable("UPSTARE_TEST_FILES"), CultureInfo.InvariantCulture, out int files) ? files : 3;

    private static void Check(CExpression[] expressions, string level)
    {
        using var shop = new Workshop();
        string source = shop.In("expressions.c");
        string functions = string.Concat(expressions.Select((e, i) => e.Function(i)));
        string calls = string.Concat(expressions.Select((_, i) => $"\tf{i}({i % 3}, {i % 5});\n"));
        File.WriteAllText(source, CExpression.Head + functions + "int main(void)\n{\n" + calls + "\treturn 0;\n}\n");
        shop.Gcc(level, "-w", source, "-o", shop.In("plain"));
        string[] plain = Workshop.Result(shop.In("plain"), [], null).Output.Split('\n');
        string program = shop.Program(source, level, PointsPolicy.Default);
        foreach (int every in s_every)
        {
            (int code, string output, string errors) = Workshop.Result(program, [], every);
            string[] lines = output.Split('\n');
            for (int i = 0; i < expressions.Length; i++)
            {
                string line = i < lines.Length ? lines[i] : errors;
                Assert.True(line == plain[i], $"updated at each point no. {every}: {expressions[i].Text}\nplain       {plain[i]}\ntransformed {line}");
            }

            Assert.Equal(0, code);
        }
    }
}
