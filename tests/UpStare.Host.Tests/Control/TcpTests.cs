using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace UpStare.Host.Tests.Control;

/// <summary>Requests over TCP: only who has the key is answered, and only for what was signed.</summary>
public class TcpTests
{
    private const string Key = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    [Fact]
    public void TheKeyOpensAndAnotherDoesNot()
    {
        string key = Path.Combine(ControlServer.Directory, "made", "key");
        Assert.Equal(0, ControlServer.Ctl("keygen", key).Exit);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(key));
        string first = File.ReadAllText(key);
        Assert.Equal(1, ControlServer.Ctl("keygen", key).Exit);
        Assert.Equal(first, File.ReadAllText(key));

        using ControlServer server = Start(key);
        string patch = ControlServer.Write("tcp", "exit 0");
        Assert.Equal(0, ControlServer.Tool("ctl", [("UPSTARE_KEY_FILE", key)], server.Tcp, "status").Exit);
        Assert.Equal(0, ControlServer.Tool("ctl", [("UPSTARE_KEY_FILE", key)], server.Tcp, "apply", patch).Exit);
        Assert.Equal(2, ControlServer.Tool("ctl", [("UPSTARE_KEY_FILE", key)], server.Tcp, "apply", ControlServer.Write("tcp2", "exit 2")).Exit);

        string other = ControlServer.Write("other.key", Key, secret: true);
        var refused = ControlServer.Tool("ctl", [("UPSTARE_KEY_FILE", other)], server.Tcp, "apply", patch);
        Assert.Equal(4, refused.Exit);
        Assert.Contains("key", refused.Errors, StringComparison.Ordinal);
        File.SetUnixFileMode(other, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        Assert.Contains("0600", ControlServer.Tool("ctl", [("UPSTARE_KEY_FILE", other)], server.Tcp, "status").Errors, StringComparison.Ordinal);
        Assert.Equal(4, ControlServer.Tool("ctl", [("UPSTARE_KEY_FILE", "/nonexistent")], server.Tcp, "status").Exit);
        Assert.Equal(1, Updates(server));
    }

    [Fact]
    public void WithoutAKeyOfModeSixHundredNothingIsOpened()
    {
        string key = ControlServer.Write("loose.key", Key);
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        using ControlServer loose = ControlServer.Start(
            null, "", ("UPSTARE_LISTEN", "localhost:0"), ("UPSTARE_KEY_FILE", key), ("FAKE_NO_TCP", "1"));
        Assert.Equal("", loose.Tcp);
        Assert.Equal(0, ControlServer.Ctl(loose.Pid, "status").Exit);
    }

