using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace UpStare.Host.Posix;

/// <summary>Reads files that others have locked: .NET asks for a lock of its own wherever it opens a file.</summary>
public static partial class UnlockedFile
{
    private const int CloseOnExec = 0x80000;

    /// <summary>Fills a buffer from a file's beginning.</summary>
    /// <param name="path">The file.</param>
    /// <param name="buffer">What stays beyond the file's end is not written.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static void Read(string path, Span<byte> buffer)
    {
        int descriptor = open(path, CloseOnExec);
        if (descriptor < 0)
        {
            throw new IOException(path + ": " + Child.Error(Marshal.GetLastSystemError()));
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        RandomAccess.Read(handle, buffer, 0);
    }

    [DllImport("libc")]
    private static extern int open(string path, int flags);
}
