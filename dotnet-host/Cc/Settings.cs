using UpStare.Instrument;

namespace UpStare.Host.Cc;

/// <summary>What the environment says about a run of upstare-cc.</summary>
public sealed class Settings
{
    /// <summary>UPSTARE_CC: the real compiler and leading arguments; gcc by default.</summary>
    public required IReadOnlyList<string> Compiler { get; init; }

    /// <summary>UPSTARE_DISABLE=1</summary>
    public bool Disabled { get; init; }

    /// <summary>UPSTARE_LOG: a file that gets lines about what was done, or null.</summary>
    public string? LogFile { get; init; }

    /// <summary>UPSTARE_KEEP: a directory that gets the stages of each file, or null.</summary>
    public string? KeepDirectory { get; init; }

    /// <summary>UPSTARE_POINTS=all</summary>
    public bool AllPoints { get; init; }

    /// <summary>UPSTARE_CHECKS=none or empty: a stage of the transformation, to be measured and not to be updated.</summary>
    public CheckStage Checks { get; init; }

    /// <summary>Why what is built cannot be updated although it is transformed, or null.</summary>
    public string? StageReason => Checks == CheckStage.Full ? null : "built with UPSTARE_CHECKS=" + (Checks == CheckStage.None ? "none" : "empty");

    /// <summary>Where the runtime's objects are: beside the tool.</summary>
    public string RuntimeDirectory { get; } = AppContext.BaseDirectory;

    /// <summary>Reads the environment.</summary>
    public static Settings FromEnvironment()
    {
        string? compiler = Get("UPSTARE_CC");
        return new Settings
        {
            Compiler = compiler is null ? ["gcc"] : ResponseFile.Split(compiler),
            Disabled = Get("UPSTARE_DISABLE") is { } disable && disable != "0",
            LogFile = Get("UPSTARE_LOG"),
            KeepDirectory = Get("UPSTARE_KEEP"),
            AllPoints = Get("UPSTARE_POINTS") == "all",
            Checks = Get("UPSTARE_CHECKS") switch
            {
                "none" => CheckStage.None,
                "empty" => CheckStage.Empty,
                _ => CheckStage.Full,
            },
        };
    }

    /// <summary>Appends a line to the log; a log that cannot be written is no reason to stop.</summary>
    public void Log(string line)
    {
        if (LogFile is null)
        {
            return;
        }

        try
        {
            // One write of one line: parallel builds share the file.
            using var stream = new FileStream(LogFile, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, 1);
            stream.Write(System.Text.Encoding.UTF8.GetBytes(line + "\n"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }

    private static string? Get(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
