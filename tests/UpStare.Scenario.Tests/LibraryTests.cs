namespace UpStare.Scenario.Tests;

/// <summary>Programs with shared libraries of their own. That they are updated with them: ScenarioTests, EveryPointTests ("library").</summary>
public class LibraryTests
{
    /// <summary>The update comes at each point of the run, in the library and out of it: both are of one version at any time.</summary>
    [Fact]
    public void ProgramAndLibraryAreUpdatedTogether()
    {
        var scenario = Scenario.Get("library");
        var patch = scenario.Patch("v1", "v2");
        var points = UpdateRun.Of(Tools.Temporary, ["--at", "1"], [patch], scenario.Program("v1")).Points;
        Assert.True(points > 30, $"{points} points");
        for (var at = 1L; at <= points; at++)
        {
            var run = UpdateRun.Of(Tools.Temporary, ["--at", $"{at}"], [patch], scenario.Program("v1"));
            run.Outcome.Expect(0);
            Assert.Equal(1, run.Updates);
            foreach (var line in run.Outcome.Output.Split('\n').Where(l => l.StartsWith("program ", StringComparison.Ordinal)))
            {
                // The library's report was asked for first, then its name, then the program's version.
                string[] versions = [line.Contains("library v1", StringComparison.Ordinal) ? "v1" : "v2", line.EndsWith("one", StringComparison.Ordinal) ? "v1" : "v2", line[8..10]];
                Assert.True(versions.SequenceEqual(versions.Order(StringComparer.Ordinal)), $"updated at point {at}:\n{run}");
            }
        }
    }

    /// <summary>A library that differs is part of the version: the patch is for both, and refused where the library is another.</summary>
    [Fact]
    public void APatchIsForTheLibraryToo()
    {
        var scenario = Scenario.Get("library");
        var tree = Path.GetDirectoryName(scenario.Program("v1"))!;
        var other = Directory.CreateDirectory(Path.Combine(Tools.Temporary, "other-library")).FullName;
        File.Copy(scenario.Program("v1"), Path.Combine(other, "library"), true);
        File.Copy(Path.Combine(Path.GetDirectoryName(scenario.Program("v2"))!, "libcount.so.1"), Path.Combine(other, "libcount.so.1"), true);
        using var program = new Session(scenario, Path.Combine(other, "library"), "v1", []);
        program.WaitForGate();
        var answer = program.Apply(scenario.Patch("v1", "v2")).Expect(3);
        Assert.Contains("libcount.so", answer.Output, StringComparison.Ordinal);
        program.Finish();
    }

    /// <summary>
    /// A plug-in that is opened after the update: from the new version's file it is part of the new version, and goes back with it;
    /// from the old one's it works, as plain code, and status says what it is.
    /// </summary>
    [Fact]
    public void APlugInThatIsOpenedLaterIsOfOneVersion()
    {
        var scenario = Scenario.Get("plugins");
        foreach (var version in new[] { "v1", "v2" })
        {
            using var program = scenario.Start("v1", Path.GetDirectoryName(scenario.Program(version))!);
            program.WaitFor("gate below a plug-in");
            program.Update("v2");
            program.Send().WaitFor("gate before it is opened again");
            program.Send().WaitFor("gate below a plug-in");
            var library = program.Json(program.Control("status", "--json")).GetProperty("libraries").EnumerateArray().First(l => l.GetProperty("name").GetString() == "a.so");
            Assert.Equal(version == "v2" ? "current" : "of another version", library.GetProperty("state").GetString());
            program.Update("v1");
            program.Send().WaitFor("a v1: state 103, visible 1003");
            Assert.EndsWith("12 lines, host v1\n", program.Finish(), StringComparison.Ordinal);
        }
    }

    /// <summary>Plug-ins come and go while updates are asked for: none of them is lost, and the program is not hurt.</summary>
    [Fact]
    public void PlugInsComeAndGoDuringUpdates()
    {
        var scenario = Scenario.Get("reload");
        scenario.Patch("v2", "v1");
        scenario.Patch("v1", "v2");
        using var program = scenario.Start("v1", "endless");
        program.WaitForGate();
        program.Send();
        var updates = 0;
        for (var tries = 0; updates < 10 && tries < 40; tries++)
        {
            var to = program.Version == "v1" ? "v2" : "v1";
            if (program.Apply(scenario.Patch(program.Version, to)).ExitCode == 0)
            {
                program.Went(to);
                updates++;
            }
        }

        Assert.Equal(10, updates);
        program.Send();
        Assert.EndsWith("good every time: 1\n", program.Finish(), StringComparison.Ordinal);
    }

