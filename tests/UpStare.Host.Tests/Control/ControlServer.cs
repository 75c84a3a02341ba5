using System.Diagnostics;
using System.Globalization;

namespace UpStare.Host.Tests.Control;

/// <summary>
/// A program with the runtime's control channel and nothing behind it (native-runtime/tests/control): a patch is a text such
/// as "exit 2", which is what the program answers.
/// </summary>
public sealed class ControlServer : IDisposable
{
    private static readonly Lazy<string> _binary = new(Build);

    private readonly Process _process;

    private ControlServer(Process process, string socket, string tcp)
    {
        _process = process;
        Socket = socket;
        Tcp = tcp;
    }

    public string Socket { get; }

    public string Tcp { get; }

    public int Port => int.Parse(Tcp[(Tcp.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture);

    public string Pid => _process.Id.ToString(CultureInfo.InvariantCulture);

    /// <summary>A directory that is gone with the tests.</summary>
    public static string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("upstare-ctl-").FullName;

    /// <summary>The source tree that these tests are in.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Starts a program; <paramref name="name"/> is its own, so that tests can tell theirs.</summary>
    public static ControlServer Start(string? name = null, string argument = "", params (string Name, string Value)[] environment)
    {
        string program = _binary.Value;
        if (name is not null)
        {
            program = Path.Combine(Directory, name);
            // In a process of its own: one that another test starts meanwhile would keep the file open, and nothing open for writing can be run.
            Assert.Equal(0, Tools.Run(Directory, "cp", [_binary.Value, program]).Code);
        }

        ProcessStartInfo start = new(program, argument) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach ((string variable, string value) in environment)
        {
            start.Environment[variable] = value;
        }

        Process process = Process.Start(start)!;
        string line = process.StandardOutput.ReadLine() ?? "";
        string[] words = line.Split(' ');
        Assert.True(words.Length == 3, line);
        return new ControlServer(process, words[1]["socket=".Length..], words[2]["tcp=".Length..]);
    }

    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            if (!_process.WaitForExit(5000))
            {
                _process.Kill();
            }
        }

        _process.Dispose();
    }

    /// <summary>Runs upstare-ctl in a process of its own.</summary>
    public static (int Exit, string Output, string Errors) Ctl(params string[] arguments) => Tool("ctl", [], arguments);

    /// <summary>Runs a tool in a process of its own, with more in its environment.</summary>
    public static (int Exit, string Output, string Errors) Tool(string tool, (string Name, string Value)[] environment, params string[] arguments)
    {
        ProcessStartInfo start = new(Path.Combine(AppContext.BaseDirectory, "upstare"), [tool, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string variable, string value) in environment)
        {
            start.Environment[variable] = value;
        }

        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result);
    }

    /// <summary>A file with that text, for a patch or a key.</summary>
    public static string Write(string name, string text, bool secret = false)
    {
        string path = Path.Combine(Directory, name);
        File.WriteAllText(path, text);
        if (secret)
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return path;
    }

    private static string FindRoot()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "UpStare.sln")))
        {
            root = Path.GetDirectoryName(root.TrimEnd('/')) ?? throw new InvalidOperationException("not inside the source tree");
        }

        return root;
    }

    private static string Build()
    {
        string runtime = Path.Combine(Root, "native-runtime");
        string binary = Path.Combine(Directory, "control-server");
        string[] sources =
        [
            Path.Combine(runtime, "src/json.c"),
            .. System.IO.Directory.GetFiles(Path.Combine(runtime, "src/control"), "*.c"),
            Path.Combine(runtime, "tests/control/fake_core.c"),
            Path.Combine(runtime, "tests/control/server.c"),
        ];
        using Process gcc = Process.Start("gcc", ["-std=gnu17", "-O1", "-pthread", "-D_GNU_SOURCE", "-Wl,--build-id", .. sources, "-o", binary]);
        gcc.WaitForExit();
        Assert.Equal(0, gcc.ExitCode);
        return binary;
    }
}
