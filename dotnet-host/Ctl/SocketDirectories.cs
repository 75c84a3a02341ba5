using System.Globalization;
using System.Runtime.InteropServices;

namespace UpStare.Host.Ctl;

/// <summary>Where programs keep their control sockets, and what lies there (native-runtime/src/control/listen.c).</summary>
public static class SocketDirectories
{
    /// <summary>All directories that may hold sockets for us: our own, and for root those of every user.</summary>
    public static IReadOnlyList<string> All()
    {
        List<string> found = [];
        uint uid = geteuid();
        string? runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        if (!string.IsNullOrEmpty(runtime))
        {
            Add(found, Path.Combine(runtime, "upstare"));
        }

        Add(found, string.Create(CultureInfo.InvariantCulture, $"/run/user/{uid}/upstare"));
        Add(found, string.Create(CultureInfo.InvariantCulture, $"/tmp/upstare-{uid}"));
        if (uid == 0)
        {
            foreach (string directory in Matching("/run/user", "*"))
            {
                Add(found, Path.Combine(directory, "upstare"));
            }

            foreach (string directory in Matching("/tmp", "upstare-*"))
            {
                Add(found, directory);
            }
        }

        return found;
    }

    /// <summary>The sockets in all directories: <c>PID.sock</c>, or <c>PID-N.sock</c> for a second process of that number.</summary>
    public static IEnumerable<string> Sockets()
    {
        foreach (string directory in All())
        {
            string[] files;
            try
            {
                files = Directory.GetFiles(directory, "*.sock");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                continue;
            }

            Array.Sort(files, StringComparer.Ordinal);
            foreach (string file in files)
            {
                yield return file;
            }
        }
    }

    /// <summary>The process number in a socket's name, or 0.</summary>
    public static int PidOf(string socket)
    {
        string name = Path.GetFileNameWithoutExtension(socket);
        int dash = name.IndexOf('-', StringComparison.Ordinal);
        return int.TryParse(dash < 0 ? name : name[..dash], NumberStyles.None, CultureInfo.InvariantCulture, out int pid) ? pid : 0;
    }

    private static string[] Matching(string directory, string pattern)
    {
        try
        {
            return Directory.GetDirectories(directory, pattern);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static void Add(List<string> found, string directory)
    {
        if (Directory.Exists(directory) && !found.Contains(directory))
        {
            found.Add(directory);
        }
    }

    [DllImport("libc")]
    private static extern uint geteuid();
}
