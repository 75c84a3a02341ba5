namespace UpStare.Host.Cc;

/// <summary>upstare-cc --dump=STAGE FILE.c ARGS: prints one stage of a source's way.</summary>
public static class DumpCommand
{
    /// <summary>Prints the stage. 0: printed, 1: usage, or the file stays plain (with the reason on standard error).</summary>
    public static int Run(Settings settings, string[] args)
    {
        string stage = args[0]["--dump=".Length..];
        Invocation invocation = ArgumentParser.Parse(ResponseFile.Expand(args[1..]));
        InputFile? input = invocation.Inputs.Find(i => i.Kind is InputKind.C or InputKind.PreprocessedC);
        if (stage is not ("preprocessed" or "model" or "plan" or "hot" or "clone") || input is null)
        {
            Console.Error.WriteLine("usage: upstare-cc --dump=preprocessed|model|plan|hot|clone FILE.c ARGS...");
            return 1;
        }

        using var workspace = new Workspace();
        string? reason = invocation.PlainReason;
        string? named = invocation.Mode == OutputMode.Link ? null : invocation.Output;
        Stages? stages = reason is null
            ? new UnitCompiler(settings, invocation, workspace).MakeStages(input, named, ref reason)
            : null;
        if (stages is null)
        {
            Console.Error.WriteLine("upstare-cc: " + input.Path + ": compiled plainly: " + reason);
            return 1;
        }

        using Stream output = Console.OpenStandardOutput();
        output.Write(stages.Get(stage));
        return 0;
    }
}
