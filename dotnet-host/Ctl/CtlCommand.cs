namespace UpStare.Host.Ctl;

/// <summary>upstare-ctl.</summary>
public static class CtlCommand
{
    /// <summary>Runs the tool and returns its exit code.</summary>
    public static int Run(string[] args)
    {
        Console.Error.WriteLine("upstare-ctl: not built in yet");
        return 1;
    }
}
