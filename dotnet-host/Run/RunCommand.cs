using System.Globalization;
using System.Text.Json;
using CommandLine;
using CommandLine.Text;
using UpStare.Frontend.Metadata;
using UpStare.Host.Posix;

namespace UpStare.Host.Run;

/// <summary>
/// upstare-run: runs a program that updates itself at chosen update points. The runtime in the program does it, told by
/// <c>UPSTARE_RUN_PATCHES</c> (paths joined by ':'), <c>UPSTARE_RUN_AT</c>, <c>_EVERY</c> or <c>_RANDOM</c>, and <c>UPSTARE_RUN_STATS</c>, a file of
/// three 64-bit numbers (updates applied, refused, points reached) that all processes of the program map.
/// </summary>
public static class RunCommand
{
    private const int Usage = 1;
    private const int WrongProgram = 3;
    private const int CannotStart = 127;

    /// <summary>Runs the tool; returns the program's exit code, 1 or 3 where it is not started at all.</summary>
    public static int Run(string[] args)
    {
        int separator = Array.IndexOf(args, "--");
        using Parser parser = new(settings => settings.HelpWriter = null);
        ParserResult<RunOptions> parsed = parser.ParseArguments<RunOptions>(separator < 0 ? args : args[..separator]);
        if (parsed is not Parsed<RunOptions> { Value: RunOptions options })
        {
            return Help(parsed);
        }

        string[] patches = [.. options.Patches];
        string? wrong = patches.Length == 0 ? "no patch is given"
            : separator < 0 || separator + 1 == args.Length ? "no program is given: upstare-run PATCH... -- PROGRAM ARGS"
            : options.At <= 0 || options.Every <= 0 ? "--at and --every take a number above 0"
            : Array.Find(patches, p => Path.GetFullPath(p).Contains(':', StringComparison.Ordinal)) is string p ? $"a patch's path may not hold a ':': {p}"
            : null;
        if (wrong is not null)
        {
            Console.Error.WriteLine("upstare-run: " + wrong + " (upstare-run --help)");
            return Usage;
        }

        string[] command = args[(separator + 1)..];
        if (Mismatch(patches, command[0]) is string mismatch)
        {
            Console.Error.WriteLine("upstare-run: " + mismatch);
            return WrongProgram;
        }

        return Supervise(options, patches, command);
    }

    private static int Supervise(RunOptions options, string[] patches, string[] command)
    {
        string stats = Path.Combine(Path.GetTempPath(), "upstare-run-" + Guid.NewGuid().ToString("N"));
        try
        {
            FileStreamOptions mode = new()
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            };
            using (FileStream file = new(stats, mode))
            {
                file.Write(new byte[24]);
            }

            ProgramEnd? end = Supervisor.Run(command, Variables(options, patches, stats), out string error);
            if (end is null)
            {
                Console.Error.WriteLine($"upstare-run: cannot start {command[0]}: {error}");
                return CannotStart;
            }

            // The runtime locks it, and so do processes that the program has left behind.
            byte[] counts = new byte[24];
            UnlockedFile.Read(stats, counts);
            File.Delete(stats);
            long updates = BitConverter.ToInt64(counts, 0);
            long refused = BitConverter.ToInt64(counts, 8);
            long points = BitConverter.ToInt64(counts, 16);
            bool written = WriteJson(options.Json, updates, refused, points, end.Value);
            Console.Error.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"upstare-run: {updates} updates applied, {refused} refused, {points} update points reached"));
            return written ? Supervisor.EndAs(end.Value) : Usage;
        }
        catch (IOException e)
        {
            Console.Error.WriteLine("upstare-run: " + e.Message);
            return Usage;
        }
        finally
        {
            File.Delete(stats);
        }
    }

    private static Dictionary<string, string> Variables(RunOptions options, string[] patches, string stats)
    {
        Dictionary<string, string> variables = new()
        {
            ["UPSTARE_RUN_PATCHES"] = string.Join(':', patches.Select(Path.GetFullPath)),
            ["UPSTARE_RUN_STATS"] = stats,
        };
        (string name, string value) = options switch
        {
            { Every: long every } => ("UPSTARE_RUN_EVERY", every.ToString(CultureInfo.InvariantCulture)),
            { Random: ulong seed } => ("UPSTARE_RUN_RANDOM", seed.ToString(CultureInfo.InvariantCulture)),
            _ => ("UPSTARE_RUN_AT", (options.At ?? 1).ToString(CultureInfo.InvariantCulture)),
        };
        variables[name] = value;
        return variables;
    }

    /// <summary>Why these patches cannot be for this program; null if they can.</summary>
    private static string? Mismatch(string[] patches, string program)
    {
        string? path = Find(program);
        if (path is null)
        {
            return null; // starting it says why
        }

        string version;
        try
        {
            version = ElfFile.Read(path).BuildId();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            version = ""; // a script: what it starts cannot be looked at
        }

        HashSet<string> reached = [version];
        foreach (string patch in patches)
        {
            PatchFile file;
            try
            {
                file = PatchFile.Read(patch);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
            {
                return e.Message;
            }

            if (version.Length > 0 && !reached.Contains(file.From))
            {
                return $"{patch} is not for this version of {path}: it is for {file.Program} {file.From}, the program is {version}";
            }

            reached.Add(file.To);
        }

        return null;
    }

    private static string? Find(string program)
    {
        if (program.Contains('/', StringComparison.Ordinal))
        {
            return File.Exists(program) ? program : null;
        }

        foreach (string directory in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
        {
            string path = Path.Combine(directory.Length == 0 ? "." : directory, program);
            if (File.Exists(path))
            {
                return path;
            }
        }

        return null;
    }

    private static bool WriteJson(string? path, long updates, long refused, long points, ProgramEnd end)
    {
        if (path is null)
        {
            return true;
        }

        try
        {
            using FileStream file = File.Create(path);
            using Utf8JsonWriter json = new(file);
            json.WriteStartObject();
            json.WriteNumber("updates", updates);
            json.WriteNumber("refused", refused);
            json.WriteNumber("points", points);
            json.WriteNumber("exit_code", end.ExitCode);
            json.WriteNumber("signal", end.Signal);
            json.WriteEndObject();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine("upstare-run: " + e.Message);
            return false;
        }
    }

    private static int Help(ParserResult<RunOptions> parsed)
    {
        if (parsed.Errors.IsVersion())
        {
            Console.Out.WriteLine("upstare-run " + Program.Version);
            return 0;
        }

        HelpText text = HelpText.AutoBuild(parsed, h =>
        {
            h.Heading = "usage: upstare-run [--at N | --every N | --random SEED] [--json FILE] PATCH... -- PROGRAM ARGS";
            h.Copyright = "Runs a program and updates it at chosen update points; its output and exit status come through untouched.";
            h.AdditionalNewLineAfterOption = false;
            h.MaximumDisplayWidth = 120;
            return HelpText.DefaultParsingErrorsHandler(parsed, h);
        });
        bool help = parsed.Errors.IsHelp();
        (help ? Console.Out : Console.Error).WriteLine(text);
        return help ? 0 : Usage;
    }
}
