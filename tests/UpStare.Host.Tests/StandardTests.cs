namespace UpStare.Host.Tests;

/// <summary>Files are transformed under every standard; text that the compiler rejects would leave them plain without a word.</summary>
public sealed class StandardTests : IDisposable
{
    private readonly TreePair _tree = new TreePair().With("main.c", "int f(int);\nint main(void) { return f(3); }\n");

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData("c89")]
    [InlineData("gnu89")]
    [InlineData("c99")]
    [InlineData("c11")]
    [InlineData("gnu17")]
    [InlineData("gnu2x")]
    public void NothingStaysPlain(string standard)
    {
        string log = Path.Combine(_tree.Ours, "log");
        Assert.Equal(0, Tools.RunCc(_tree.Ours, "-O2 -c main.c -std=" + standard, ("UPSTARE_LOG", log)).Code);
        Assert.False(File.Exists(log), File.Exists(log) ? File.ReadAllText(log) : "");
    }
}
