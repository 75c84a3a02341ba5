using System.Runtime.InteropServices;
using UpStare.Host.Posix;

namespace UpStare.Host.Run;

/// <summary>How a program ended: by itself with a code, or by a signal.</summary>
/// <param name="ExitCode">Its exit code; 0 where a signal ended it.</param>
/// <param name="Signal">The signal, or 0.</param>
public readonly record struct ProgramEnd(int ExitCode, int Signal);

/// <summary>Runs a program in our place: our standard streams, our signals, and its end becomes ours.</summary>
public static unsafe class Supervisor
{
    private const int Interrupted = 4;
    private const int SetNotDumpable = 4; // PR_SET_DUMPABLE
    private const int SigInt = 2;
    private const int SigQuit = 3;

    // What a user or a supervisor sends; SIGTSTP and SIGCONT reach both of us from the terminal's job control.
    private static readonly int[] _forwarded = [1, SigInt, SigQuit, 10, 12, 15, 28];

    /// <summary>Starts it, passes signals on, waits. Returns null and a message where it cannot be started.</summary>
    public static ProgramEnd? Run(IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, out string error)
    {
        foreach ((string name, string value) in environment)
        {
            // Environment.SetEnvironmentVariable stays inside .NET.
            setenv(name, value, 1);
        }

        int pid = 0;
        List<int> early = []; // signals that came before we knew the program's pid
        List<PosixSignalRegistration> registrations = [];
        foreach (int number in _forwarded)
        {
            registrations.Add(PosixSignalRegistration.Create((PosixSignal)number, context =>
            {
                context.Cancel = true;
                if (number is SigInt or SigQuit && InForeground())
                {
                    return;
                }

                lock (early)
                {
                    if (pid > 0)
                    {
                        kill(pid, number);
                    }
                    else if (pid == 0)
                    {
                        early.Add(number);
                    }
                }
            }));
        }

        int child = Child.Spawn(command);
        lock (early)
        {
            pid = child;
            foreach (int number in child > 0 ? early : [])
            {
                kill(child, number);
            }
        }

        error = child < 0 ? Child.Error(-child) : "";
        ProgramEnd? end = child < 0 ? null : Wait(child);
        lock (early)
        {
            pid = -1;
        }

        foreach (PosixSignalRegistration registration in registrations)
        {
            registration.Dispose();
        }

        return end;
    }

    /// <summary>Ends this process as the program ended, so that whoever waits for us sees the same.</summary>
    public static int EndAs(ProgramEnd end)
    {
        if (end.Signal == 0)
        {
            return end.ExitCode;
        }

        prctl(SetNotDumpable, 0, 0, 0, 0); // the program has left its core, ours says nothing
        signal(end.Signal, null);
        kill(Environment.ProcessId, end.Signal);
        Thread.Sleep(1000);
        return 128 + end.Signal;
    }

    private static ProgramEnd Wait(int pid)
    {
        int status = 0;
        while (waitpid(pid, &status, 0) < 0)
        {
            if (Marshal.GetLastSystemError() != Interrupted)
            {
                return new ProgramEnd(127, 0);
            }
        }

        return (status & 0x7f) == 0 ? new ProgramEnd((status >> 8) & 0xff, 0) : new ProgramEnd(0, status & 0x7f);
    }

    /// <summary>The terminal sends its interrupt to all of the foreground group, the program included.</summary>
    private static bool InForeground()
    {
        for (int descriptor = 0; descriptor < 3; descriptor++)
        {
            int group = tcgetpgrp(descriptor);
            if (group >= 0)
            {
                return group == getpgrp();
            }
        }

        return false;
    }

    [DllImport("libc")]
    private static extern int setenv(string name, string value, int overwrite);

    [DllImport("libc")]
    private static extern int kill(int pid, int number);

    [DllImport("libc")]
    private static extern int waitpid(int pid, int* status, int options);

    [DllImport("libc")]
    private static extern void* signal(int number, void* handler);

    [DllImport("libc")]
    private static extern int prctl(int option, nint a, nint b, nint c, nint d);

    [DllImport("libc")]
    private static extern int tcgetpgrp(int descriptor);

    [DllImport("libc")]
    private static extern int getpgrp();
}
