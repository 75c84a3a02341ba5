namespace UpStare.Host.Tests;

/// <summary>Two directories with the same sources: one for gcc, one for upstare-cc.</summary>
public sealed class TreePair : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("upstare-test-").FullName;

    public TreePair()
    {
        foreach (string side in (string[])[Plain, Ours])
        {
            Directory.CreateDirectory(Path.Combine(side, "obj"));
            Directory.CreateDirectory(Path.Combine(side, "src"));
        }
    }

    public string Plain => Path.Combine(_root, "tree", "gcc");

    /// <summary>Paths of both have the same length and depth, so that nothing printed differs but the name.</summary>
    public string Ours => Path.Combine(_root, "tree", "ups");

    /// <summary>Writes a file to both.</summary>
    public TreePair With(string path, string text)
    {
        foreach (string side in (string[])[Plain, Ours])
        {
            string file = Path.Combine(side, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, text);
        }

        return this;
    }

    /// <summary>The relative names of all files in a directory.</summary>
    public static string[] Files(string side)
    {
        string[] files = Directory.GetFiles(side, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 });
        for (int i = 0; i < files.Length; i++)
        {
            files[i] = Path.GetRelativePath(side, files[i]);
        }

        Array.Sort(files, StringComparer.Ordinal);
        return files;
    }

    /// <summary>Runs the same line on both sides and demands the same exit code, messages and set of files.</summary>
    public Outcome RunBoth(string line)
    {
        Outcome plain = Tools.RunGcc(Plain, line);
        Outcome ours = Tools.RunCc(Ours, line);
        Assert.Equal(Same(plain.Errors), Same(ours.Errors));
        Assert.Equal(plain.Code, ours.Code);
        Assert.Equal(Same(plain.Output), Same(ours.Output));
        Assert.Equal(Files(Plain), Files(Ours));
        return ours;
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string Same(string text) => text.Replace(Plain, Ours, StringComparison.Ordinal);
}
