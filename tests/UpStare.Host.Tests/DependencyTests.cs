namespace UpStare.Host.Tests;

/// <summary>Dependency files are gcc's, byte for byte, under the names that gcc gives them.</summary>
public sealed class DependencyTests : IDisposable
{
    private const string Main = "#include <stdio.h>\n#include \"part.h\"\nint main(void)\n{\n\tprintf(\"%d\\n\", part());\n\treturn 0;\n}\n";
    private const string Part = "#include \"part.h\"\nint part(void)\n{\n\treturn 41;\n}\n";
    private const string Header = "int part(void);\n";

    private readonly TreePair _tree = new TreePair().With("main.c", Main).With("part.c", Part).With("part.h", Header)
        .With("src/main.c", Main).With("src/part.h", Header).With("with space.c", Part);

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData("-c -MD main.c")]
    [InlineData("-c -MMD main.c")]
    [InlineData("-c -MD -o obj/main.o src/main.c")]
    [InlineData("-c -MD -o obj/main src/main.c")]
    [InlineData("-c -MD -MP -o obj/x.y.o src/main.c")]
    [InlineData("-c -MD -MF obj/deps src/main.c")]
    [InlineData("-c -MMD -MF obj/deps -MT target src/main.c -o obj/q.o")]
    [InlineData("-c -MMD -MFobj/deps -MQ ta$get src/main.c -o obj/q.o")]
    [InlineData("-c -MD -MT a -MT b src/main.c")]
    [InlineData("-c -Wp,-MD,obj/deps src/main.c -o obj/q.o")]
    [InlineData("-c -Wp,-MMD,obj/deps,-DX src/main.c")]
    [InlineData("-w -c -MD -o obj/main.o src/main.c")]
    [InlineData("-w -c -Wp,-MD,obj/deps src/main.c -o obj/q.o")]
    [InlineData("-MD main.c part.c")]
    [InlineData("-MD main.c part.c -o prog")]
    [InlineData("-MMD main.c part.c -o obj/prog.exe")]
    [InlineData("-S -MD src/main.c -o obj/main.s")]
    [InlineData("-c -O2 -g -Wall -MD -MP main.c part.c")]
    [InlineData("-E -MD main.c -o obj/main.i")]
    [InlineData("-M main.c")]
    [InlineData("-MM main.c -MF obj/deps")]
    public void AsGcc(string line)
    {
        _tree.RunBoth(line);
        int compared = 0;
        foreach (string file in TreePair.Files(_tree.Plain))
        {
            if (file.EndsWith(".d", StringComparison.Ordinal) || file == "obj/deps")
            {
                Assert.Equal(File.ReadAllText(Path.Combine(_tree.Plain, file)), File.ReadAllText(Path.Combine(_tree.Ours, file)));
                compared++;
            }
        }

        Assert.True(compared > 0 || line is "-M main.c", "no dependency file was made by: " + line);
    }

    [Fact]
    public void FileNamesWithBlanks()
    {
        Outcome plain = Tools.Run(_tree.Plain, "gcc", ["-c", "-MD", "with space.c", "-o", "obj/a b.o"]);
        Outcome ours = Tools.Run(_tree.Ours, Tools.Cc, ["-c", "-MD", "with space.c", "-o", "obj/a b.o"]);
        Assert.Equal(plain, ours);
        Assert.Equal(File.ReadAllText(Path.Combine(_tree.Plain, "obj/a b.d")), File.ReadAllText(Path.Combine(_tree.Ours, "obj/a b.d")));
    }

    [Fact]
    public void EnvironmentVariable()
    {
        Tools.Run(_tree.Plain, "gcc", ["-c", "main.c"], ("DEPENDENCIES_OUTPUT", "obj/env.d"));
        Tools.Run(_tree.Ours, Tools.Cc, ["-c", "main.c"], ("DEPENDENCIES_OUTPUT", "obj/env.d"));
        Assert.Equal(File.ReadAllText(Path.Combine(_tree.Plain, "obj/env.d")), File.ReadAllText(Path.Combine(_tree.Ours, "obj/env.d")));
    }
}
