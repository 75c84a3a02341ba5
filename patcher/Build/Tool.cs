using System.Diagnostics;

namespace UpStare.Patcher.Build;

/// <summary>Runs compilers and linkers.</summary>
public static class Tool
{
    /// <summary>Runs a program to its end; its messages are in plain C locale.</summary>
    /// <exception cref="PatchException">It cannot be started.</exception>
    public static (int ExitCode, string Output, string Errors) Run(IReadOnlyList<string> command, string? directory = null)
    {
        var start = new ProcessStartInfo(command[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory ?? "",
        };
        foreach (string word in command.Skip(1))
        {
            start.ArgumentList.Add(word);
        }

        start.Environment["LC_ALL"] = "C";
        try
        {
            using Process process = Process.Start(start)!;
            process.StandardInput.Close();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output, errors.Result);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new PatchException(PatchError.BadInput, command[0] + ": " + e.Message);
        }
    }

    /// <summary>Runs a program that has to succeed.</summary>
    /// <exception cref="PatchException">It did not: with what it said.</exception>
    public static string Need(IReadOnlyList<string> command, string what, PatchError error = PatchError.BadInput)
    {
        (int code, string output, string errors) = Run(command);
        if (code == 0)
        {
            return errors;
        }

        // Beside errors, what the linker warns of is what the runtime provides.
        IEnumerable<string> lines = (errors + output).Split('\n').Where(l => !l.Contains(": warning: ", StringComparison.Ordinal));
        throw new PatchException(error, $"{what}:\n{string.Join('\n', lines)}".TrimEnd());
    }
}
