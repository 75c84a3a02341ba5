using UpStare.Host.Posix;

namespace UpStare.Host.Cc;

/// <summary>upstare-cc: a drop-in for gcc that makes programs which can be updated while they run.</summary>
public static class CcCommand
{
    /// <summary>Runs the tool and returns its exit code: gcc's, except for our own subcommands.</summary>
    public static int Run(string[] args)
    {
        Settings settings = Settings.FromEnvironment();
        if (settings.Disabled)
        {
            return Child.Exec([.. settings.Compiler, .. args]);
        }

        if (args.Length > 0 && Subcommand(settings, args) is { } code)
        {
            return code;
        }

        string[] expanded = ResponseFile.Expand(args);
        Invocation invocation = ArgumentParser.Parse(expanded);
        if (invocation.Mode == OutputMode.Passthrough || !HasWork(invocation))
        {
            return Child.Exec([.. settings.Compiler, .. args]);
        }

        try
        {
            using var workspace = new Workspace();
            return new Driver(settings, invocation, workspace).Run(expanded);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine("upstare-cc: " + e.Message);
            return 1;
        }
    }

    /// <summary>Options of upstare-cc itself; null if there is none.</summary>
    private static int? Subcommand(Settings settings, string[] args)
    {
        switch (args[0])
        {
            case "--upstare-version":
                Console.WriteLine("upstare-cc " + Program.Version);
                return 0;
            case "--help":
                Console.Write(Help.Text);
                return 0;
            case "--report":
                return Report.ReportCommand.Run(args[1..]);
            case "--verify":
                return Verify.VerifyCommand.Run(args[1..]);
            default:
                return args[0].StartsWith("--dump=", StringComparison.Ordinal) ? DumpCommand.Run(settings, args) : null;
        }
    }

    /// <summary>Whether anything in this command line concerns us: a C source, or a link.</summary>
    private static bool HasWork(Invocation invocation)
    {
        if (invocation.Mode == OutputMode.Link)
        {
            return true;
        }

        if (invocation.CompilePlainly || invocation.Mode == OutputMode.Assembly)
        {
            return false;
        }

        foreach (InputFile input in invocation.Inputs)
        {
            if (input.Kind is InputKind.C or InputKind.PreprocessedC)
            {
                return true;
            }
        }

        return false;
    }
}
