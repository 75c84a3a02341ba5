using System.Text;
using UpStare.Frontend.Metadata;

namespace UpStare.Frontend.Tests;

public sealed class MetadataTests
{
    private static UnitMetadata Unit(string id) => new()
    {
        UnitId = id,
        SourceFile = "src/ü.c",
        Directory = "/build",
        SymbolHash = "0123abcd",
        Flags = ["-O2", "-DX=\"a b\""],
        Points = "default",
        ToolVersion = "0.1.0",
        Pinned = { ["f"] = "rejected: ‘x’", ["g"] = "" },
        Text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("int x;\n", 500))),
    };

    [Fact]
    public void Units_survive_the_linker()
    {
        byte[] section = [.. Unit("a").Encode(), 0, 0, 0, .. Unit("b").Encode(), 0];
        IReadOnlyList<UnitMetadata> read = UnitMetadata.ReadAll(section);
        Assert.Equal(["a", "b"], read.Select(unit => unit.UnitId));
        Assert.Equal(Unit("b").Text, read[1].Text);
        Assert.Equal(Unit("b").Flags, read[1].Flags);
        Assert.Equal(Unit("b").Pinned, read[1].Pinned);
        Assert.Equal(("src/ü.c", "/build", "0123abcd", "default", "0.1.0"), (read[0].SourceFile, read[0].Directory, read[0].SymbolHash, read[0].Points, read[0].ToolVersion));
        Assert.True(section.Length < Unit("a").Text.Length, "the text is compressed");
    }

    [Fact]
    public void Another_format_says_what_to_do()
    {
        byte[] bytes = Unit("a").Encode();
        Assert.Equal(RuntimeInterface.Version, UnitMetadata.ReadAll(bytes)[0].Interface);
        bytes[12]--;
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => UnitMetadata.ReadAll(bytes));
        Assert.Contains("build it anew", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_truncation_is_noticed()
    {
        byte[] bytes = Unit("a").Encode();
        for (int length = 1; length < bytes.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => UnitMetadata.ReadAll(bytes.AsSpan(0, length)));
        }
    }

    [Fact]
    public void A_text_is_unpacked_and_checked_when_it_is_asked_for()
    {
        byte[] bytes = Unit("a").Encode();
        UnitMetadata read = UnitMetadata.ReadAll(bytes)[0];
        Assert.True(read.HasTextOf(UnitMetadata.ReadAll(bytes)[0]));
        Assert.True(read.HasTextOf(Unit("b")));
        byte[] length = BitConverter.GetBytes(Unit("a").Text.Length);
        bytes[bytes.AsSpan().LastIndexOf(length)]++;
        UnitMetadata damaged = UnitMetadata.ReadAll(bytes)[0];
        Assert.Equal("a", damaged.UnitId);
        Assert.Throws<InvalidDataException>(() => damaged.Text);
    }

    [Fact]
    public void A_program_is_read()
    {
        byte[] program = Sources.Compile("int here; int main(void) { return 0; }"u8.ToArray(), "-Wl,--build-id");
        ElfFile file = ElfFile.Parse(program, "program");
        Assert.Contains("libc.so.6", file.Needed());
        Assert.StartsWith("/lib", file.Interpreter());
        Assert.Equal(40, file.BuildId().Length);
        Assert.Contains(file.Symbols(), symbol => symbol is { Name: "main", IsFunction: true, Binding: 1 });
        Assert.Contains(file.DynamicSymbols(), symbol => symbol is { Name: "__libc_start_main", Section: 0 });
        Assert.Equal("", file.Soname());
        Assert.Empty(UnitMetadata.ReadAll(file));
    }

    [Fact]
    public void Sections_of_objects_are_found_in_the_program()
    {
        byte[] unit = Unit("only").Encode();
        string bytes = string.Join(',', unit);
        string source = $"__asm__(\".pushsection .upstare.units,\\\"\\\",@progbits\\n.byte {bytes}\\n.popsection\"); int main(void) {{ return 0; }}";
        ElfFile file = ElfFile.Parse(Sources.Compile(Encoding.ASCII.GetBytes(source)), "program");
        Assert.Equal("only", Assert.Single(UnitMetadata.ReadAll(file)).UnitId);
    }

    [Fact]
    public void Damaged_files_are_refused_with_one_exception()
    {
        byte[] program = Sources.Compile("int main(void) { return 0; }"u8.ToArray(), "-c");
        for (int length = 0; length < program.Length; length += 7)
        {
            Assert.Throws<InvalidDataException>(() => ElfFile.Parse(program[..length], "cut"));
        }

        for (int at = 40; at < 64; at++)
        {
            byte[] damaged = [.. program];
            damaged[at] = 0xff;
            Exception? exception = Record.Exception(() => ElfFile.Parse(damaged, "damaged"));
            Assert.True(exception is null or InvalidDataException, $"byte {at}: {exception}");
        }
    }
}
