using System.Diagnostics;
using System.Text;

namespace UpStare.Host.Tests;

/// <summary>What a program printed and how it ended.</summary>
public sealed record Outcome(int Code, string Output, string Errors);

/// <summary>The built tools, as a user has them after <c>make</c>.</summary>
public static class Tools
{
    public static string Root { get; } = FindRoot();

    public static string Cc => Tool("upstare-cc");

    /// <summary>Path of a tool in out/bin; fails the test where it has not been built.</summary>
    public static string Tool(string name)
    {
        string path = Path.Combine(Root, "out/bin", name);
        Assert.True(File.Exists(path), path + " is missing: run `make` before the tests");
        return path;
    }

    /// <summary>Runs a program in a directory and waits for it.</summary>
    public static Outcome Run(string directory, string program, IEnumerable<string> args, params (string Name, string Value)[] environment)
    {
        var info = new ProcessStartInfo(program)
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        foreach (string arg in args)
        {
            info.ArgumentList.Add(arg);
        }

        foreach ((string name, string value) in environment)
        {
            info.Environment[name] = value;
        }

        using Process process = Process.Start(info)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(120_000))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail(program + " did not end within two minutes");
        }

        process.WaitForExit();
        return new Outcome(process.ExitCode, output.Result, errors.Result);
    }

    /// <summary>Runs upstare-cc with a command line of words separated by blanks.</summary>
    public static Outcome RunCc(string directory, string line, params (string Name, string Value)[] environment) =>
        Run(directory, Cc, line.Split(' ', StringSplitOptions.RemoveEmptyEntries), environment);

    /// <summary>Runs gcc the same way.</summary>
    public static Outcome RunGcc(string directory, string line) =>
        Run(directory, "gcc", line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static string FindRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "UpStare.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return directory ?? throw new InvalidOperationException("UpStare.sln is not above the tests");
    }
}
