namespace UpStare.Host.Patch;

/// <summary>upstare-patch.</summary>
public static class PatchCommand
{
    /// <summary>Runs the tool and returns its exit code.</summary>
    public static int Run(string[] args)
    {
        Console.Error.WriteLine("upstare-patch: not built in yet");
        return 1;
    }
}
