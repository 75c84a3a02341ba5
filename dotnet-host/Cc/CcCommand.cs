namespace UpStare.Host.Cc;

/// <summary>upstare-cc.</summary>
public static class CcCommand
{
    /// <summary>Runs the tool and returns its exit code.</summary>
    public static int Run(string[] args)
    {
        Console.Error.WriteLine("upstare-cc: not built in yet");
        return 1;
    }
}
