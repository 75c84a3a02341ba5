using System.Diagnostics;

namespace UpStare.Frontend.Preprocessing;

/// <summary>What a run of the compiler with -E gave.</summary>
/// <param name="ExitCode">The compiler's.</param>
/// <param name="Text">What it wrote to its standard output.</param>
public readonly record struct PreprocessorResult(int ExitCode, byte[] Text);

/// <summary>Runs the real compiler for its preprocessed output. The caller decides on every argument.</summary>
public static class Preprocessor
{
    /// <summary>
    /// Runs a command, collects its standard output, and passes its diagnostics on as they come.
    /// </summary>
    /// <param name="command">The compiler.</param>
    /// <param name="arguments">All arguments; -E and the input among them, and no -o.</param>
    /// <param name="directory">Working directory, or null for this process's.</param>
    /// <param name="diagnostics">Takes what the compiler writes to its standard error.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">The command cannot be started.</exception>
    public static PreprocessorResult Run(string command, IReadOnlyList<string> arguments, string? directory, Stream diagnostics)
    {
        var start = new ProcessStartInfo(command)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = directory ?? "",
        };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start) ?? throw new InvalidOperationException("no process was started for " + command);
        Task errors = process.StandardError.BaseStream.CopyToAsync(diagnostics);
        using var text = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(text);
        errors.Wait();
        process.WaitForExit();
        return new PreprocessorResult(process.ExitCode, text.ToArray());
    }
}
