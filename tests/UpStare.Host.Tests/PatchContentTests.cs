namespace UpStare.Host.Tests;

/// <summary>What of a program a patch carries, and how often.</summary>
public sealed class PatchContentTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("upstare-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, true);

    /// <summary>The old version may hold a pointer to a function of which the new one takes no address: one unit has its stub, not each that declares it.</summary>
    [Fact]
    public void AStubIsInOneUnit()
    {
        File.WriteAllText(Path.Combine(_directory, "part.h"), "int part(int);\nint first(int);\nint second(int);\n");
        File.WriteAllText(Path.Combine(_directory, "part.c"), "#include \"part.h\"\nint part(int i)\n{\n\treturn i + 1;\n}\n");
        foreach (string name in (string[])["first", "second"])
        {
            File.WriteAllText(Path.Combine(_directory, name + ".c"), $"#include \"part.h\"\nint {name}(int i)\n{{\n\treturn part(i);\n}}\n");
        }

        foreach ((string version, string call) in (ReadOnlySpan<(string, string)>)[("old", "(argc > 1 ? first : part)(argc)"), ("new", "first(argc)")])
        {
            File.WriteAllText(Path.Combine(_directory, version + ".c"), $"#include \"part.h\"\nint main(int argc, char **argv)\n{{\n\treturn argv ? second(argc) : {call};\n}}\n");
            Outcome built = Tools.RunCc(_directory, $"-O1 {version}.c part.c first.c second.c -o {version}");
            Assert.True(built.Code == 0, built.Errors);
        }

        Outcome patched = Tools.Run(_directory, Tools.Tool("upstare-patch"), ["old", "new", "-o", "patch.so"]);
        Assert.True(patched.Code == 0, patched.Errors);
        string section = Tools.Run(_directory, "readelf", ["-SW", "patch.so"]).Output.Split('\n').Single(l => l.Contains(" upstare_stubs ", StringComparison.Ordinal));
        int bytes = Convert.ToInt32(section.Split(' ', StringSplitOptions.RemoveEmptyEntries).SkipWhile(w => w != "PROGBITS").ElementAt(3), 16);
        Assert.Equal(2, bytes / 12);
    }
}
