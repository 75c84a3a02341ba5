using System.Globalization;
using System.Text;

namespace UpStare.Host.Ctl;

/// <summary>What /proc says about a process; a program that is busy need not be asked.</summary>
/// <param name="Pid">Process number.</param>
/// <param name="Parent">Its parent's.</param>
/// <param name="Executable">Path of the executable, empty where it may not be read.</param>
/// <param name="Command">Base name of argv[0].</param>
public sealed record ProcessInfo(int Pid, int Parent, string Executable, string Command)
{
    /// <summary>Reads it; null if there is no such process.</summary>
    public static ProcessInfo? Read(int pid)
    {
        string directory = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}");
        try
        {
            string stat = File.ReadAllText(directory + "/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            byte[] line = File.ReadAllBytes(directory + "/cmdline");
            int end = Array.IndexOf(line, (byte)0);
            string command = Path.GetFileName(Encoding.UTF8.GetString(line, 0, end < 0 ? line.Length : end));
            return new ProcessInfo(pid, int.Parse(fields[1], CultureInfo.InvariantCulture), LinkTarget(directory + "/exe"), command);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Whether a user who writes <paramref name="name"/> may mean this process.</summary>
    public bool IsNamed(string name) =>
        Command == name || (Executable.Length > 0 && (Executable == name || Path.GetFileName(Executable) == name));

    /// <summary>Name to show.</summary>
    public string Name => Executable.Length > 0 ? Path.GetFileName(Executable) : Command;

    private static string LinkTarget(string link)
    {
        try
        {
            string target = new FileInfo(link).LinkTarget ?? "";
            const string Deleted = " (deleted)"; // replaced by make while it runs
            return target.EndsWith(Deleted, StringComparison.Ordinal) ? target[..^Deleted.Length] : target;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