    /// <summary>Which of two definitions counts depends on how each module was linked: nothing is guessed.</summary>
    [Fact]
    public void ANameOfTwoModulesIsRefused()
    {
        var tree = Directory.CreateDirectory(Path.Combine(Tools.Temporary, "twice")).FullName;
        File.WriteAllText(Path.Combine(tree, "part.c"), "int twice(void) { return 1; }\nint part(void) { return twice(); }\n");
        File.WriteAllText(Path.Combine(tree, "main.c"), "int part(void);\nint twice(void) { return 2; }\nint main(void) { return part(); }\n");
        Tools.Execute(tree, Tools.Cc, "-O1", "-fPIC", "-shared", "part.c", "-o", "libpart.so").Expect(0);
        Tools.Execute(tree, Tools.Cc, "-O1", "main.c", "./libpart.so", "-o", "main").Expect(0);
        Tools.Execute(tree, "./main").Expect(2);
        var made = Tools.Execute(tree, Tools.Patch, "main", "main", "-o", "patch.so").Expect(3);
        Assert.Contains("twice is defined by main and by libpart.so", made.Errors, StringComparison.Ordinal);
    }

    /// <summary>Where only one defines it that is the one: `testprogs/plugins`.</summary>
    [Fact]
    public void WhatOnePlugInUsesAndTwoDefineIsRefused()
    {
        var tree = Directory.CreateDirectory(Path.Combine(Tools.Temporary, "between-plug-ins")).FullName;
        File.WriteAllText(Path.Combine(tree, "one.c"), "int common(void) { return 1; }\n");
        File.WriteAllText(Path.Combine(tree, "two.c"), "int common(void) { return 2; }\n");
        File.WriteAllText(Path.Combine(tree, "user.c"), "int common(void);\nint part(void) { return common(); }\n");
        File.WriteAllText(Path.Combine(tree, "main.c"), "#include <dlfcn.h>\nint main(void) { return dlopen(\"./user.so\", RTLD_LAZY) != 0; }\n");
        foreach (var name in new[] { "one", "two", "user" })
        {
            Tools.Execute(tree, Tools.Cc, "-O1", "-fPIC", "-shared", name + ".c", "-o", name + ".so").Expect(0);
        }

        Tools.Execute(tree, Tools.Cc, "-O1", "main.c", "-ldl", "-o", "main").Expect(0);
        var made = Tools.Execute(tree, Tools.Patch, "main", "main", "-o", "patch.so").Expect(3);
        Assert.Contains("common, which user.so uses, is defined by one.so and by two.so", made.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(tree, "patch.so")));
    }

    /// <summary>A plug-in's thread-local variables stand somewhere else in every thread, unless it was linked for static TLS.</summary>
    [Theory]
    [InlineData("global-dynamic", false)]
    [InlineData("initial-exec", true)]
    public void AThreadLocalVariableOfAPlugInIsRefused(string model, bool isUpdated)
    {
        var tree = Directory.CreateDirectory(Path.Combine(Tools.Temporary, "tls-" + model)).FullName;
        File.WriteAllText(Path.Combine(tree, "part.c"), "#include <stdio.h>\n__thread int value = 3;\nint part(int n) { value += n; if (n) part(n - 1); printf(\"%d\\n\", value); return value; }\n");
        File.WriteAllText(Path.Combine(tree, "main.c"), "#include <dlfcn.h>\nint main(void) { void *h = dlopen(\"./part.so\", RTLD_NOW);\n((int (*)(int))dlsym(h, \"part\"))(5); return 0; }\n");
        Tools.Execute(tree, Tools.Cc, "-O1", "-fPIC", "-shared", "-ftls-model=" + model, "part.c", "-o", "part.so").Expect(0);
        Tools.Execute(tree, Tools.Cc, "-O1", "main.c", "-ldl", "-o", "main").Expect(0);
        Tools.Execute(tree, Tools.Patch, "main", "main", "-o", "patch.so").Expect(0);
        var plain = Tools.Execute(tree, "./main").Expect(0);
        var log = Path.Combine(tree, "log");
        var run = Tools.Execute(tree, new Dictionary<string, string> { ["UPSTARE_LOG_RUNTIME"] = log }, Tools.Run, "--every", "1", "patch.so", "--", "./main").Expect(0);
        Assert.Equal(plain.Output, run.Output);
        Assert.Equal(!isUpdated, File.Exists(log) && File.ReadAllText(log).Contains("no variable part.so!value", StringComparison.Ordinal));
    }

    /// <summary>A plug-in is known by its file's name. One that was opened under another is not left in its old version unnoticed.</summary>
    [Fact]
    public void APlugInUnderAnotherNameIsRefused()
    {
        var tree = Directory.CreateDirectory(Path.Combine(Tools.Temporary, "renamed")).FullName;
        File.WriteAllText(Path.Combine(tree, "part.c"), "int part(int n) { return n ? part(n - 1) + 1 : 0; }\n");
        File.WriteAllText(Path.Combine(tree, "main.c"), "#include <dlfcn.h>\nint main(void) { void *h = dlopen(\"./other.so\", RTLD_NOW);\nreturn ((int (*)(int))dlsym(h, \"part\"))(7); }\n");
        Tools.Execute(tree, Tools.Cc, "-O1", "-fPIC", "-shared", "part.c", "-o", "part.so").Expect(0);
        Tools.Execute(tree, Tools.Cc, "-O1", "main.c", "-ldl", "-o", "main").Expect(0);
        File.CreateSymbolicLink(Path.Combine(tree, "other.so"), "part.so");
        Tools.Execute(tree, Tools.Patch, "main", "main", "-o", "patch.so").Expect(0);
        var log = Path.Combine(tree, "log");
        Tools.Execute(tree, new Dictionary<string, string> { ["UPSTARE_LOG_RUNTIME"] = log }, Tools.Run, "--every", "1", "patch.so", "--", "./main").Expect(7);
        Assert.Contains("part.so is loaded under another name, other.so", File.ReadAllText(log), StringComparison.Ordinal);
    }

    /// <summary>A limit: the address of a function that the program takes is not the one that the library takes. Calls are the same.</summary>
    [Fact]
    public void PointersOfTwoModulesDiffer()
    {
        var tree = Directory.CreateDirectory(Path.Combine(Tools.Temporary, "pointers")).FullName;
        File.WriteAllText(Path.Combine(tree, "part.c"), "int part(void) { return 4; }\nint is_part(int (*f)(void)) { return (f == part) + f(); }\n");
        File.WriteAllText(Path.Combine(tree, "main.c"), "int part(void), is_part(int (*)(void));\nint main(void) { return is_part(part); }\n");
        foreach (var (compiler, code) in new[] { ("gcc", 5), (Tools.Cc, 4) })
        {
            Tools.Execute(tree, compiler, "-O1", "-fPIC", "-shared", "part.c", "-o", "libpart.so").Expect(0);
            Tools.Execute(tree, compiler, "-O1", "main.c", "./libpart.so", "-o", "main").Expect(0);
            Tools.Execute(tree, "./main").Expect(code);
        }
    }

    /// <summary>Where a library has no tables (objects without -fPIC), nobody may believe that it was updated when it was not.</summary>
    [Fact]
    public void AChangedLibraryWithoutTablesIsNamed()
    {
        var trees = new List<string>();
        foreach (var version in new[] { "v1", "v2" })
        {
            trees.Add(Directory.CreateDirectory(Path.Combine(Tools.Temporary, "untabled", version)).FullName);
            File.WriteAllText(Path.Combine(trees[^1], "part.c"), $"int value = {version[1]};\nint part(void) {{ return {version[1]}; }}\n");
            File.WriteAllText(Path.Combine(trees[^1], "main.c"), "int part(void);\nint main(void) { return part(); }\n");
            Tools.Execute(trees[^1], Tools.Cc, "-O1", "-shared", "part.c", "-o", "libpart.so").Expect(0);
            Tools.Execute(trees[^1], Tools.Cc, "-O1", "main.c", "./libpart.so", "-o", "main").Expect(0);
        }

        var patch = Path.Combine(Tools.Temporary, "untabled.so");
        var made = Tools.Execute(Tools.Temporary, Tools.Patch, trees[0], trees[1], "-o", patch).Expect(2);
        Assert.Contains("libpart.so: differs", made.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(patch));
        Tools.Execute(Tools.Temporary, Tools.Patch, trees[0], trees[1], "-o", patch, "--force").Expect(0);
        Tools.Execute(Tools.Temporary, Tools.Patch, trees[0], trees[0], "-o", patch).Expect(0);
    }
}
