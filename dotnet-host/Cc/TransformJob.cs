using System.Text;
using UpStare.Frontend.Metadata;
using UpStare.Frontend.Parsing;
using UpStare.Instrument;

namespace UpStare.Host.Cc;

/// <summary>One source on its way to a transformed object.</summary>
/// <param name="Settings">The environment.</param>
/// <param name="Invocation">The command line.</param>
/// <param name="Workspace">Where intermediate files go.</param>
/// <param name="Input">The source.</param>
/// <param name="Named">The object as the user names it, or null when it is linked at once.</param>
/// <param name="TextFile">The preprocessed text.</param>
public sealed record TransformJob(
    Settings Settings, Invocation Invocation, Workspace Workspace, InputFile Input, string? Named, string TextFile)
{
    /// <summary>
    /// The unit's name in keys: the source as on the command line, with the object's where one source makes several objects
    /// (docs/architecture.md, "Names").
    /// </summary>
    public string UnitId
    {
        get
        {
            string source = Input.Path;
            if (Named is null)
            {
                return source;
            }

            string stem = CommandLines.WithSuffix(CommandLines.BaseName(source), "");
            string made = CommandLines.BaseName(Named);
            return CommandLines.WithSuffix(made, "") == stem ? source : source + "@" + made;
        }
    }

    /// <summary>Eight hex digits of a hash of directory and unit (FNV-1a): what makes symbols of static functions unique.</summary>
    public string SymbolHash
    {
        get
        {
            uint hash = 2166136261;
            foreach (byte b in Encoding.UTF8.GetBytes(Environment.CurrentDirectory + "\n" + UnitId))
            {
                hash = (hash ^ b) * 16777619;
            }

            return hash.ToString("x8");
        }
    }

    /// <summary>Functions that have to stay plain, with the reason: what the compiler has rejected so far.</summary>
    public Dictionary<string, string> Pinned { get; } = [];

    /// <summary>What the parser must know of the command line.</summary>
    public ParseOptions ParseOptions() => Frontend.Parsing.ParseOptions.Of(CodeFlags());

    /// <summary>What the object keeps about its unit.</summary>
    /// <param name="text">The preprocessed text.</param>
    /// <param name="plainReason">Why the unit is compiled plainly, or null.</param>
    public UnitMetadata Metadata(byte[] text, string? plainReason) => new()
    {
        UnitId = UnitId,
        SourceFile = Input.Path,
        Directory = Environment.CurrentDirectory,
        SymbolHash = SymbolHash,
        Flags = [.. CodeFlags(), .. LinkTimeFlags()],
        Points = Settings.AllPoints ? "all" : "default",
        ToolVersion = Program.Version,
        PlainReason = plainReason,
        Pinned = Pinned,
        Text = text,
    };

    /// <summary>How the unit is to be instrumented.</summary>
    /// <param name="units">The file with <see cref="Metadata"/>.</param>
    /// <param name="hasClones">Resume clones are wanted too.</param>
    public InstrumentOptions InstrumentOptions(string units, bool hasClones = false) => new()
    {
        UnitId = UnitId,
        SymbolHash = SymbolHash,
        Points = Settings.AllPoints ? PointsPolicy.All : PointsPolicy.Default,
        Checks = Settings.Checks,
        IsShareable = CodeFlags().FindLast(IsCodeModel) is "-fPIC" or "-fpic",
        Pinned = Pinned,
        HasExceptions = CompilerFlags.HasExceptions(CodeFlags()),
        HasClones = hasClones,
        UnitsFile = units,
    };

    /// <summary>The options that affect code, as words: what a patch of this unit is compiled with too.</summary>
    public List<string> CodeFlags()
    {
        var flags = new List<string>();
        foreach (Option option in Invocation.Options)
        {
            if (option.Kind == OptionKind.Code)
            {
                flags.Add(option.Word);
                if (option.Argument is not null)
                {
                    flags.Add(option.Argument);
                }
            }
        }

        return flags;
    }

    private static bool IsCodeModel(string flag) => flag is "-fPIC" or "-fpic" or "-fPIE" or "-fpie" or "-fno-pic" or "-fno-PIC" or "-fno-pie" or "-fno-PIE";

    /// <summary>Not used for transformed objects, nor for patches (-fno-lto follows): kept for the report.</summary>
    private IEnumerable<string> LinkTimeFlags() =>
        Invocation.Options.Where(o => o.Word.StartsWith("-flto", StringComparison.Ordinal)).Select(o => o.Word);
}