    [Fact]
    public void OtherAddressesThanLoopbackNeedLeave()
    {
        string key = ControlServer.Write("any.key", Key, secret: true);
        using ControlServer without = ControlServer.Start(
            null, "", ("UPSTARE_LISTEN", "0.0.0.0:0"), ("UPSTARE_KEY_FILE", key), ("FAKE_NO_TCP", "1"));
        Assert.Equal("", without.Tcp);
        using ControlServer with = ControlServer.Start(
            null, "", ("UPSTARE_LISTEN", "0.0.0.0:0"), ("UPSTARE_KEY_FILE", key), ("UPSTARE_LISTEN_ANY", "1"));
        Assert.StartsWith("0.0.0.0:", with.Tcp, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatWasSignedIsWhatIsDone()
    {
        using ControlServer server = Start(ControlServer.Write("signed.key", Key, secret: true));
        Assert.Contains("\"exit\":0", Exchange(server, "apply", "exit 0").Answer, StringComparison.Ordinal);

        // Other bytes than those that were signed, of the same length.
        Assert.Contains("altered", Exchange(server, "apply", "exit 0", sent: "exit 5").Answer, StringComparison.Ordinal);

        // Another command, and a longer timeout, under the same mac.
        Assert.Contains("\"exit\":4", Exchange(server, "check", "exit 0", change: h => h.Replace(" check ", " apply ")).Answer, StringComparison.Ordinal);
        Assert.Contains("\"exit\":4", Exchange(server, "apply timeout=1", "exit 0", change: h => h.Replace("timeout=1", "timeout=9")).Answer, StringComparison.Ordinal);

        // No mac at all.
        Assert.Contains("\"exit\":4", Exchange(server, "status", "", change: h => h[..h.IndexOf(" mac=", StringComparison.Ordinal)]).Answer, StringComparison.Ordinal);

        // What was recorded does not work a second time.
        var (header, _) = Exchange(server, "apply", "exit 0");
        Assert.Contains("\"exit\":4", Exchange(server, "apply", "exit 0", change: _ => header).Answer, StringComparison.Ordinal);
        Assert.Equal(2, Updates(server));
    }

    [Fact]
    public void NothingIsReadOfAPatchBeforeItsSenderIsKnown()
    {
        using ControlServer server = Start(ControlServer.Write("early.key", Key, secret: true));
        var (_, answer) = Exchange(server, "apply", "exit 0", sent: "", change: h => h.Replace("size=6", "size=1000000"));
        Assert.Contains("\"exit\":4", answer, StringComparison.Ordinal);
    }

    [Fact]
    public void GarbageIsAnsweredAndClosed()
    {
        using ControlServer server = Start(ControlServer.Write("garbage.key", Key, secret: true));
        foreach (string text in (string[])["GET / HTTP/1.0\r\n\r\n", "\n", new string('a', 70_000)])
        {
            using TcpClient client = new("127.0.0.1", server.Port);
            using NetworkStream stream = client.GetStream();
            ReadLine(stream);
            try
            {
                stream.Write(Encoding.ASCII.GetBytes(text));
            }
            catch (IOException)
            {
                // refused before it was all sent
            }

            Assert.Contains("\"exit\":", ReadAll(stream), StringComparison.Ordinal);
        }

        Assert.Equal(0, Updates(server));
    }

    private static ControlServer Start(string key) =>
        ControlServer.Start(null, "", ("UPSTARE_LISTEN", "localhost:0"), ("UPSTARE_KEY_FILE", key));

    private static int Updates(ControlServer server)
    {
        string output = ControlServer.Ctl(server.Pid, "status", "--json").Output;
        return System.Text.Json.JsonDocument.Parse(output).RootElement.GetProperty("updates").GetInt32();
    }

    /// <summary>A client of its own, written after docs/protocol.md, that can cheat.</summary>
    private static (string Header, string Answer) Exchange(
        ControlServer server, string command, string patch, string? sent = null, Func<string, string>? change = null)
    {
        byte[] key = Convert.FromHexString(Key);
        using TcpClient client = new("127.0.0.1", server.Port);
        using NetworkStream stream = client.GetStream();
        string challenge = ReadLine(stream);
        byte[] server32 = Convert.FromHexString(challenge["upstare/1 challenge nonce=".Length..]);
        byte[] client32 = RandomNumberGenerator.GetBytes(32);
        string header = "upstare/1 " + command;
        if (patch.Length > 0)
        {
            header += $" size={patch.Length} sha256=" + Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(patch)));
        }

        header += " client=" + Convert.ToHexStringLower(client32);
        byte[] covered = [.. "upstare/1 request\n"u8, .. server32, .. client32, .. Encoding.ASCII.GetBytes(header)];
        header += " mac=" + Convert.ToHexStringLower(HMACSHA256.HashData(key, covered));
        header = change?.Invoke(header) ?? header;
        stream.Write(Encoding.ASCII.GetBytes(header + "\n" + (sent ?? patch)));
        return (header, ReadAll(stream));
    }

    private static string ReadLine(NetworkStream stream)
    {
        StringBuilder line = new();
        for (int c; (c = stream.ReadByte()) >= 0 && c != '\n';)
        {
            line.Append((char)c);
        }

        return line.ToString();
    }

    private static string ReadAll(NetworkStream stream)
    {
        using StreamReader reader = new(stream, Encoding.UTF8, false, 4096, leaveOpen: true);
        try
        {
            return reader.ReadToEnd();
        }
        catch (IOException)
        {
            return "";
        }
    }
}
