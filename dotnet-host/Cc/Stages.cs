using System.Text;
using UpStare.Frontend.Model;
using UpStare.Frontend.Parsing;
using UpStare.Instrument;

namespace UpStare.Host.Cc;

/// <summary>The texts that one source goes through.</summary>
public sealed class Stages
{
    // Recursion follows the nesting of the source; generated code nests deeply. Pages are only touched when used.
    private const int StackSize = 512 << 20;

    public required byte[] Preprocessed { get; init; }

    public required UnitPlan Plan { get; init; }

    public required byte[] HotText { get; init; }

    /// <summary>The resume clones that a patch would have; made only where somebody looks at them.</summary>
    public byte[] CloneText => _clones?.Invoke() ?? [];

    private Func<byte[]>? _clones;

    /// <summary>Parses, plans and transforms. Null, with the reason, where the file has to stay plain.</summary>
    /// <param name="job">What to transform.</param>
    /// <param name="reason">Why it stays plain.</param>
    public static Stages? Make(TransformJob job, ref string? reason)
    {
        Stages? result = null;
        string? why = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    result = MakeHere(job, ref why);
                }
                catch (Exception e) when (e is not OutOfMemoryException)
                {
                    // Whatever goes wrong in here must not stop a build that gcc can do.
                    why = "internal error: " + e.GetType().Name + ": " + e.Message;
                    job.Settings.Log(job.Input.Path + ": " + e);
                }
            },
            StackSize);
        thread.Start();
        thread.Join();
        reason ??= why;
        return result;
    }

    /// <summary>The text of a stage by its name in --dump.</summary>
    public byte[] Get(string stage) => stage switch
    {
        "preprocessed" => Preprocessed,
        "model" => Encoding.Latin1.GetBytes(ModelDumper.Dump(Plan.Unit)),
        "plan" => Encoding.Latin1.GetBytes(PlanText.Of(Plan)),
        "hot" => HotText,
        "clone" => CloneText,
        _ => [],
    };

    /// <summary>Copies the texts to the directory that UPSTARE_KEEP names.</summary>
    public void Keep(Settings settings, string name)
    {
        if (settings.KeepDirectory is null)
        {
            return;
        }

        string stem = Path.Combine(settings.KeepDirectory, CommandLines.WithSuffix(name, ""));
        Directory.CreateDirectory(settings.KeepDirectory);
        File.WriteAllBytes(stem + ".i", Preprocessed);
        File.WriteAllBytes(stem + ".hot.c", HotText);
        File.WriteAllBytes(stem + ".clone.c", CloneText);
    }

    private static Stages? MakeHere(TransformJob job, ref string? reason)
    {
        byte[] preprocessed = File.ReadAllBytes(job.TextFile);
        TranslationUnit unit = SourceParser.Parse(preprocessed, job.Input.Path, job.ParseOptions());
        if (unit.Errors.Count > 0)
        {
            reason = "not understood: " + unit.Errors[0];
            return null;
        }

        string units = job.Workspace.Fresh("units");
        File.WriteAllBytes(units, job.Metadata(preprocessed, job.Settings.StageReason).Encode());
        UnitPlan plan = Planner.Plan(unit, job.InstrumentOptions(units));
        InstrumentResult made = Instrumenter.Transform(plan);
        return new Stages
        {
            Preprocessed = preprocessed,
            Plan = plan,
            HotText = made.HotText,
            _clones = () => Instrumenter.Transform(Planner.Plan(unit, job.InstrumentOptions(units, hasClones: true))).CloneText,
        };
    }
}
