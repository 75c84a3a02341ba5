using CommandLine;

namespace UpStare.Host.Run;

/// <summary>What stands before <c>--</c>.</summary>
public sealed class RunOptions
{
    /// <summary>--at</summary>
    [Option("at", MetaValue = "N", SetName = "at", HelpText = "Apply the patch once, at the Nth update point that is reached (default: 1).")]
    public long? At { get; set; }

    /// <summary>--every</summary>
    [Option("every", MetaValue = "N", SetName = "every", HelpText = "Apply at each Nth update point: the patches in turn, again and again.")]
    public long? Every { get; set; }

    /// <summary>--random</summary>
    [Option("random", MetaValue = "SEED", SetName = "random", HelpText = "Apply at points that a generator with this seed picks.")]
    public ulong? Random { get; set; }

    /// <summary>--json</summary>
    [Option("json", MetaValue = "FILE", HelpText = "Write the counts and how the program ended to FILE.")]
    public string? Json { get; set; }

    /// <summary>Patches.</summary>
    [Value(0, MetaName = "PATCH...", HelpText = "Patches, as upstare-patch made them.")]
    public IEnumerable<string> Patches { get; set; } = [];
}
