using System.Text;

namespace UpStare.Host;

/// <summary>One executable, four tools: the name by which it was called picks the tool.</summary>
public static class Program
{
    /// <summary>Release of the tools, as <c>--upstare-version</c> and <c>--version</c> print it.</summary>
    public const string Version = "0.1.0";

    /// <summary>
    /// Runs a tool. <c>upstare TOOL ARGS</c> does the same as <c>upstare-TOOL ARGS</c>, for systems without links.
    /// </summary>
    public static int Main(string[] args)
    {
        if (Environment.GetEnvironmentVariable("UPSTARE_LAUNCHED") is not null)
        {
            // Set by the launcher for this process alone.
            Environment.SetEnvironmentVariable("DOTNET_EnableDiagnostics", null);
            Environment.SetEnvironmentVariable("UPSTARE_LAUNCHED", null);
        }

        string name = CalledAs();
        if (name == "upstare" && args.Length > 0)
        {
            name = "upstare-" + args[0];
            args = args[1..];
        }

        switch (name)
        {
            case "upstare-cc":
                return Cc.CcCommand.Run(args);
            case "upstare-patch":
                return Patch.PatchCommand.Run(args);
            case "upstare-ctl":
                return Ctl.CtlCommand.Run(args);
            case "upstare-run":
                return UpStare.Host.Run.RunCommand.Run(args);
            default:
                Console.Error.WriteLine("usage: upstare cc|patch|ctl|run ARGS (the same as upstare-cc ARGS and so on)");
                return 1;
        }
    }

    /// <summary>
    /// The base name of argv[0]. The apphost resolves links before the runtime starts, so that only the kernel still knows it.
    /// </summary>
    private static string CalledAs()
    {
        byte[] line = File.ReadAllBytes("/proc/self/cmdline");
        int end = Array.IndexOf(line, (byte)0);
        string path = Encoding.UTF8.GetString(line, 0, end < 0 ? line.Length : end);
        string name = path[(path.LastIndexOf('/') + 1)..];
        return name.StartsWith("upstare", StringComparison.Ordinal) ? name : "upstare";
    }
}
