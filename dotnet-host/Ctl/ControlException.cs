namespace UpStare.Host.Ctl;

/// <summary>Ends the tool with a message for the user and an exit code of the contract.</summary>
/// <param name="exitCode">Exit code of upstare-ctl.</param>
/// <param name="message">What happened, and what to do next.</param>
/// <param name="cause">What the system said, if it did.</param>
public sealed class ControlException(int exitCode, string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>Exit code of upstare-ctl.</summary>
    public int ExitCode { get; } = exitCode;
}

/// <summary>Exit codes of upstare-ctl and, where they apply, upstare-run.</summary>
public static class ExitCodes
{
    /// <summary>Done, or nothing was to be done.</summary>
    public const int Done = 0;

    /// <summary>Wrong command line.</summary>
    public const int Usage = 1;

    /// <summary>No safe state within the timeout; the program goes on as before.</summary>
    public const int Refused = 2;

    /// <summary>The patch is not for this program or version, or is no patch.</summary>
    public const int WrongProgram = 3;

    /// <summary>Cannot connect, or not permitted.</summary>
    public const int NotPermitted = 4;

    /// <summary>The update failed and was undone.</summary>
    public const int Undone = 5;
}
