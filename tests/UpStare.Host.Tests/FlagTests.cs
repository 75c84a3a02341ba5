namespace UpStare.Host.Tests;

/// <summary>Under each set of flags a program is what it is under gcc, is verified, and is updated to itself in the middle of its work.</summary>
public sealed class FlagTests : IDisposable
{
    private const string Main = """
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        struct item { char name[32]; int value; };
        int part(int);
        static long fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
        static int fill(struct item *p, const char *text)
        {
        	strcpy(p->name, text);
        	p->value = part((int)strlen(text));
        	return p->value;
        }
        static int compare(const void *a, const void *b)
        {
        	return part(((const struct item *)a)->value % 7) - part(((const struct item *)b)->value % 7);
        }
        int main(int argc, char **argv)
        {
        	struct item items[20];
        	char text[32];
        	int total = 0;
        	for (int i = 0; i < 20; i++) {
        		snprintf(text, sizeof text, "%d-%s", i * i, argv[argc - 1]);
        		total += fill(&items[i], text);
        	}
        	int (*order)(const void *, const void *) = compare;
        	printf("%d %ld %d\n", total, fib(12), order(&items[0], &items[19]));
        	return 3;
        }
        """;

    private const string Part = "int part(int i)\n{\n\tint sum = 0;\n\twhile (i > 0)\n\t\tsum += i--;\n\treturn sum;\n}\n";

    private const string Script = "SECTIONS { .own : { *(.text.startup) } } INSERT AFTER .text;";

    private readonly TreePair _tree = new TreePair().With("main.c", Main).With("part.c", Part).With("own.ld", Script);

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData("-O0")]
    [InlineData("-Og -g3")]
    [InlineData("-Os -g")]
    [InlineData("-Oz")]
    [InlineData("-O3 -march=native -funroll-loops")]
    [InlineData("-O2 -flto=auto -ffat-lto-objects")]
    [InlineData("-g -O2 -Wall -Wextra -Werror -fstack-protector-strong -fstack-clash-protection -fcf-protection -D_FORTIFY_SOURCE=2 -Wl,-z,relro,-z,now")]
    [InlineData("-O1 -D_FORTIFY_SOURCE=3 -fstack-protector-all -ftrivial-auto-var-init=pattern -fzero-call-used-regs=used")]
    [InlineData("-O2 -fno-pie -no-pie -fno-omit-frame-pointer -mno-red-zone")]
    [InlineData("-O2 -ffunction-sections -fdata-sections -fvisibility=hidden -Wl,--gc-sections -s")]
    [InlineData("-O2 -fPIC -fno-plt -rdynamic -fno-asynchronous-unwind-tables")]
    [InlineData("-O2 -fuse-ld=gold -Wl,--icf=all")]
    [InlineData("-O2 -Wl,-T,own.ld")]
    [InlineData("-O2 -T own.ld")]
    [InlineData("-O1 -fsanitize=undefined -fno-sanitize-recover=all")]
    [InlineData("-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all")]
    [InlineData("-O0 -fsanitize=address")]
    public void CanBeUpdated(string flags)
    {
        Outcome built = _tree.RunBoth(flags + " main.c part.c -o prog");
        Assert.Equal(0, built.Code);
        Outcome plain = Tools.Run(_tree.Plain, Path.Combine(_tree.Plain, "prog"), ["word"]);
        Outcome verified = Tools.RunCc(_tree.Ours, "--verify prog");
        Assert.True(verified.Code == 0, verified.Output);
        Outcome patched = Tools.Run(_tree.Ours, Tools.Tool("upstare-patch"), ["prog", "prog", "-o", "same.so"]);
        Assert.True(patched.Code == 0, patched.Errors);
        Outcome run = Tools.Run(_tree.Ours, Tools.Tool("upstare-run"), ["--every", "3", "same.so", "--", "./prog", "word"]);
        Assert.Equal((plain.Code, plain.Output), (run.Code, run.Output));
        Assert.Matches("^upstare-run: [1-9][0-9]* updates applied, 0 refused, ", run.Errors);
    }

    /// <summary>And at a mode that is not there, where a file may be created.</summary>
    [Fact]
    public void FortifiedOpenWantsAMode()
    {
        _tree.With("opens.c", """
            #define _GNU_SOURCE
            #include <fcntl.h>
            #include <stdlib.h>
            int main(int argc, char **argv)
            {
            	int flags = (int)strtol(argv[2], NULL, 8);
            	switch (argv[1][0]) {
            	case 'o': return open("/dev/null", flags) < 0;
            	case 'a': return openat(AT_FDCWD, "/dev/null", flags) < 0;
            	case 'm': return open("/dev/null", flags, 0600) < 0;
            	}
            	return argc;
            }
            """);
        foreach (string more in new[] { "", " -D_FILE_OFFSET_BITS=64" })
        {
            Assert.Equal(0, _tree.RunBoth("-O2 -D_FORTIFY_SOURCE=2 opens.c -o opens" + more).Code);
            foreach ((string call, string flags, int code) in new[] { ("o", "1", 0), ("o", "101", 134), ("o", "20200001", 134), ("a", "2", 0), ("a", "102", 134), ("m", "101", 0) })
            {
                Assert.Equal((call, flags, code), (call, flags, Tools.Run(_tree.Plain, Path.Combine(_tree.Plain, "opens"), [call, flags]).Code));
                Assert.Equal((call, flags, code), (call, flags, Tools.Run(_tree.Ours, Path.Combine(_tree.Ours, "opens"), [call, flags]).Code));
            }
        }
    }

    /// <summary>-D_FORTIFY_SOURCE looks at sizes that are known only when the program runs: also for calls that the runtime wraps.</summary>
    [Fact]
    public void FortifiedWaitsAreChecked()
    {
        _tree.With("waits.c", """
            #define _GNU_SOURCE
            #include <poll.h>
            #include <stdlib.h>
            #include <string.h>
            #include <sys/socket.h>
            #include <unistd.h>
            int main(int argc, char **argv)
            {
            	char buffer[64];
            	struct pollfd files[8] = {{.fd = 0, .events = POLLIN}};
            	struct timespec none = {0};
            	size_t size = strtoul(argv[2], NULL, 10);
            	switch (argv[1][0]) {
            	case 'r': return read(-1, buffer, size) == -1;
            	case 'v': return recv(-1, buffer, size, 0) == -1;
            	case 'f': return recvfrom(-1, buffer, size, 0, NULL, NULL) == -1;
            	case 'p': return poll(files, size / 8, 0) >= 0;
            	case 'q': return ppoll(files, size / 8, &none, NULL) >= 0;
            	}
            	return argc;
            }
            """);
        const int Aborted = 128 + 6;
        Assert.Equal(0, _tree.RunBoth("-O2 -D_FORTIFY_SOURCE=2 waits.c -o waits").Code);
        foreach (string call in new[] { "r", "v", "f", "p", "q" })
        {
            foreach ((string size, int code) in new[] { ("64", 1), ("72", Aborted) })
            {
                Assert.Equal((call, size, code), (call, size, Tools.Run(_tree.Plain, Path.Combine(_tree.Plain, "waits"), [call, size]).Code));
                Assert.Equal((call, size, code), (call, size, Tools.Run(_tree.Ours, Path.Combine(_tree.Ours, "waits"), [call, size]).Code));
            }
        }
    }
}
