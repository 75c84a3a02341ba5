using System.Globalization;

namespace UpStare.Instrument.Tests;

/// <summary>
/// programs/*.c: what the plain program prints, the transformed one prints too, without an update and with an update of
/// every frame to itself at every n-th point (runtime/runtime.c).
/// </summary>
public class RunTests
{
    private static readonly int[] s_every = [0, 1, 2, 3, 7, 13];

    public static TheoryData<string, string> Programs()
    {
        var data = new TheoryData<string, string>();
        foreach (string path in Directory.GetFiles(Path.Combine(Workshop.SourceDirectory(), "programs"), "*.c"))
        {
            data.Add(Path.GetFileNameWithoutExtension(path), "-O0");
            data.Add(Path.GetFileNameWithoutExtension(path), "-O2");
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void BehavesAsThePlainProgram(string name, string level) => Check(name, level, PointsPolicy.Default);

    [Theory]
    [MemberData(nameof(Programs))]
    public void BehavesAsThePlainProgramWithAllPoints(string name, string level) => Check(name, level, PointsPolicy.All);

    private static void Check(string name, string level, PointsPolicy points)
    {
        using var shop = new Workshop();
        string folder = Workshop.SourceDirectory();
        string source = Path.Combine(folder, "programs", name + ".c");
        shop.Gcc(level, "-w", source, "-o", shop.In("plain"));
        (int code, string output, string _) = Workshop.Result(shop.In("plain"), [], null);
        string program = shop.Program(source, level, points);
        foreach (int every in s_every)
        {
            (int code, string Output, string Errors) got = Workshop.Result(program, [], every);
            Assert.Equal(output, got.Output);
            Assert.Equal(code, got.code);
            if (every == 1)
            {
                long updates = long.Parse(got.Errors.Split(' ')[^2].Split('\n')[^1], CultureInfo.InvariantCulture);
                Assert.True(updates > 0, "no update happened");
            }
        }
    }
}
