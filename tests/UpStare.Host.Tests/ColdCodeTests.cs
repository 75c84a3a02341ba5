namespace UpStare.Host.Tests;

/// <summary>What gcc takes for code that never runs: cold exits, and nothing else (docs/architecture.md, "A function").</summary>
public sealed class ColdCodeTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("upstare-cold-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>gcc finds nothing cold in this source by itself, and a cold exit calls nothing: a call there is one of the function's own.</summary>
    [Fact]
    public void WhatStandsBehindAPointIsNotCold()
    {
        File.WriteAllText(Path.Combine(_directory, "split.c"), """
            struct found { int yes; unsigned at; char what; };
            struct found first(const char *text, const char *by);
            struct found last(const char *text, const char *by);
            void empty(char *text);
            void take(char *to, const char *from);
            void cut(char *text, unsigned at);

            void split(char *text, char *rest, const char *by, int backwards)
            {
            	struct found f;
            	if (backwards)
            		f = last(text, by);
            	else
            		f = first(text, by);
            	if (!f.yes) {
            		empty(rest);
            		return;
            	}
            	take(rest, text + f.at);
            	cut(text, f.at);
            }

            int none(int n)
            {
            	int total = 0;
            	for (int i = 0; i < n; i++) {
            		struct found f = first("a", "b");
            		if (f.yes)
            			continue;
            		total += (int)f.at;
            	}
            	if (total < 0)
            		return 0;
            	empty(0);
            	return 0;
            }
            """);
        Outcome built = Tools.RunCc(_directory, "-O2 -c split.c");
        Assert.True(built.Code == 0, built.Errors);
        Assert.Equal(0, Tools.Run(_directory, "gcc", ["-O2", "-c", "split.c", "-o", "plain.o"]).Code);
        Assert.Equal("", Cold("plain.o"));
        string cold = Cold("split.o");
        Assert.Contains("upstare_point", cold, StringComparison.Ordinal);
        Assert.DoesNotContain("call", cold, StringComparison.Ordinal);
    }

    /// <summary>What runs stands together: the program's code, then the runtime's, then what hardly ever runs (dotnet-host/program.ld).</summary>
    [Fact]
    public void ColdCodeStandsBehindTheRuntime()
    {
        File.WriteAllText(Path.Combine(_directory, "main.c"), """
            #include <unistd.h>
            __attribute__((cold, noinline)) static int complain(void)
            {
            	return write(2, "read\n", 5) < 0;
            }
            int main(void)
            {
            	char text[4];
            	ssize_t n;
            	while ((n = read(0, text, sizeof text)) > 0)
            		;
            	return n < 0 ? complain() : 0;
            }
            """);
        Outcome built = Tools.RunCc(_directory, "-O2 main.c -o main");
        Assert.True(built.Code == 0, built.Errors);
        string sections = Tools.Run(_directory, "readelf", ["-SW", "main"]).Output;
        int[] places = [.. new[] { " .text ", " upstare_text ", " .text.unlikely ", " upstare_exits " }.Select(name => sections.IndexOf(name, StringComparison.Ordinal))];
        Assert.All(places, place => Assert.True(place > 0, sections));
        Assert.True(places.SequenceEqual(places.Order()), sections);
    }

    private string Cold(string file)
    {
        string output = Tools.Run(_directory, "objdump", ["-dr", "--no-show-raw-insn", "-j", ".text.unlikely", file]).Output;
        int at = output.IndexOf("Disassembly of section", StringComparison.Ordinal);
        return at < 0 ? "" : output[at..];
    }
}
