using System.Runtime.InteropServices;
using UpStare.Frontend.Metadata;

namespace UpStare.Host.Cc;

/// <summary>A directory for intermediate files that goes away with the process, however it ends (except by SIGKILL).</summary>
public sealed class Workspace : IDisposable
{
    private readonly List<string> _pending = [];
    private readonly PosixSignalRegistration[] _signals;
    private int _counter;

    /// <summary>Makes the directory below TMPDIR.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public Workspace()
    {
        Root = Directory.CreateTempSubdirectory("upstare-").FullName;
        _signals =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => Dispose()),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => Dispose()),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, _ => Dispose()),
        ];
    }

    public string Root { get; }

    /// <summary>A fresh name in a directory of its own, so that debug information and symbol tables show the base name.</summary>
    public string Fresh(string name)
    {
        string directory = Path.Combine(Root, (_counter++).ToString());
        Directory.CreateDirectory(directory);
        return Path.Combine(directory, name);
    }

    /// <summary>Whether a file can come to stand there; where it cannot, gcc is to say so in its words.</summary>
    public static bool CanDeliver(string target) =>
        !Directory.Exists(target) && (Path.GetDirectoryName(target) is not { Length: > 0 } directory || Directory.Exists(directory));

    /// <summary>
    /// Puts a finished file where the user wants it: renamed, so that nobody sees half of it; written through where the
    /// target is a device.
    /// </summary>
    public void Deliver(string file, string target)
    {
        if (SpecialFile.Is(target))
        {
            using FileStream from = File.OpenRead(file);
            using var to = new FileStream(target, FileMode.Open, FileAccess.Write);
            from.CopyTo(to);
            return;
        }

        string temporary = Beside(target);
        File.Copy(file, temporary);
        Replace(temporary, target);
    }

    /// <summary>An unused name in the target's directory, which is removed should the process end before <see cref="Replace"/>.</summary>
    public string Beside(string target)
    {
        string directory = Path.GetDirectoryName(target) is { Length: > 0 } d ? d : ".";
        string temporary = Path.Combine(directory, ".upstare-" + Environment.ProcessId + "-" + _counter++ + "-" + Path.GetFileName(target));
        _pending.Add(temporary);
        return temporary;
    }

    /// <summary>Renames a file of <see cref="Beside"/> to its target.</summary>
    public void Replace(string temporary, string target)
    {
        File.Move(temporary, target, overwrite: true);
        _pending.Remove(temporary);
    }

    /// <summary>Removes everything that is not delivered.</summary>
    public void Dispose()
    {
        foreach (string file in _pending)
        {
            TryDelete(() => File.Delete(file));
        }

        TryDelete(() => Directory.Delete(Root, recursive: true));
        if (_signals is not null)
        {
            foreach (PosixSignalRegistration registration in _signals)
            {
                registration.Dispose();
            }
        }
    }

    private static void TryDelete(Action delete)
    {
        try
        {
            delete();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What cannot be removed stays in TMPDIR; the compilation is not to fail for it.
        }
    }
}
