namespace UpStare.Host.Tests;

/// <summary>upstare-cc behaves as gcc does: messages, exit codes, files, and the programs that come out.</summary>
public sealed class DriverTests : IDisposable
{
    private const string Main = """
        #include <stdio.h>
        int part(int);
        static int sum(int n)
        {
            int s = 0;
            for (int i = 0; i < n; i++)
                s += part(i);
            return s;
        }
        int main(int argc, char **argv)
        {
            printf("%d %s\n", sum(10), argc > 1 ? argv[1] : "-");
            return 3;
        }
        """;

    private const string Part = "int part(int i)\n{\n\treturn i * i;\n}\n";

    private readonly TreePair _tree = new TreePair().With("main.c", Main).With("part.c", Part).With("src/part.c", Part)
        .With("warn.c", "#include <string.h>\nint f(int x)\n{\n\tint y;\n\tchar b[4];\n\tif (x = 1)\n\t\tstrcpy(b, \"too long for it\");\n\treturn y + b[0];\n}\n")
        .With("bad.c", "int main(void)\n{\n\treturn nothing;\n}\n")
        .With("noinclude.c", "#include \"missing.h\"\nint x;\n")
        .With("head.h", "int part(int);\n")
        .With("dead.c", "int nosuch(int);\nint dead(int n) { while (n-- > 0) nosuch(n); return nosuch(n) + 1; }\nint (*kept(void))(int) { return nosuch; }\n")
        .With("asm.s", "\t.globl part\npart:\n\tmov %edi, %eax\n\tret\n\t.section .note.GNU-stack,\"\"\n")
        .With("args", "-O2 main.c\n'part.c' -o \"prog\"\n")
        .With("plain.txt", "int part(int i) { return i + 1; }\n");

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("--version")]
    [InlineData("-dumpmachine")]
    [InlineData("-dumpversion")]
    [InlineData("-print-file-name=libc.a")]
    [InlineData("-print-search-dirs")]
    [InlineData("-E main.c -o obj/main.i")]
    [InlineData("-fsyntax-only warn.c -Wall")]
    [InlineData("-E -dM -x c /dev/null")]
    [InlineData("-c asm.s -o obj/asm.o")]
    [InlineData("nosuchfile.c")]
    [InlineData("-c nosuchfile.c -o obj/x.o")]
    [InlineData("-c main.c part.c -o obj/both.o")]
    [InlineData("-nosuchoption -c main.c")]
    [InlineData("-O2 -c noinclude.c")]
    [InlineData("-c bad.c")]
    [InlineData("-c bad.c part.c")]
    [InlineData("bad.c -o prog")]
    [InlineData("-w -c bad.c")]
    [InlineData("-Wall -Wextra -O2 -c warn.c")]
    [InlineData("-Wall -O0 -c warn.c")]
    [InlineData("-O2 -c warn.c")]
    [InlineData("-w -O2 -c warn.c")]
    [InlineData("-Wall -Werror -O2 -c warn.c")]
    [InlineData("-Wall -Werror=parentheses -c warn.c -o obj/warn.o")]
    [InlineData("-pedantic-errors -std=c99 -c main.c")]
    [InlineData("-c -O2 -fstack-usage src/part.c -o obj/q.o")]
    [InlineData("-O2 -fstack-usage main.c part.c -o obj/prog")]
    [InlineData("-c -save-temps src/part.c -o obj/part.o")]
    [InlineData("-save-temps=cwd -c src/part.c -o obj/part.o")]
    [InlineData("-save-temps main.c part.c -o obj/prog")]
    [InlineData("-c --coverage main.c")]
    [InlineData("--coverage main.c part.c -o obj/prog")]
    [InlineData("-O2 -c -fprofile-use main.c")]
    [InlineData("-c -g -gsplit-dwarf main.c -o obj/main.o")]
    [InlineData("main.c part.c -o nosuchdir/prog")]
    [InlineData("-c main.c -o nosuchdir/main.o")]
    [InlineData("-c main.c -o obj")]
    [InlineData("-c main.c -o")]
    [InlineData("head.h")]
    [InlineData("-x c-header head.h -o obj/head.h.gch")]
    [InlineData("-fdiagnostics-format=json -Wall -c warn.c")]
    [InlineData("-S main.c")]
    [InlineData("-c -pipe main.c part.c")]
    [InlineData("-shared -fPIC part.c -o libpart.so")]
    [InlineData("-r part.c -nostdlib -o both.o")]
    [InlineData("-c -o /dev/null main.c")]
    [InlineData("-flto -O2 -c main.c")]
    public void SameMessagesAndFiles(string line) => _tree.RunBoth(line);

    [Theory]
    [InlineData("main.c part.c -o prog")]
    [InlineData("-O2 -g main.c part.c -o prog")]
    [InlineData("-O3 main.c part.c -o prog")]
    [InlineData("-Os -std=c99 main.c part.c -oprog")]
    [InlineData("-ansi -std=gnu11 main.c part.c -o prog")]
    [InlineData("-O2 -flto main.c part.c -o prog")]
    [InlineData("-static main.c part.c -o prog")]
    [InlineData("-no-pie -fno-pie main.c part.c -o prog")]
    [InlineData("-x c main.c plain.txt -o prog")]
    [InlineData("main.c -x c plain.txt -x none -o prog")]
    [InlineData("main.c asm.s -o prog")]
    [InlineData("@args")]
    [InlineData("-v main.c part.c -o prog")]
    [InlineData("-fprofile-arcs main.c part.c -o prog")]
    [InlineData("-fsanitize=undefined main.c part.c -o prog")]
    [InlineData("-ffunction-sections -fdata-sections -Wl,--gc-sections -O2 main.c part.c -o prog")]
    [InlineData("-ffunction-sections -Wl,--gc-sections -O2 main.c part.c dead.c -o prog")]
    public void SameProgram(string line)
    {
        Outcome plain = Tools.RunGcc(_tree.Plain, line);
        Outcome ours = Tools.RunCc(_tree.Ours, line);
        Assert.Equal(plain.Code, ours.Code);
        Assert.Equal(plain.Output, ours.Output);
        if (!line.Contains("-v ", StringComparison.Ordinal))
        {
            Assert.Equal("", ours.Errors);
        }

        AssertSameRun("prog");
    }

    /// <summary>A limit: a function that is missing is missed when the program starts, and not when it is called.</summary>
    [Theory]
    [InlineData("", 127)]
    [InlineData("-Wl,-z,lazy", 0)]
    [InlineData("-Wl,--unresolved-symbols=report-all", 0)]
    public void NamesAreLookedUpWhenTheProgramStarts(string flags, int code)
    {
        foreach (string side in (string[])[_tree.Plain, _tree.Ours])
        {
            File.WriteAllText(Path.Combine(side, "lib.c"), "#ifndef NEXT\nint missing(void) { return 3; }\n#endif\nint there(void) { return 0; }\n");
            File.WriteAllText(Path.Combine(side, "user.c"), "int missing(void), there(void); int main(int n, char **v) { return n > 1 ? missing() : there(); }");
            Assert.Equal(0, Tools.RunGcc(side, "-shared -fPIC lib.c -o lib.so").Code);
        }

        Assert.Equal(0, Tools.RunGcc(_tree.Plain, "user.c ./lib.so -o prog").Code);
        Assert.Equal(0, Tools.RunCc(_tree.Ours, flags + " user.c ./lib.so -o prog").Code);
        foreach (string side in (string[])[_tree.Plain, _tree.Ours])
        {
            Assert.Equal(3, Tools.Run(side, Path.Combine(side, "prog"), ["x"]).Code);
            Assert.Equal(0, Tools.RunGcc(side, "-DNEXT -shared -fPIC lib.c -o lib.so").Code);
        }

        Assert.Equal(0, Tools.Run(_tree.Plain, Path.Combine(_tree.Plain, "prog"), []).Code);
        Assert.Equal(code, Tools.Run(_tree.Ours, Path.Combine(_tree.Ours, "prog"), []).Code);
    }

    /// <summary>The tables of pinned functions hold addresses; they must not lie beside the program's constants, or those can be written.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("-fno-pie -no-pie")]
    [InlineData("-O2 -fPIE -pie -Wl,-z,relro,-z,now")]
    public void ConstantsStayReadOnly(string flags)
    {
        foreach (string side in (string[])[_tree.Plain, _tree.Ours])
        {
            File.WriteAllText(Path.Combine(side, "constant.c"), """
                static int twice(int n) { int inner(int k) { return k * 2; } return inner(n); }
                int main(void) { volatile char *p = (char *)"constant"; p[0] = 'x'; return twice(2); }
                """);
        }

        Assert.Equal(0, Tools.RunGcc(_tree.Plain, flags + " constant.c -o prog").Code);
        Assert.Equal(0, Tools.RunCc(_tree.Ours, flags + " constant.c -o prog").Code);
        Outcome run = Tools.Run(_tree.Plain, Path.Combine(_tree.Plain, "prog"), []);
        Assert.NotEqual(4, run.Code);
        Assert.Equal(run, Tools.Run(_tree.Ours, Path.Combine(_tree.Ours, "prog"), []));
    }

    /// <summary>
    /// dladdr names the program's exported functions as in gcc's program (main apart), though their names lead to stubs. A table
    /// without hashes would let dlsym find the functions in place of the stubs: with it the names are missing.
    /// </summary>
    [Theory]
    [InlineData("-O2 -rdynamic")]
    [InlineData("-O0 -rdynamic -no-pie")]
    [InlineData("-O2 -rdynamic -Wl,--hash-style=both", false)]
    public void BacktracesHaveNames(string flags, bool named = true)
    {
        _tree.With("names.c", """
            #define _GNU_SOURCE
            #include <dlfcn.h>
            #include <execinfo.h>
            #include <stdio.h>
            #include <stdint.h>
            __attribute__((noinline)) void innermost(void)
            {
                void *trace[20];
                int n = backtrace(trace, 20);
                for (int i = 0; i < n; i++) {
                    Dl_info info;
                    if (dladdr((char *)trace[i] - 1, &info) && info.dli_sname)
                        printf("%s\n", info.dli_sname);
                }
            }
            __attribute__((noinline)) int middle(int n)
            {
                if (n)
                    middle(n - 1);
                else
                    innermost();
                return n + 1;
            }
            int main(void)
            {
                int (*found)(int) = (int (*)(int))(intptr_t)dlsym(RTLD_DEFAULT, "middle");
                Dl_info info;
                printf("%d\n", found(2));
                printf("%s\n", dladdr((void *)(intptr_t)found, &info) ? info.dli_sname : "-");
                int (*volatile taken)(int) = middle;
                printf("%d %s\n", found == taken, dladdr((void *)(intptr_t)taken, &info) ? info.dli_sname : "-");
                return 0;
            }
            """);
        Assert.Equal(0, Tools.RunGcc(_tree.Plain, flags + " names.c -o prog").Code);
        Assert.Equal(0, Tools.RunCc(_tree.Ours, flags + " names.c -o prog").Code);
        string plain = Tools.Run(_tree.Plain, Path.Combine(_tree.Plain, "prog"), []).Output;
        Assert.StartsWith("innermost\nmiddle\nmiddle\nmiddle\nmain\n", plain, StringComparison.Ordinal);
        plain = named ? plain : plain.Replace("innermost\nmiddle\nmiddle\nmiddle\n", "", StringComparison.Ordinal);
        Assert.Equal(plain, Tools.Run(_tree.Ours, Path.Combine(_tree.Ours, "prog"), []).Output.Replace("upstare_main", "main", StringComparison.Ordinal));
    }

    [Fact]
    public void ObjectsArchivesAndOutOfTreeBuilds()
    {
        foreach (string side in (string[])[_tree.Plain, _tree.Ours])
        {
            string cc = side == _tree.Ours ? Tools.Cc : "gcc";
            string build = Path.Combine(side, "build");
            Directory.CreateDirectory(build);
            Assert.Equal(0, Tools.Run(build, cc, ["-O2", "-c", "../main.c"]).Code);
            Assert.Equal(0, Tools.Run(build, cc, ["-O2", "-c", "../src/part.c", "-o", "p.o"]).Code);
            Assert.Equal(0, Tools.Run(build, "ar", ["rcs", "libp.a", "p.o"]).Code);
            Outcome link = Tools.Run(build, cc, ["main.o", "-L.", "-lp", "-o", "../prog"]);
            Assert.Equal(new Outcome(0, "", ""), link);
        }

        AssertSameRun("prog");
        Assert.Equal(TreePair.Files(_tree.Plain), TreePair.Files(_tree.Ours));
    }

    [Fact]
    public void SharedObjectsWork()
    {
        foreach (string side in (string[])[_tree.Plain, _tree.Ours])
        {
            string cc = side == _tree.Ours ? Tools.Cc : "gcc";
            Assert.Equal(0, Tools.Run(side, cc, ["-shared", "-fPIC", "-O2", "part.c", "-o", "libpart.so"]).Code);
            Outcome link = Tools.Run(side, cc, ["main.c", "-L.", "-lpart", "-Wl,-rpath,$ORIGIN", "-o", "prog"]);
            Assert.Equal(new Outcome(0, "", ""), link);
        }

        AssertSameRun("prog");
    }

    [Fact]
    public void MergedObjectsWork()
    {
        foreach (string side in (string[])[_tree.Plain, _tree.Ours])
        {
            string cc = side == _tree.Ours ? Tools.Cc : "gcc";
            Assert.Equal(new Outcome(0, "", ""), Tools.Run(side, cc, ["-c", "main.c", "part.c"]));
            Assert.Equal(new Outcome(0, "", ""), Tools.Run(side, cc, ["-r", "-nostdlib", "main.o", "part.o", "-o", "all.o"]));
            Assert.Equal(new Outcome(0, "", ""), Tools.Run(side, cc, ["all.o", "-o", "prog"]));
        }

        AssertSameRun("prog");
    }

    [Theory]
    [InlineData("-shared -fPIC -nostdlib main.c -o made.so", "it is a shared library without tables")]
    [InlineData("-static main.c part.c -o made.so", "it is linked statically")]
    [InlineData("-static-pie main.c part.c -o made.so", "it is linked statically")]
    [InlineData("-fsanitize=thread main.c part.c -o made.so", "it has no function that was transformed")]
    public void WhatCannotBeUpdatedSaysSo(string line, string why)
    {
        Assert.Equal(new Outcome(0, "", ""), Tools.RunCc(_tree.Ours, line));
        Assert.Contains("cannot be updated: " + why, Tools.RunCc(_tree.Ours, "--report made.so").Output);
    }

    [Fact]
    public void ALibraryIsUpdatedWithItsProgram()
    {
        Assert.Equal(new Outcome(0, "", ""), Tools.RunCc(_tree.Ours, "-shared -fPIC main.c -o made.so"));
        Assert.Contains("can be updated, with the program that loads it", Tools.RunCc(_tree.Ours, "--report made.so").Output);
    }

    /// <summary>Whoever compiles to /dev/null as root keeps it: what is no file is written to. A pipe stands in for the device.</summary>
    [Fact]
    public void ASpecialFileIsWrittenToAndStays()
    {
        Outcome outcome = Tools.Run(_tree.Ours, "sh", ["-c", $"mkfifo pipe && (cat pipe >copy.o & '{Tools.Tool("upstare-cc")}' -c main.c -o pipe; wait) && test -p pipe && nm copy.o"]);
        Assert.True(outcome.Code == 0, outcome.Errors);
        Assert.Contains("part", outcome.Output);
    }

    [Fact]
    public void TheReportTellsOfLinkTimeOptimisation()
    {
        Assert.Equal(0, Tools.RunCc(_tree.Ours, "-O2 -flto=auto main.c part.c -o prog").Code);
        Assert.Contains("without -flto", Tools.RunCc(_tree.Ours, "--report prog").Output);
    }

    [Fact]
    public void AnObjectHasNoReport()
    {
        Assert.Equal(0, Tools.RunCc(_tree.Ours, "-c main.c").Code);
        Outcome report = Tools.RunCc(_tree.Ours, "--report main.o");
        Assert.Equal(1, report.Code);
        Assert.Contains("main.o: an object file", report.Errors);
    }

    [Fact]
    public void AProgramWithoutMainDoesNotLink()
    {
        Outcome ours = Tools.RunCc(_tree.Ours, "part.c -o prog");
        Assert.Equal(Tools.RunGcc(_tree.Plain, "part.c -o prog").Code, ours.Code);
        Assert.Contains("main", ours.Errors);
        Assert.Equal(TreePair.Files(_tree.Plain), TreePair.Files(_tree.Ours));
    }

    /// <summary>libtool's way to put programs together (Apache's).</summary>
    [Theory]
    [InlineData("")]
    [InlineData("-Wl,--gc-sections ")]
    public void MainMayStandInAnArchive(string flags)
    {
        foreach ((string tree, string compiler) in new[] { (_tree.Ours, Tools.Cc), (_tree.Plain, "gcc") })
        {
            Assert.Equal(new Outcome(0, "", ""), Tools.Run(tree, "sh", ["-c", $"{compiler} -O2 -c main.c part.c && ar rcs first.a main.o && ar rcs second.a part.o && {compiler} {flags}first.a second.a -o prog"]));
        }

        Assert.StartsWith("can be updated\n", Tools.RunCc(_tree.Ours, "--report prog").Output);
        AssertSameRun("prog");
    }

    [Fact]
    public void AssemblyAssembles()
    {
        Assert.Equal(new Outcome(0, "", ""), Tools.RunCc(_tree.Ours, "-O2 -S main.c part.c"));
        Assert.Equal(new Outcome(0, "", ""), Tools.RunCc(_tree.Ours, "main.s part.s -o prog"));
        Assert.Equal(0, Tools.RunGcc(_tree.Plain, "main.c part.c -o prog").Code);
        AssertSameRun("prog");
    }

    [Fact]
    public void StandardInput()
    {
        Outcome ours = Tools.Run(_tree.Ours, "/bin/sh", ["-c", "\"$0\" -x c - -c -o obj/stdin.o < main.c && \"$0\" obj/stdin.o part.c -o prog", Tools.Cc]);
        Assert.Equal(new Outcome(0, "", ""), ours);
        Assert.Equal(0, Tools.RunGcc(_tree.Plain, "main.c part.c -o prog").Code);
        AssertSameRun("prog");
    }

    [Fact]
    public void DisabledItIsTheRealCompiler()
    {
        Assert.Equal(0, Tools.RunGcc(_tree.Plain, "-O2 -c main.c").Code);
        Assert.Equal(0, Tools.RunCc(_tree.Ours, "-O2 -c main.c", ("UPSTARE_DISABLE", "1")).Code);
        Assert.Equal(File.ReadAllBytes(Path.Combine(_tree.Plain, "main.o")), File.ReadAllBytes(Path.Combine(_tree.Ours, "main.o")));
    }

    [Fact]
    public void TheRealCompilerCanBeChosen()
    {
        _tree.With("cc", "#!/bin/sh\necho \"$@\" >> called\nexec gcc \"$@\"\n");
        File.SetUnixFileMode(Path.Combine(_tree.Ours, "cc"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        string called = Path.Combine(_tree.Ours, "called");
        Assert.Equal(0, Tools.RunCc(_tree.Ours, "-c main.c", ("UPSTARE_CC", "./cc -DFROM_ENVIRONMENT")).Code);
        Assert.All(File.ReadAllLines(called), line => Assert.StartsWith("-DFROM_ENVIRONMENT ", line));
        Assert.NotEmpty(File.ReadAllLines(called));
    }

    [Fact]
    public void AMissingCompilerIsReported()
    {
        Outcome ours = Tools.RunCc(_tree.Ours, "-c main.c", ("UPSTARE_CC", "/no/such/compiler"));
        Assert.NotEqual(0, ours.Code);
        Assert.Contains("/no/such/compiler", ours.Errors);
    }

    [Fact]
    public void AnOldOutputIsReplacedOnlyByAGoodOne()
    {
        string target = Path.Combine(_tree.Ours, "bad.o");
        File.WriteAllText(target, "old");
        Assert.Equal(1, Tools.RunCc(_tree.Ours, "-c bad.c").Code);
        Assert.True(!File.Exists(target) || File.ReadAllText(target) == "old");
    }

    [Fact]
    public void NothingIsLeftInTheTemporaryDirectory()
    {
        string temporary = Path.Combine(_tree.Ours, "tmp");
        Directory.CreateDirectory(temporary);
        foreach (string line in (string[])["-O2 -c main.c", "main.c part.c -o prog", "-c bad.c", "-c noinclude.c", "-E main.c"])
        {
            Tools.RunCc(_tree.Ours, line, ("TMPDIR", temporary));
            Assert.Empty(TreePair.Files(temporary));
        }
    }

    [Fact]
    public void ChildrenSeeTheUsersEnvironment()
    {
        _tree.With("cc", "#!/bin/sh\nenv | sort > env.$$\nexec gcc \"$@\"\n");
        File.SetUnixFileMode(Path.Combine(_tree.Ours, "cc"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        foreach (string line in (string[])["-c main.c", "--version"])
        {
            Tools.RunCc(_tree.Ours, line, ("UPSTARE_CC", "./cc"));
        }

        string[] environments = Directory.GetFiles(_tree.Ours, "env.*");
        Assert.NotEmpty(environments);
        Assert.All(environments, e => Assert.DoesNotContain("UPSTARE_LAUNCHED", File.ReadAllText(e)));
        Assert.All(environments, e => Assert.DoesNotContain("DOTNET_EnableDiagnostics", File.ReadAllText(e)));
    }

    [Fact]
    public void TheLogSaysWhatStayedPlain()
    {
        string log = Path.Combine(_tree.Ours, "log");
        Assert.Equal(0, Tools.RunCc(_tree.Ours, "-c -fsanitize=thread main.c", ("UPSTARE_LOG", log)).Code);
        Assert.Contains("main.c: compiled plainly: compiled with -fsanitize=thread", File.ReadAllText(log));
    }

    private void AssertSameRun(string program)
    {
        Outcome plain = Tools.Run(_tree.Plain, Path.Combine(_tree.Plain, program), ["word"]);
        Outcome ours = Tools.Run(_tree.Ours, Path.Combine(_tree.Ours, program), ["word"]);
        Assert.Equal(plain, ours);
        Assert.Equal(3, ours.Code);
    }
}
