using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace UpStare.Host.Ctl;

/// <summary>Finds the program that the user means: <c>host:port</c>, a socket path, a pid, or a program name.</summary>
public static class Target
{
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;

    /// <summary>A process that listens.</summary>
    /// <param name="Socket">Path of its socket.</param>
    /// <param name="Process">Who it is.</param>
    public sealed record Found(string Socket, ProcessInfo Process);

    /// <summary>The end point of a target. Throws <see cref="ControlException"/> where there is none, or more than one.</summary>
    public static EndPoint Resolve(string target)
    {
        if (target.Contains('/', StringComparison.Ordinal))
        {
            return new UnixDomainSocketEndPoint(target);
        }

        int colon = target.LastIndexOf(':');
        if (colon >= 0)
        {
            return Address(target, target[..colon].Trim('[', ']'), target[(colon + 1)..]);
        }

        return int.TryParse(target, NumberStyles.None, CultureInfo.InvariantCulture, out int pid) ? ByPid(pid) : ByName(target);
    }

    /// <summary>Every program that listens. Sockets that nobody listens at any more are removed on the way.</summary>
    public static List<Found> All(out List<string> notPermitted)
    {
        List<Found> all = [];
        notPermitted = [];
        foreach (string path in SocketDirectories.Sockets())
        {
            int pid;
            try
            {
                using Socket socket = Channel.Connect(new UnixDomainSocketEndPoint(path));
                pid = PeerOf(socket);
            }
            catch (ControlException e)
            {
                if (e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused })
                {
                    Remove(path);
                }
                else
                {
                    notPermitted.Add(path);
                }

                continue;
            }

            // 0: a process of another pid namespace, which its socket's name may describe wrongly.
            ProcessInfo? process = ProcessInfo.Read(pid == 0 ? SocketDirectories.PidOf(path) : pid);
            if (process is not null)
            {
                all.Add(new Found(path, process));
            }
        }

        return all;
    }

    private static EndPoint Address(string target, string host, string portText)
    {
        if (!int.TryParse(portText, NumberStyles.None, CultureInfo.InvariantCulture, out int port) || port is 0 or > 65535)
        {
            throw new ControlException(ExitCodes.Usage, $"'{target}' is not host:port");
        }

        if (IPAddress.TryParse(host.Length == 0 ? "127.0.0.1" : host, out IPAddress? address))
        {
            return new IPEndPoint(address, port);
        }

        try
        {
            IPAddress[] addresses = Dns.GetHostAddresses(host);
            // The runtime's localhost is 127.0.0.1.
            IPAddress? first = Array.Find(addresses, a => a.AddressFamily == AddressFamily.InterNetwork) ?? addresses.FirstOrDefault();
            return first is not null
                ? new IPEndPoint(first, port)
                : throw new ControlException(ExitCodes.NotPermitted, $"'{host}' has no address");
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            throw new ControlException(ExitCodes.NotPermitted, $"'{host}' has no address: {e.Message}");
        }
    }

    private static UnixDomainSocketEndPoint ByPid(int pid)
    {
        foreach (string path in SocketDirectories.Sockets())
        {
            if (SocketDirectories.PidOf(path) == pid && ProcessInfo.Read(pid) is not null)
            {
                return new UnixDomainSocketEndPoint(path);
            }
        }

        ProcessInfo? process = ProcessInfo.Read(pid);
        if (process is not null && LeaderOf(process) is { } leader)
        {
            return new UnixDomainSocketEndPoint(leader);
        }

        throw new ControlException(
            ExitCodes.NotPermitted,
            process is null
                ? $"there is no process {pid}"
                : $"process {pid} does not listen: not built with upstare-cc, started with UPSTARE=off, or of another user "
                    + "(upstare-ctl list shows who does)");
    }

    /// <summary>The socket of the program that a process belongs to which has none of its own: its first process speaks for it.</summary>
    private static string? LeaderOf(ProcessInfo process)
    {
        foreach (Found found in All(out _).OrderByDescending(f => IsAncestor(f.Process.Pid, process)))
        {
            try
            {
                Answer answer = Channel.Ask(new UnixDomainSocketEndPoint(found.Socket), new Request("status", default, null), Commands.AnswerMs);
                if (answer.List("processes").Any(p => Answer.Number(p, "pid") == process.Pid))
                {
                    return found.Socket;
                }
            }
            catch (ControlException)
            {
                // one that does not answer: it is not this one's, or will not be of use
            }
        }

        return null;
    }

    private static UnixDomainSocketEndPoint ByName(string name)
    {
        List<Found> named = All(out _).FindAll(f => f.Process.IsNamed(name));
        List<Found> roots = named.FindAll(f => !named.Exists(other => other != f && IsAncestor(other.Process.Pid, f.Process)));
        if (roots.Count == 1)
        {
            return new UnixDomainSocketEndPoint(roots[0].Socket);
        }

        if (roots.Count == 0)
        {
            throw new ControlException(
                ExitCodes.NotPermitted,
                $"no program named '{name}' listens; upstare-ctl list shows who does, a path needs a '/'");
        }

        StringBuilder message = new();
        message.Append(CultureInfo.InvariantCulture, $"{roots.Count} programs are named '{name}'; say which by its pid:");
        foreach (Found root in roots)
        {
            message.Append(CultureInfo.InvariantCulture, $"\n  {root.Process.Pid} {root.Process.Executable}");
        }

        throw new ControlException(ExitCodes.Usage, message.ToString());
    }

    private static bool IsAncestor(int pid, ProcessInfo process)
    {
        ProcessInfo? at = process;
        for (int depth = 0; depth < 64 && at is not null && at.Parent > 1; depth++)
        {
            if (at.Parent == pid)
            {
                return true;
            }

            at = ProcessInfo.Read(at.Parent);
        }

        return false;
    }

    private static int PeerOf(Socket socket)
    {
        Span<byte> credentials = stackalloc byte[12];
        socket.GetRawSocketOption(SolSocket, SoPeerCred, credentials);
        return BitConverter.ToInt32(credentials);
    }

    private static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // of another user; left to its owner
        }
    }
}
