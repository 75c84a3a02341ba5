using System.Diagnostics;
using System.Text;

namespace UpStare.Scenario.Tests;

/// <summary>What a command left behind.</summary>
internal sealed record Outcome(string Command, int ExitCode, string Output, string Errors)
{
    public override string ToString() => $"$ {Command}\nexit code {ExitCode}\n{Output}{Errors}";

    /// <summary>Fails the test with everything the command said unless it ended with that code.</summary>
    public Outcome Expect(int exitCode)
    {
        Assert.True(ExitCode == exitCode, $"expected exit code {exitCode}:\n{this}");
        return this;
    }
}

/// <summary>Where the tools and the test programs are, and how a command is run.</summary>
internal static class Tools
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(300);

    /// <summary>The folder that holds UpStare.sln.</summary>
    public static string Root { get; } = FindRoot();

    public static string Bin { get; } = Environment.GetEnvironmentVariable("UPSTARE_BIN") ?? Path.Combine(Root, "out", "bin");

    public static string Programs { get; } = Path.Combine(Root, "testprogs");

    public static string Cc => Path.Combine(Bin, "upstare-cc");

    public static string Patch => Path.Combine(Bin, "upstare-patch");

    public static string Ctl => Path.Combine(Bin, "upstare-ctl");

    public static string Run => Path.Combine(Bin, "upstare-run");

    /// <summary>A fresh folder that goes away with the test process.</summary>
    public static string Temporary { get; } = MakeTemporary();

    /// <summary>Runs a command to its end, with nothing on its input.</summary>
    public static Outcome Execute(string directory, string file, params string[] arguments) =>
        Execute(directory, new Dictionary<string, string>(), file, arguments);

    public static Outcome Execute(string directory, IReadOnlyDictionary<string, string> environment, string file, params string[] arguments)
    {
        // .NET looks for relative names in its own working directory.
        var path = file.StartsWith("./", StringComparison.Ordinal) ? Path.Combine(directory, file[2..]) : file;
        var start = new ProcessStartInfo(path, arguments)
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        var command = file + " " + string.Join(' ', arguments);
        if (!process.WaitForExit(_patience))
        {
            process.Kill(entireProcessTree: true);
            return new Outcome(command, -1, output.Result, errors.Result + "\nkilled: it took too long\n");
        }

        return new Outcome(command, process.ExitCode, output.Result, errors.Result);
    }

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "UpStare.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException("no UpStare.sln above " + AppContext.BaseDirectory);
    }

    private static string MakeTemporary()
    {
        var path = Directory.CreateTempSubdirectory("upstare-scenarios-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            if (Environment.GetEnvironmentVariable("UPSTARE_TEST_KEEP") is null)
            {
                Directory.Delete(path, recursive: true);
            }
        };
        return path;
    }
}
