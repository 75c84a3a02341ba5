using UpStare.Host.Posix;

namespace UpStare.Host.Cc;

/// <summary>Turns one C source into an object (or assembly).</summary>
public sealed class UnitCompiler(Settings settings, Invocation invocation, Workspace workspace)
{
    private readonly CommandLines _lines = new(settings, invocation);

    /// <summary>
    /// Compiles. The user's own compilation runs beside ours: its diagnostics are shown, its exit code counts, and its object
    /// is what comes out where the source cannot be transformed.
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

        // Without warnings there is nothing to diagnose: only what is wrong with the source itself, which shows as a failure.
        bool needsPlain = reason is not null || !invocation.NoWarnings || invocation.HasAuxiliaryOutputs;
        int diagnosing = needsPlain ? Child.Spawn(_lines.Plain(input, plain, named)) : 0;
        TransformJob? job = Preprocess(input, named, withDependencies: !needsPlain);
        string? transformed = null;
        if (reason is null)
        {
            transformed = job is null ? null : Transform(job, ref reason);
        }

        if (!needsPlain && transformed is null)
        {
            diagnosing = Child.Spawn(_lines.Plain(input, plain, named));
            needsPlain = true;
        }

        int code = needsPlain ? Finish(diagnosing) : 0;
        result = null;
        if (code == 0)
        {
            result = transformed ?? (job is null ? plain : PlainUnit.Mark(job, plain, reason!));
        }

        return code;
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

    /// <summary>Makes the transformed object, or returns null with the reason.</summary>
    private string? Transform(TransformJob job, ref string? reason)
    {
        InputFile input = job.Input;
        Stages? stages = Stages.Make(job, ref reason);
        if (stages is null)
        {
            return null;
        }

        string name = CommandLines.BaseName(input.Path);
        stages.Keep(settings, name);
        string file = workspace.Fresh(name);
        File.WriteAllBytes(file, stages.HotText);
        string output = CommandLines.WithSuffix(file, ".o");
        string errors = file + ".errors";
        if (Child.Wait(Child.Spawn(_lines.Transformed(file, output, input.Path), "/dev/null", errors, keepDependencyVariables: false)) != 0)
        {
            reason = "the compiler rejects the transformed text: " + FirstError(errors);
            settings.Log(input.Path + ": " + reason);
            return null;
        }

        return output;
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
