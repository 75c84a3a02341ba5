using System.Text;

namespace UpStare.Instrument.Tests;

/// <summary>
/// fixtures/NAME.c against NAME.hot.c and NAME.clone.c (without the prelude). UPSTARE_REFRESH=1 writes them anew.
/// A fixture without them fails.
/// </summary>
public class GoldenTests
{
    public static TheoryData<string> Fixtures()
    {
        var data = new TheoryData<string>();
        foreach (string path in Directory.GetFiles(Path.Combine(Workshop.SourceDirectory(), "fixtures"), "*.c"))
        {
            string name = Path.GetFileNameWithoutExtension(path);
            if (!name.Contains('.'))
            {
                data.Add(name);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Fixtures))]
    public void TransformedTextIsTheGoldenOneAndCompiles(string name)
    {
        using var shop = new Workshop();
        string source = Path.Combine(Workshop.SourceDirectory(), "fixtures", name + ".c");
        InstrumentResult result = shop.Transform(source);
        Compare(source, ".hot.c", result.HotText);
        Compare(source, ".clone.c", result.CloneText);
        shop.Compile(result, "-O0");
        shop.Compile(result, "-O2");
    }

    [Fact]
    public void EveryGoldenTextHasItsFixture()
    {
        string folder = Path.Combine(Workshop.SourceDirectory(), "fixtures");
        foreach (string path in Directory.GetFiles(folder, "*.*.c"))
        {
            string name = Path.GetFileName(path);
            Assert.True(File.Exists(Path.Combine(folder, name[..name.IndexOf('.')] + ".c")), name);
        }
    }

    private static void Compare(string source, string suffix, byte[] text)
    {
        string golden = Path.ChangeExtension(source, null) + suffix;
        string actual = WithoutPrelude(Encoding.Latin1.GetString(text), Path.GetDirectoryName(source)! + "/");
        if (Environment.GetEnvironmentVariable("UPSTARE_REFRESH") == "1")
        {
            File.WriteAllText(golden, actual, Encoding.Latin1);
            return;
        }

        Assert.True(File.Exists(golden), golden + " is missing: run the tests with UPSTARE_REFRESH=1 and look at it");
        Assert.Equal(File.ReadAllText(golden, Encoding.Latin1), actual);
    }

    /// <summary>From the unit's first line on, without this machine's paths and gcc's own head.</summary>
    private static string WithoutPrelude(string text, string folder)
    {
        int end = text.IndexOf("\n# 0 \"<command-line>\"", StringComparison.Ordinal);
        string kept = end < 0 ? text : text[(end + 1)..];
        var lines = new StringBuilder();
        foreach (string line in kept.Replace(folder, "", StringComparison.Ordinal).Split('\n'))
        {
            if (line.Trim().Length > 0 && !line.Contains("<command-line>", StringComparison.Ordinal)
                && !line.Contains("stdc-predef.h", StringComparison.Ordinal))
            {
                lines.Append(line).Append('\n');
            }
        }

        return lines.ToString();
    }
}
