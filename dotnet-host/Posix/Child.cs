using System.Runtime.InteropServices;
using System.Text;

namespace UpStare.Host.Posix;

/// <summary>
/// Processes by posix_spawn and exec: System.Diagnostics.Process costs 20 ms at its first use, as much as the whole start of
/// the tool, and cannot hand over file descriptors as they are.
/// </summary>
public static unsafe partial class Child
{
    private const int SigPipe = 13;
    private const short SetSigDef = 4;
    private const int Interrupted = 4;

    /// <summary>
    /// Starts a program that is looked up in PATH. Standard input is inherited; output and errors too, unless files are named.
    /// </summary>
    /// <returns>The process id, or the negative errno.</returns>
    public static int Spawn(IReadOnlyList<string> args, string? stdout = null, string? stderr = null, bool keepDependencyVariables = true)
    {
        byte* actions = stackalloc byte[256];
        byte* attributes = stackalloc byte[512];
        byte* signals = stackalloc byte[128];
        byte** argv = Strings(args);
        byte** environment = Environment(keepDependencyVariables);
        posix_spawn_file_actions_init(actions);
        posix_spawnattr_init(attributes);
        sigemptyset(signals);
        // The .NET runtime ignores SIGPIPE, and children would inherit that.
        sigaddset(signals, SigPipe);
        posix_spawnattr_setsigdefault(attributes, signals);
        posix_spawnattr_setflags(attributes, SetSigDef);
        Redirect(actions, 1, stdout);
        Redirect(actions, 2, stderr);
        int pid;
        int error = posix_spawnp(&pid, argv[0], actions, attributes, argv, environment);
        posix_spawn_file_actions_destroy(actions);
        posix_spawnattr_destroy(attributes);
        Free(argv);
        Free(environment);
        return error != 0 ? -error : pid;
    }

    /// <summary>Waits for a child. Returns its exit code, or 128 + signal; 127 for one that was not started (pid below 0).</summary>
    public static int Wait(int pid)
    {
        if (pid < 0)
        {
            return 127;
        }

        int status;
        while (waitpid(pid, &status, 0) < 0)
        {
            if (Marshal.GetLastSystemError() != Interrupted)
            {
                return 127;
            }
        }

        return (status & 0x7f) == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f);
    }

    /// <summary>Starts and waits; a program that cannot be started is reported on standard error.</summary>
    public static int Run(IReadOnlyList<string> args, string? stdout = null, string? stderr = null)
    {
        int pid = Spawn(args, stdout, stderr);
        if (pid < 0)
        {
            Console.Error.WriteLine("upstare-cc: " + args[0] + ": " + Error(-pid));
        }

        return Wait(pid);
    }

    /// <summary>Becomes another program. Returns only if that is not possible (127, with a message).</summary>
    public static int Exec(IReadOnlyList<string> args)
    {
        signal(SigPipe, null);
        byte** argv = Strings(args);
        execvpe(argv[0], argv, Environment(keepDependencyVariables: true));
        Console.Error.WriteLine("upstare-cc: " + args[0] + ": " + Error(Marshal.GetLastSystemError()));
        return 127;
    }

    /// <summary>The text of an errno.</summary>
    public static string Error(int number) => Marshal.PtrToStringUTF8((nint)strerror(number)) ?? "error " + number;

    private static void Redirect(byte* actions, int descriptor, string? path)
    {
        if (path is null)
        {
            return;
        }

        fixed (byte* name = Encoding.UTF8.GetBytes(path + "\0"))
        {
            // O_WRONLY | O_CREAT | O_TRUNC
            posix_spawn_file_actions_addopen(actions, descriptor, name, 0x241, 0x1b6);
        }
    }

    /// <summary>
    /// The environment as it was at the start, without what the launcher set. Not .NET's copy of it: that has lost the bytes
    /// that are no UTF-8.
    /// </summary>
    private static byte** Environment(bool keepDependencyVariables)
    {
        byte** environment = *(byte***)NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), "environ");
        bool launched = false;
        for (byte** e = environment; *e is not null; e++)
        {
            launched |= Entry(*e).StartsWith("UPSTARE_LAUNCHED="u8);
        }

        var kept = new List<string>();
        for (byte** e = environment; *e is not null; e++)
        {
            ReadOnlySpan<byte> entry = Entry(*e);
            if (launched && (entry.StartsWith("UPSTARE_LAUNCHED="u8) || entry.StartsWith("DOTNET_EnableDiagnostics="u8)))
            {
                continue;
            }

            if (keepDependencyVariables || !(entry.StartsWith("DEPENDENCIES_OUTPUT="u8) || entry.StartsWith("SUNPRO_DEPENDENCIES="u8)))
            {
                kept.Add(Encoding.Latin1.GetString(entry));
            }
        }

        return Strings(kept, Encoding.Latin1);
    }

    private static ReadOnlySpan<byte> Entry(byte* text) => MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text);

    private static byte** Strings(IReadOnlyList<string> words) => Strings(words, Encoding.UTF8);

    private static byte** Strings(IReadOnlyList<string> words, Encoding encoding)
    {
        byte** result = (byte**)NativeMemory.AllocZeroed((nuint)(words.Count + 1), (nuint)sizeof(byte*));
        for (int i = 0; i < words.Count; i++)
        {
            byte[] bytes = encoding.GetBytes(words[i]);
            result[i] = (byte*)NativeMemory.Alloc((nuint)bytes.Length + 1);
            bytes.CopyTo(new Span<byte>(result[i], bytes.Length));
            result[i][bytes.Length] = 0;
        }

        return result;
    }

    private static void Free(byte** strings)
    {
        for (byte** s = strings; *s is not null; s++)
        {
            NativeMemory.Free(*s);
        }

        NativeMemory.Free(strings);
    }

    [DllImport("libc")]
    private static extern int posix_spawnp(int* pid, byte* file, byte* actions, byte* attributes, byte** argv, byte** environment);

    [DllImport("libc")]
    private static extern int posix_spawn_file_actions_init(byte* actions);

    [DllImport("libc")]
    private static extern int posix_spawn_file_actions_destroy(byte* actions);

    [DllImport("libc")]
    private static extern int posix_spawn_file_actions_addopen(byte* actions, int descriptor, byte* path, int flags, uint mode);

    [DllImport("libc")]
    private static extern int posix_spawnattr_init(byte* attributes);

    [DllImport("libc")]
    private static extern int posix_spawnattr_destroy(byte* attributes);

    [DllImport("libc")]
    private static extern int posix_spawnattr_setflags(byte* attributes, short flags);

    [DllImport("libc")]
    private static extern int posix_spawnattr_setsigdefault(byte* attributes, byte* signals);

    [DllImport("libc")]
    private static extern int sigemptyset(byte* signals);

    [DllImport("libc")]
    private static extern int sigaddset(byte* signals, int number);

    [DllImport("libc")]
    private static extern int waitpid(int pid, int* status, int options);

    [DllImport("libc")]
    private static extern int execvpe(byte* file, byte** argv, byte** environment);

    [DllImport("libc")]
    private static extern void* signal(int number, void* handler);

    [DllImport("libc")]
    private static extern byte* strerror(int number);
}
