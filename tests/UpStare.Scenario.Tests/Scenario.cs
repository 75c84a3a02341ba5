namespace UpStare.Scenario.Tests;

/// <summary>A folder of testprogs, its versions built, and the patches between them. Each is made once.</summary>
internal sealed class Scenario
{
    private static readonly Dictionary<(string, string), Scenario> _all = [];

    private readonly string _directory;
    private readonly string[] _flags;
    private readonly Dictionary<string, string> _programs = [];
    private readonly Dictionary<string, string> _patches = [];

    private Scenario(string name, string flags)
    {
        Name = name;
        _flags = flags.Split(' ');
        _directory = Path.Combine(Tools.Temporary, name + flags.Replace(" ", "", StringComparison.Ordinal));
    }

    public string Name { get; }

    public string Source => Path.Combine(Tools.Programs, Name);

    public static Scenario Get(string name, string flags = "-O2")
    {
        if (!_all.TryGetValue((name, flags), out var scenario))
        {
            _all[(name, flags)] = scenario = new Scenario(name, flags);
        }

        return scenario;
    }

    /// <summary>The executable of a version, built with upstare-cc or another compiler.</summary>
    public string Program(string version, string? compiler = null)
    {
        var key = version + (compiler is null ? "" : "-" + compiler);
        if (_programs.TryGetValue(key, out var program))
        {
            return program;
        }

        // The versions of a real program have the same names in other trees; so have ours.
        var tree = Path.Combine(_directory, key);
        Directory.CreateDirectory(tree);
        string[] sources;
        if (Directory.Exists(Path.Combine(Source, version)))
        {
            foreach (var file in Directory.GetFiles(Path.Combine(Source, version)))
            {
                File.Copy(file, Path.Combine(tree, Path.GetFileName(file)), overwrite: true);
            }

            sources = [.. Directory.GetFiles(tree, "*.c").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];
        }
        else
        {
            File.Copy(Path.Combine(Source, version + ".c"), Path.Combine(tree, Name + ".c"), overwrite: true);
            sources = [Name + ".c"];
        }

        program = Path.Combine(tree, Name);
        string[] flags = [.. _flags, "-g", "-Wall", "-Wextra", "-Werror", "-pthread", "-I" + Path.Combine(Tools.Programs, "include")];
        var built = File.Exists(Path.Combine(tree, "build.sh"))
            ? Tools.Execute(tree, new Dictionary<string, string> { ["CC"] = compiler ?? Tools.Cc, ["CFLAGS"] = string.Join(' ', flags) }, "sh", "build.sh", Name)
            : Tools.Execute(tree, compiler ?? Tools.Cc, [.. flags, .. sources, "-o", Name]);
        built.Expect(0);
        Assert.True(built.Output.Length == 0 && built.Errors.Length == 0, $"a build says nothing:\n{built}");
        _programs[key] = program;
        return program;
    }

    /// <summary>The patch between two versions; the folder user/FROM-TO or user, where there is one, holds the user's part.</summary>
    public string Patch(string from, string to)
    {
        var key = from + "-" + to;
        if (!_patches.TryGetValue(key, out var patch))
        {
            patch = Path.Combine(_directory, key + ".so");
            MakePatch(from, to, patch, withUser: true).Expect(0);
            _patches[key] = patch;
        }

        return patch;
    }

    public Outcome MakePatch(string from, string to, string patch, bool withUser, params string[] options)
    {
        List<string> arguments = [Program(from), Program(to), "-o", patch, .. options];
        var user = Path.Combine(Source, "user");
        if (withUser && Directory.Exists(user) && from != to)
        {
            arguments.AddRange(["--with", user]);
        }

        return Tools.Execute(_directory, Tools.Patch, [.. arguments]);
    }

    public Session Start(string version, params string[] arguments) => new(this, Program(version), version, arguments);

    public string Expected(string file) => File.ReadAllText(Path.Combine(Source, file));
}
