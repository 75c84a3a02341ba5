using UpStare.Host.Posix;
using UpStare.Instrument;

namespace UpStare.Host.Cc;

/// <summary>Turns one C source into an object (or assembly).</summary>
public sealed class UnitCompiler(Settings settings, Invocation invocation, Workspace workspace)
{
    private readonly CommandLines _lines = new(settings, invocation);

    /// <summary>
    /// Compiles. Of the user's own compilation as much runs beside ours as is needed: its diagnostics are shown, its exit code
    /// counts, and its object is what comes out where the source cannot be transformed.
    /// </summary>
    /// <param name="input">The source.</param>
    /// <param name="named">Where the user wants the object, or null when it is linked at once and goes away.</param>
    /// <param name="result">The finished object in the workspace; null if there is none.</param>
    /// <returns>gcc's exit code.</returns>
    public int Compile(InputFile input, string? named, out string? result)
    {
        string suffix = invocation.Mode == OutputMode.Assembly ? ".s" : ".o";
        string plain = workspace.Fresh(CommandLines.DefaultObject(input.Path, suffix));
        string? reason = invocation.PlainReason;
        if (invocation.CompilePlainly || invocation.Mode == OutputMode.Assembly)
        {
            result = plain;
            return Child.Run(_lines.Plain(input, plain, named));
        }

        // Without warnings there is nothing to check: only what is wrong with the source itself, which shows as a failure.
        bool needsPlain = reason is not null || invocation.HasAuxiliaryOutputs
            || invocation.Options.Exists(o => o.Word.StartsWith("-fdiagnostics-format", StringComparison.Ordinal));
        bool checks = !needsPlain && !invocation.NoWarnings;
        string diagnostics = plain + ".errors";
        int beside = needsPlain ? Child.Spawn(_lines.Plain(input, plain, named))
            : checks ? Child.Spawn(_lines.Checking(input), null, diagnostics) : 0;
        int? found = null;
        bool isWrong() => checks && (found ??= Child.Wait(beside)) != 0;
        TransformJob? job = Preprocess(input, named, withDependencies: !needsPlain && !checks);
        string? transformed = null;
        bool warned = false;
        if (reason is null)
        {
            transformed = job is null ? null : Transform(job, checks, isWrong, ref reason, out warned);
        }

        int code = needsPlain ? Finish(beside) : 0;
        if (checks && !isWrong() && transformed is not null && !warned)
        {
            Show(diagnostics);
        }
        else if (!needsPlain && (checks || transformed is null))
        {
            needsPlain = true;
            code = Child.Run(_lines.Plain(input, plain, named));
        }

        result = code == 0 ? transformed ?? (job is null ? plain : PlainUnit.Mark(job, plain, reason!)) : null;
        return code;
    }

    private static void Show(string diagnostics)
    {
        byte[] text = File.ReadAllBytes(diagnostics);
        if (text.Length > 0)
        {
            using Stream stream = Console.OpenStandardError();
            stream.Write(text);
        }
    }

    /// <summary>Preprocesses and transforms the text; null, with the reason, where the file has to stay plain.</summary>
    public Stages? MakeStages(InputFile input, string? named, ref string? reason)
    {
        TransformJob? job = Preprocess(input, named, withDependencies: false);
        reason = job is null ? "the preprocessor failed" : null;
        return job is null ? null : Stages.Make(job, ref reason);
    }

    private int Finish(int pid)
    {
        if (pid < 0)
        {
            Console.Error.WriteLine("upstare-cc: " + settings.Compiler[0] + ": " + Child.Error(-pid));
        }

        return Child.Wait(pid);
    }

    /// <summary>Makes the preprocessed text; null where the preprocessor fails.</summary>
    private TransformJob? Preprocess(InputFile input, string? named, bool withDependencies)
    {
        string text = input.Path;
        if (input.Kind == InputKind.C)
        {
            text = workspace.Fresh(CommandLines.WithSuffix(CommandLines.BaseName(input.Path), ".i"));
            List<string> line = _lines.Preprocess(input, text, withDependencies);
            if (Child.Wait(Child.Spawn(line, "/dev/null", "/dev/null", withDependencies)) != 0)
            {
                return null;
            }
        }

        return new TransformJob(settings, invocation, workspace, input, named, text);
    }

    /// <summary>
    /// How often functions are pinned for what the compiler rejects: it has three stages (parser, optimisers, operands of asm
    /// statements) that each tell of all of theirs at once.
    /// </summary>
    private const int MostRejections = 3;

    /// <summary>Makes the transformed object, or returns null with the reason.</summary>
    /// <param name="job">The source.</param>
    /// <param name="warn">Whether warnings are wanted.</param>
    /// <param name="isWrong">Whether the compiler rejects the source itself, as far as that is known: then no function is to blame.</param>
    /// <param name="reason">Why there is no object.</param>
    /// <param name="warned">Whether there were warnings.</param>
    private string? Transform(TransformJob job, bool warn, Func<bool> isWrong, ref string? reason, out bool warned)
    {
        warned = false;
        InputFile input = job.Input;
        string name = CommandLines.BaseName(input.Path);
        for (int rejections = 0; ; rejections++)
        {
            Stages? stages = Stages.Make(job, ref reason);
            if (stages is null)
            {
                return null;
            }

            stages.Keep(settings, name);
            string file = workspace.Fresh(name);
            File.WriteAllBytes(file, stages.HotText);
            string output = CommandLines.WithSuffix(file, ".o");
            string errors = file + ".errors";
            if (Child.Wait(Child.Spawn(_lines.Transformed(file, output, input.Path, warn), "/dev/null", errors, keepDependencyVariables: false)) == 0)
            {
                warned = warn && File.ReadAllText(errors, System.Text.Encoding.Latin1).Contains("warning: ", StringComparison.Ordinal);
                return output;
            }

            Dictionary<string, string> rejected = Rejections.Find(stages.Plan, File.ReadAllText(errors));
            if (rejections == MostRejections || rejected.Count == 0 || isWrong())
            {
                reason = "the compiler rejects the transformed text: " + FirstError(errors);
                settings.Log(input.Path + ": " + reason);
                return null;
            }

            foreach ((string function, string why) in rejected)
            {
                job.Pinned[function] = why;
                settings.Log($"{input.Path}: {function} stays plain: {why}");
            }
        }
    }

    private static string FirstError(string file)
    {
        string first = "";
        foreach (string line in File.ReadLines(file))
        {
            if (line.Contains("error:", StringComparison.Ordinal))
            {
                return line;
            }

            first = first.Length == 0 ? line : first;
        }

        return first;
    }
}
