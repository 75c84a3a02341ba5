using System.Text.Json;
using CommandLine;
using CommandLine.Text;

namespace UpStare.Host.Ctl;

/// <summary>upstare-ctl: finds running programs, looks at them, updates them (docs/protocol.md).</summary>
public static class CtlCommand
{
    private const string Usage = """
        usage: upstare-ctl TARGET COMMAND [OPTIONS]
               upstare-ctl list | keygen [OPTIONS]

        TARGET is a pid, a program's name, the path of a socket (with a '/'), or host:port.


        """;

    private const string ExitCodesHelp = """
        Exit codes: 0 done (or already applied), 1 usage, 2 refused (no safe state within the timeout; the program goes on as
        before), 3 the patch is not for this program or version, 4 cannot connect or not permitted, 5 failed and undone.
        """;

    /// <summary>Runs the tool and returns its exit code.</summary>
    public static int Run(string[] args)
    {
        (string? target, string[] rest) = Split(args);
        if (rest.Length == 0 || rest[0] is "--help" or "-h" or "help" or "--version")
        {
            return Help(rest);
        }

        using Parser parser = new(settings =>
        {
            settings.HelpWriter = null;
            settings.CaseSensitive = true;
        });
        ParserResult<object> parsed = parser.ParseArguments<
            ListOptions, StatusOptions, CheckOptions, ApplyOptions, RollbackOptions, HistoryOptions, WaitOptions, KeygenOptions>(rest);
        if (parsed is not Parsed<object> { Value: CommonOptions options })
        {
            return Wrong(parsed);
        }

        try
        {
            return Dispatch(target, options);
        }
        catch (ControlException e)
        {
            if (options.Json)
            {
                Console.Out.WriteLine(Commands.ErrorJson(e.ExitCode, e.Message));
            }

            Console.Error.WriteLine("upstare-ctl: " + e.Message);
            return e.ExitCode;
        }
    }

    /// <summary>TARGET COMMAND ... -> TARGET, COMMAND ...; options may stand before the command.</summary>
    private static (string? Target, string[] Words) Split(string[] args)
    {
        int first = Array.FindIndex(args, a => !a.StartsWith('-'));
        if (first < 0)
        {
            return (null, args);
        }

        if (args[first] is "list" or "keygen" or "help")
        {
            return (null, [args[first], .. args[..first], .. args[(first + 1)..]]);
        }

        int second = Array.FindIndex(args, first + 1, a => !a.StartsWith('-'));
        if (second >= 0)
        {
            return (args[first], [args[second], .. args[..first], .. args[(first + 1)..second], .. args[(second + 1)..]]);
        }

        // "upstare-ctl apply --help" asks about a command, not about a program named apply.
        return Array.IndexOf(args, "--help") >= 0 ? (null, [args[first], "--help"]) : (args[first], []);
    }

    private static int Dispatch(string? target, CommonOptions options)
    {
        switch (options)
        {
            case ListOptions list:
                return Commands.List(list);
            case KeygenOptions keygen:
                KeyFile.Create(keygen.File ?? KeyFile.DefaultPath, keygen.Force);
                Console.Out.WriteLine(keygen.Json
                    ? "{\"exit\":0,\"file\":" + JsonSerializer.Serialize(keygen.File ?? KeyFile.DefaultPath, OutputJson.Default.String) + "}"
                    : "wrote " + (keygen.File ?? KeyFile.DefaultPath));
                return ExitCodes.Done;
        }

        if (target is null)
        {
            throw new ControlException(ExitCodes.Usage, "which program? upstare-ctl TARGET COMMAND; upstare-ctl list shows the programs");
        }

        return options switch
        {
            StatusOptions status => Commands.Status(target, status),
            HistoryOptions history => Commands.History(target, history),
            CheckOptions check => Commands.Check(target, check),
            ApplyOptions apply => ApplyCommand.Run(target, apply),
            WaitOptions wait => WaitCommand.Run(target, wait),
            RollbackOptions rollback => Commands.Rollback(target, rollback),
            _ => ExitCodes.Usage,
        };
    }

    private static int Help(string[] rest)
    {
        if (rest.Length == 0)
        {
            Console.Error.WriteLine(Usage + "upstare-ctl --help lists the commands.");
            return ExitCodes.Usage;
        }

        if (rest[0] == "--version")
        {
            Console.Out.WriteLine("upstare-ctl " + Program.Version);
            return ExitCodes.Done;
        }

        Console.Out.WriteLine(Usage + """
            Commands:
              list                    every updateable program of this user
              status                  version, processes, and where each thread is
              check PATCH             would it apply now? what hinders it?
              apply PATCH             update the running program
              rollback                go back to the version before
              history                 the updates so far
              wait [PATCH]            until no update is under way, or until the patch would apply
              keygen [FILE]           make the key for programs that listen on TCP

            upstare-ctl COMMAND --help explains a command. --json makes each print one JSON object.


            """ + ExitCodesHelp);
        return ExitCodes.Done;
    }

    private static int Wrong(ParserResult<object> parsed)
    {
        bool help = parsed.Errors.IsHelp() || parsed.Errors.IsVersion();
        bool commands = parsed.Errors.Any(e => e is BadVerbSelectedError or NoVerbSelectedError);
        HelpText text = HelpText.AutoBuild(
            parsed,
            h =>
            {
                h.AddDashesToOption = !commands;
                h.Heading = "upstare-ctl: updates running programs";
                h.Copyright = "";
                h.AutoVersion = false;
                h.AdditionalNewLineAfterOption = false;
                h.MaximumDisplayWidth = 120;
                return HelpText.DefaultParsingErrorsHandler(parsed, h);
            },
            e => e,
            verbsIndex: commands);
        (help ? Console.Out : Console.Error).WriteLine(text + "\n\n" + ExitCodesHelp);
        return help ? ExitCodes.Done : ExitCodes.Usage;
    }
}
