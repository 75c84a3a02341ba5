using System.Globalization;
using System.Net.Sockets;

namespace UpStare.Scenario.Tests;

/// <summary>
/// A program with one thread stays so until somebody connects, wherever it is then. A signal tells it of that, so this is never done with the
/// pipe.
/// </summary>
public sealed class FirstClientTests : IDisposable
{
    private readonly string? _before = SelfPipeTests.Way(null);

    public void Dispose() => SelfPipeTests.Way(_before);

    [Theory]
    [InlineData("wait")]
    [InlineData("library")]
    [InlineData("computation")]
    [InlineData("malloc")]
    [InlineData("handler")]
    [InlineData("alone")]
    [InlineData("closing")]
    public void TheFirstClientIsAnswered(string where)
    {
        using var program = Scenario.Get("firstclient").Start("v1", where);
        program.WaitForGate();
        Assert.Equal(1, Threads(program));
        program.Control("status").Expect(0);
        Assert.Equal(2, Threads(program));
        program.Control("status").Expect(0);
    }

    /// <summary>What a program gives up is there still: the thread is started before.</summary>
    [Theory]
    [InlineData("filtered")]
    [InlineData("limited")]
    public void WhoGivesUpThreadsHasTheControlThread(string how)
    {
        using var program = Scenario.Get("firstclient").Start("v1", how);
        program.WaitForGate();
        Assert.Equal(2, Threads(program));
        program.Control("status").Expect(0);
    }

    /// <summary>Somebody connects while a handler runs that has interrupted malloc: the answer comes when it has returned.</summary>
    [Fact]
    public void AHandlerThatInterruptedALibraryIsWaitedFor()
    {
        using var program = Scenario.Get("firstclient").Start("v1", "interrupting");
        program.WaitForGate();
        program.Control("status").Expect(0);
        Assert.Equal("returned", program.ReadLine());
        Assert.Equal(2, Threads(program));
    }

    /// <summary>The signal that tells of a client never meets a program that has not yet got its handler.</summary>
    [Fact]
    public void ClientsComeWhileItBecomesAnotherProgram()
    {
        using var program = Scenario.Get("firstclient").Start("v1", "again");
        program.WaitForGate();
        var done = false;
        var clients = new Thread(() =>
        {
            while (!Volatile.Read(ref done))
            {
                foreach (var path in Sockets(program.Pid))
                {
                    using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    try
                    {
                        socket.Connect(new UnixDomainSocketEndPoint(path));
                    }
                    catch (SocketException)
                    {
                        // it has just gone
                    }
                }
            }
        });
        clients.Start();
        try
        {
            Assert.Equal("all began", program.ReadLine());
            program.Finish();
        }
        finally
        {
            Volatile.Write(ref done, true);
            clients.Join();
        }
    }

    private static string[] Sockets(int pid)
    {
        var runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        var pattern = pid.ToString(CultureInfo.InvariantCulture) + "*.sock";
        return [.. new[] { runtime is null ? "" : Path.Combine(runtime, "upstare") }
            .Concat(Directory.GetDirectories("/tmp", "upstare-*"))
            .Where(Directory.Exists)
            .SelectMany(d => SocketsIn(d, pattern))];
    }

    private static string[] SocketsIn(string directory, string pattern)
    {
        try
        {
            return Directory.GetFiles(directory, pattern);
        }
        catch (UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static int Threads(Session program) => Directory.GetDirectories($"/proc/{program.Pid.ToString(CultureInfo.InvariantCulture)}/task").Length;
}
