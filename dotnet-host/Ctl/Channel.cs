using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace UpStare.Host.Ctl;

/// <summary>Speaks the control protocol: one connection, one request, one answer.</summary>
public static class Channel
{
    private const int ConnectMs = 5000;
    private const int MaxAnswer = 64 << 20;
    private const int Attempts = 4;

    /// <summary>
    /// Sends a request and returns the answer. Throws <see cref="ControlException"/> (exit code 4) where the program cannot
    /// be reached, does not answer within <paramref name="answerMs"/>, or cannot prove that it has the key.
    /// </summary>
    public static Answer Ask(EndPoint target, Request request, int answerMs)
    {
        for (int attempt = 1; ; attempt++)
        {
            byte[]? key = null;
            byte[] nonces = [];
            byte[] reply = [];
            try
            {
                reply = AskOnce(target, request, answerMs, out key, out nonces);
            }
            catch (ControlException) when (attempt > 1 && attempt < Attempts)
            {
                // as below: closed, and not yet open again
            }

            if (reply.Length > 0)
            {
                return Check(target, reply, key, nonces);
            }

            // A program that has closed all its descriptors (daemons do) opens its listener again when somebody comes.
            if (attempt == Attempts)
            {
                throw new ControlException(ExitCodes.NotPermitted, $"{Show(target)} closed the connection without an answer");
            }

            Thread.Sleep(100);
        }
    }

    /// <summary>Connects; the caller disposes the socket.</summary>
    public static Socket Connect(EndPoint target)
    {
        Socket socket = target is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            using CancellationTokenSource limit = new(ConnectMs);
            socket.ConnectAsync(target, limit.Token).AsTask().GetAwaiter().GetResult();
            return socket;
        }
        catch (OperationCanceledException)
        {
            socket.Dispose();
            throw new ControlException(ExitCodes.NotPermitted, $"{Show(target)} does not answer");
        }
        catch (SocketException e)
        {
            socket.Dispose();
            string hint = e.SocketErrorCode switch
            {
                SocketError.ConnectionRefused => "nobody listens there (any more); upstare-ctl list shows who does",
                SocketError.AccessDenied => "only the program's own user and root may control it",
                _ => e.Message,
            };
            throw new ControlException(ExitCodes.NotPermitted, $"cannot connect to {Show(target)}: {hint}", e);
        }
    }

    /// <summary>An end point as the user would write it.</summary>
    public static string Show(EndPoint target) => target.ToString() ?? "?";

    private static byte[] AskOnce(EndPoint target, Request request, int answerMs, out byte[]? key, out byte[] nonces)
    {
        key = target is UnixDomainSocketEndPoint ? null : KeyFile.Read(KeyFile.DefaultPath);
        nonces = [];
        using Socket socket = Connect(target);
        socket.SendTimeout = answerMs;
        socket.ReceiveTimeout = answerMs;
        using NetworkStream stream = new(socket);
        try
        {
            string header = key is null ? request.Header() : Sign(request, stream, key, out nonces);
            Send(socket, Encoding.UTF8.GetBytes(header + "\n"), request.Patch);
            return Receive(stream);
        }
        catch (Exception e) when (IsTimeout(e) || IsTimeout(e.InnerException))
        {
            throw new ControlException(
                ExitCodes.NotPermitted,
                $"{Show(target)} took the request and did not answer in {answerMs / 1000} s; upstare-ctl {Show(target)} history tells what came of it");
        }
        catch (IOException)
        {
            return []; // reset before an answer
        }
    }

    /// <summary>Sends everything; a server that refuses early stops reading, and its answer is what counts then.</summary>
    private static void Send(Socket socket, byte[] header, ReadOnlyMemory<byte> patch)
    {
        try
        {
            SendAll(socket, header);
            SendAll(socket, patch.Span);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.Shutdown or SocketError.ConnectionReset)
        {
            return;
        }
    }

    private static bool IsTimeout(Exception? e) => e is SocketException { SocketErrorCode: SocketError.TimedOut or SocketError.WouldBlock };

    private static void SendAll(Socket socket, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[socket.Send(bytes[..Math.Min(bytes.Length, 1 << 20)])..];
        }
    }

    private static byte[] Receive(Stream stream)
    {
        using MemoryStream whole = new();
        byte[] buffer = new byte[65536];
        try
        {
            for (int got; (got = stream.Read(buffer)) > 0 && whole.Length < MaxAnswer;)
            {
                whole.Write(buffer, 0, got);
            }
        }
        catch (IOException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset } && whole.Length > 0)
        {
            return whole.ToArray();
        }

        return whole.ToArray();
    }

    /// <summary>Reads the server's challenge and returns the signed header line.</summary>
    private static string Sign(Request request, Stream stream, byte[] key, out byte[] nonces)
    {
        const string Greeting = "upstare/1 challenge nonce=";
        StringBuilder line = new();
        for (int c; (c = stream.ReadByte()) >= 0 && c != '\n' && line.Length < 256;)
        {
            line.Append((char)c);
        }

        string challenge = line.ToString();
        if (!challenge.StartsWith(Greeting, StringComparison.Ordinal) || challenge.Length != Greeting.Length + 64)
        {
            throw new ControlException(ExitCodes.NotPermitted, "what listens there is not a program built with upstare-cc");
        }

        byte[] client = RandomNumberGenerator.GetBytes(32);
        nonces = [.. Convert.FromHexString(challenge[Greeting.Length..]), .. client];
        string hash = request.Patch.Length == 0 ? "" : " sha256=" + Convert.ToHexStringLower(SHA256.HashData(request.Patch.Span));
        string header = request.Header(hash + " client=" + Convert.ToHexStringLower(client));
        return header + " mac=" + Convert.ToHexStringLower(Mac(key, "upstare/1 request\n", nonces, Encoding.UTF8.GetBytes(header)));
    }

    private static byte[] Mac(byte[] key, string direction, byte[] nonces, ReadOnlySpan<byte> text)
    {
        using IncrementalHash mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        mac.AppendData(Encoding.ASCII.GetBytes(direction));
        mac.AppendData(nonces);
        mac.AppendData(text);
        return mac.GetHashAndReset();
    }

    private static Answer Check(EndPoint target, byte[] reply, byte[]? key, byte[] nonces)
    {
        int end = Array.IndexOf(reply, (byte)'\n');
        if (end < 0)
        {
            throw new ControlException(ExitCodes.NotPermitted, $"{Show(target)} ended in the middle of its answer");
        }

        Answer answer = Answer.Parse(reply.AsMemory(0, end));
        if (key is null)
        {
            return answer;
        }

        string trailer = Encoding.ASCII.GetString(reply, end + 1, reply.Length - end - 1);
        string expected = "mac=" + Convert.ToHexStringLower(Mac(key, "upstare/1 answer\n", nonces, reply.AsSpan(0, end))) + "\n";
        if (!CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(trailer), Encoding.ASCII.GetBytes(expected)))
        {
            throw new ControlException(
                ExitCodes.NotPermitted,
                (answer.Message ?? "the answer is not signed") + $"; is {KeyFile.DefaultPath} the key that the program was started with?");
        }

        return answer;
    }
}
