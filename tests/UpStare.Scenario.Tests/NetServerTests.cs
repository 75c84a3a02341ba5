using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace UpStare.Scenario.Tests;

/// <summary>A server with connected clients is updated; no connection is closed and no request is lost.</summary>
public class NetServerTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ClientsStayConnected(bool unix)
    {
        var (address, endpoint) = unix ? Unix() : Tcp();
        using var program = Scenario.Get("netserver").Start("v1", address);
        program.WaitFor("listening");
        using var anna = new Client(endpoint);
        using var berta = new Client(endpoint);
        using var clara = new Client(endpoint);
        Assert.Equal("v1 one", anna.Ask("one"));
        Assert.Equal("v1 two", berta.Ask("two"));
        anna.Send("half a ");

        program.Update("v2");

        Assert.Equal("v2 nobody request 1: half a line", anna.Ask("line"));
        Assert.Equal("v2 berta request 1: name berta", berta.Ask("name berta"));
        Assert.Equal("v2 berta request 2: again", berta.Ask("again"));
        Assert.Equal("v2 nobody request 1: first word", clara.Ask("first word"));
        using var dora = new Client(endpoint);
        Assert.Equal("v2 nobody request 1: new", dora.Ask("new"));
        program.Compare("listening\n4 clients connected at the end\n", program.Finish());
    }

    private static (string, EndPoint) Unix()
    {
        var path = Path.Combine(Tools.Temporary, Path.GetRandomFileName());
        return (path, new UnixDomainSocketEndPoint(path));
    }

    private static (string, EndPoint) Tcp()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var endpoint = (IPEndPoint)probe.LocalEndpoint;
        probe.Stop();
        return (endpoint.Port.ToString(CultureInfo.InvariantCulture), endpoint);
    }

    private sealed class Client : IDisposable
    {
        private readonly Socket _socket;

        public Client(EndPoint endpoint)
        {
            _socket = endpoint is IPEndPoint
                ? new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
                : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            _socket.ReceiveTimeout = 10000;
            _socket.Connect(endpoint);
        }

        public void Send(string text) => _socket.Send(Encoding.ASCII.GetBytes(text));

        public string Ask(string line)
        {
            Send(line + "\n");
            var answer = new StringBuilder();
            var one = new byte[1];
            while (_socket.Receive(one) == 1 && one[0] != '\n')
            {
                answer.Append((char)one[0]);
            }

            return answer.ToString();
        }

        public void Dispose() => _socket.Dispose();
    }
}
