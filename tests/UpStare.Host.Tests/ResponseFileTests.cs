using UpStare.Host.Cc;

namespace UpStare.Host.Tests;

/// <summary>@file arguments are split as libiberty splits them.</summary>
public sealed class ResponseFileTests
{
    [Theory]
    [InlineData("a b\n c\t\td", "a|b|c|d")]
    [InlineData("'a b' \"c d\"e", "a b|c de")]
    [InlineData("a\\ b \"\\\"q\\\"\" 'x\\'y'", "a b|\"q\"|x'y")]
    [InlineData("'' x", "|x")]
    [InlineData("  ", "")]
    public void Splits(string text, string words) => Assert.Equal(words, string.Join('|', ResponseFile.Split(text)));

    [Fact]
    public void FilesNameFiles()
    {
        string directory = Directory.CreateTempSubdirectory("upstare-test-").FullName;
        try
        {
            string inner = Path.Combine(directory, "inner"), outer = Path.Combine(directory, "outer");
            File.WriteAllText(inner, "-DA -DB");
            File.WriteAllText(outer, "@" + inner + " x.c");
            Assert.Equal(["-c", "-DA", "-DB", "x.c", "@missing"], ResponseFile.Expand(["-c", "@" + outer, "@missing"]));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void AFileThatNamesItselfEnds()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "-DX @" + file);
            Assert.InRange(ResponseFile.Expand(["@" + file]).Length, 2, 3000);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
