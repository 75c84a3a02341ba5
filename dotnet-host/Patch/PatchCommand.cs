using System.Text;
using UpStare.Host.Cc;
using UpStare.Patcher;
using UpStare.Patcher.Report;

namespace UpStare.Host.Patch;

/// <summary>upstare-patch.</summary>
public static class PatchCommand
{
    private const string Usage = """
        usage: upstare-patch OLD NEW -o patch.so [options]

        Makes the patch that updates a running OLD to NEW. Both are executables built with upstare-cc, or trees that contain them.

          -o FILE          the patch
          --program NAME   which program of the trees
          --build CMD      builds a tree that holds no program yet (default: make CC=upstare-cc)
          --emit DIR       write the patch's C source, with places marked for you
          --with DIR       build with the files of DIR as you edited them
          --report FILE    write the report as a page (HTML)
          --json           the report as JSON on standard output
          --strict         make no patch where anything is assumed
          --force          make the patch although it needs your input

        Exit codes: 0 made, 1 usage, 2 needs user input (nothing written), 3 inputs cannot be read or are not updateable.

        """;

    /// <summary>Runs the tool and returns its exit code.</summary>
    public static int Run(string[] args)
    {
        if (args is ["--help"] or ["-h"])
        {
            Console.Write(Usage);
            return 0;
        }

        if (args is ["--version"])
        {
            Console.WriteLine("upstare-patch " + Program.Version);
            return 0;
        }

        try
        {
            return Run(Options.Parse(args));
        }
        catch (PatchException e)
        {
            Console.Error.WriteLine("upstare-patch: " + e.Message);
            return (int)e.Error;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            Console.Error.WriteLine("upstare-patch: " + e.Message);
            return (int)PatchError.BadInput;
        }
    }

    private static int Run(Options options)
    {
        PatchResult result = PatchMaker.Make(options.Request);
        if (options.Json)
        {
            using Stream output = Console.OpenStandardOutput();
            JsonReport.Write(result.Plan, result.IsWritten ? options.Request.Output : null, output);
            output.Write("\n"u8);
        }
        else
        {
            bool colours = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("NO_COLOR") is null or "";
            TextReport.Write(result.Plan, Console.Out, colours);
            if (result.IsWritten)
            {
                Console.WriteLine("made " + options.Request.Output);
            }
        }

        if (options.Report is not null)
        {
            File.WriteAllText(options.Report, HtmlReport.Make(result.Plan), new UTF8Encoding(false));
        }

        if (result.Refusal is not null)
        {
            Console.Error.WriteLine("upstare-patch: " + result.Refusal);
            return (int)PatchError.NeedsUser;
        }

        return 0;
    }

    private sealed class Options
    {
        public required PatchRequest Request { get; init; }

        public string? Report { get; private set; }

        public bool Json { get; private set; }

        public static Options Parse(string[] args)
        {
            var paths = new List<string>();
            var values = new Dictionary<string, string>(StringComparer.Ordinal);
            var switches = new HashSet<string>(StringComparer.Ordinal);
            for (int i = 0; i < args.Length; i++)
            {
                string word = args[i];
                int equals = word.StartsWith("--", StringComparison.Ordinal) ? word.IndexOf('=', StringComparison.Ordinal) : -1;
                string name = equals > 0 ? word[..equals] : word;
                switch (name)
                {
                    case "-o" or "--output" or "--program" or "--build" or "--emit" or "--with" or "--report":
                        if (equals < 0 && i + 1 >= args.Length)
                        {
                            throw new PatchException(PatchError.Usage, name + " needs an argument");
                        }

                        values[name == "--output" ? "-o" : name] = equals > 0 ? word[(equals + 1)..] : args[++i];
                        break;
                    case "--json" or "--strict" or "--force":
                        switches.Add(name);
                        break;
                    default:
                        if (word.Length > 1 && word[0] == '-')
                        {
                            throw new PatchException(PatchError.Usage, "unknown option " + word + "\n" + Usage.TrimEnd());
                        }

                        paths.Add(word);
                        break;
                }
            }

            if (paths.Count != 2 || !(values.ContainsKey("-o") || values.ContainsKey("--emit") || values.ContainsKey("--report") || switches.Contains("--json")))
            {
                throw new PatchException(PatchError.Usage, Usage.TrimEnd());
            }

            if (values.TryGetValue("--with", out string? with) && !Directory.Exists(with))
            {
                throw new PatchException(PatchError.Usage, with + ": no such directory");
            }

            return new Options
            {
                Request = new PatchRequest
                {
                    Old = paths[0],
                    New = paths[1],
                    Output = values.GetValueOrDefault("-o"),
                    Program = values.GetValueOrDefault("--program"),
                    Build = values.GetValueOrDefault("--build", "make CC=upstare-cc"),
                    Emit = values.GetValueOrDefault("--emit"),
                    With = with,
                    Strict = switches.Contains("--strict"),
                    Force = switches.Contains("--force"),
                    Compiler = Settings.FromEnvironment().Compiler,
                },
                Report = values.GetValueOrDefault("--report"),
                Json = switches.Contains("--json"),
            };
        }
    }
}
