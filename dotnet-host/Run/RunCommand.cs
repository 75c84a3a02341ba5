namespace UpStare.Host.Run;

/// <summary>upstare-run.</summary>
public static class RunCommand
{
    /// <summary>Runs the tool and returns its exit code.</summary>
    public static int Run(string[] args)
    {
        Console.Error.WriteLine("upstare-run: not built in yet");
        return 1;
    }
}
