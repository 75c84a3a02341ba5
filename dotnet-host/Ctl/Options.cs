using CommandLine;

namespace UpStare.Host.Ctl;

/// <summary>What every command takes.</summary>
public abstract class CommonOptions
{
    /// <summary>--json</summary>
    [Option("json", HelpText = "Print the answer as one JSON object.")]
    public bool Json { get; set; }
}

/// <summary>list</summary>
[Verb("list", HelpText = "Show every updateable program of this user (root: of all), and remove sockets that nobody listens at.")]
public sealed class ListOptions : CommonOptions;

/// <summary>TARGET status</summary>
[Verb("status", HelpText = "Show the version, the processes, and where each thread is.")]
public sealed class StatusOptions : CommonOptions;

/// <summary>TARGET history</summary>
[Verb("history", HelpText = "Show the updates so far.")]
public sealed class HistoryOptions : CommonOptions;

/// <summary>TARGET rollback</summary>
[Verb("rollback", HelpText = "Go back to the version before the last update (this runtime: refused, with what to do instead).")]
public sealed class RollbackOptions : CommonOptions;

/// <summary>TARGET check PATCH</summary>
[Verb("check", HelpText = "Would the patch apply now? What hinders it? Nothing is changed.")]
public sealed class CheckOptions : CommonOptions
{
    /// <summary>Patch.</summary>
    [Value(0, MetaName = "PATCH", Required = true, HelpText = "The patch, as upstare-patch made it.")]
    public string Patch { get; set; } = "";

    /// <summary>--timeout</summary>
    [Option("timeout", MetaValue = "MS", HelpText = "How long to look for a safe state (default 10000).")]
    public int? Timeout { get; set; }
}

/// <summary>TARGET apply PATCH</summary>
[Verb("apply", HelpText = "Update the running program.")]
public sealed class ApplyOptions : CommonOptions
{
    /// <summary>Patch.</summary>
    [Value(0, MetaName = "PATCH", Required = true, HelpText = "The patch, as upstare-patch made it.")]
    public string Patch { get; set; } = "";

    /// <summary>--timeout</summary>
    [Option("timeout", MetaValue = "MS", HelpText = "How long to look for a safe state (default 10000); then the program goes on as before.")]
    public int? Timeout { get; set; }

    /// <summary>--when</summary>
    [Option("when", MetaValue = "EXPR", HelpText = "Wait until EXPR holds: comparisons of time (HH:MM), load, threads, updates and in(FUNCTION), "
        + "joined by 'and', such as 'time>=03:00 and in(send_file)==0'.")]
    public string? When { get; set; }

    /// <summary>--within</summary>
    [Option("within", MetaValue = "SECONDS", HelpText = "Try again and again for so long (default: once; with --when 86400).")]
    public double? Within { get; set; }
}

/// <summary>TARGET wait [PATCH]</summary>
[Verb("wait", HelpText = "Wait until no update is under way; with a patch, until it would apply.")]
public sealed class WaitOptions : CommonOptions
{
    /// <summary>Patch.</summary>
    [Value(0, MetaName = "PATCH", HelpText = "Wait until this patch would apply.")]
    public string? Patch { get; set; }

    /// <summary>--within</summary>
    [Option("within", MetaValue = "SECONDS", Default = 60.0, HelpText = "Give up after so long, with exit code 2.")]
    public double Within { get; set; }
}

/// <summary>keygen [FILE]</summary>
[Verb("keygen", HelpText = "Make the key for programs that listen on TCP (UPSTARE_LISTEN=host:port).")]
public sealed class KeygenOptions : CommonOptions
{
    /// <summary>File.</summary>
    [Value(0, MetaName = "FILE", HelpText = "Where to (default: UPSTARE_KEY_FILE, else ~/.config/upstare/key).")]
    public string? File { get; set; }

    /// <summary>--force</summary>
    [Option("force", HelpText = "Replace an existing key.")]
    public bool Force { get; set; }
}
