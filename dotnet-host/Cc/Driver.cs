using UpStare.Host.Posix;

namespace UpStare.Host.Cc;

/// <summary>Carries out a command line that compiles or links.</summary>
public sealed class Driver(Settings settings, Invocation invocation, Workspace workspace)
{
    /// <summary>Runs it and returns gcc's exit code.</summary>
    /// <param name="args">The user's words, @files expanded.</param>
    public int Run(string[] args)
    {
        var linker = new Linker(settings, invocation, workspace);
        if (invocation.CompilePlainly)
        {
            return linker.LinkAsWritten(args);
        }

        // gcc refuses this; its message is the one to show.
        if (invocation.Mode == OutputMode.Object && invocation.Output is not null && CountSources() > 1)
        {
            return Child.Exec([.. settings.Compiler, .. args]);
        }

        var objects = new Dictionary<int, string>();
        int worst = 0;
        foreach (InputFile input in invocation.Inputs)
        {
            int code = Compile(input, objects);
            worst = Math.Max(worst, code);
        }

        return worst != 0 || invocation.Mode != OutputMode.Link ? worst : linker.Link(objects);
    }

    private int Compile(InputFile input, Dictionary<int, string> objects)
    {
        bool links = invocation.Mode == OutputMode.Link;
        if (input.Kind is not (InputKind.C or InputKind.PreprocessedC))
        {
            return links || input.Kind == InputKind.Linker ? 0 : CompileOther(input);
        }

        string? named = links ? null : invocation.Output ?? CommandLines.DefaultObject(input.Path, ".o");
        if (named is not null && !Workspace.CanDeliver(named))
        {
            return Child.Run(new CommandLines(settings, invocation).Plain(input, named, named));
        }

        int code = new UnitCompiler(settings, invocation, workspace).Compile(input, named, out string? made);
        if (made is null)
        {
            return code;
        }

        if (links)
        {
            objects[input.Position] = made;
            if (invocation.KeepsObjects)
            {
                workspace.Deliver(made, new CommandLines(settings, invocation).KeptObject(input));
            }
        }
        else
        {
            workspace.Deliver(made, named!);
        }

        return code;
    }

    /// <summary>A source that is not C beside C sources in one -c command: as gcc would compile it alone.</summary>
    private int CompileOther(InputFile input)
    {
        List<string> args = [.. settings.Compiler];
        foreach (Option option in invocation.Options)
        {
            if (option.Kind is not (OptionKind.Mode or OptionKind.Input))
            {
                args.Add(option.Word);
                if (option.Argument is not null)
                {
                    args.Add(option.Argument);
                }
            }
        }

        args.AddRange(["-c", "-x", input.Language ?? "none", input.Path]);
        if (invocation.Output is not null)
        {
            args.AddRange(["-o", invocation.Output]);
        }

        return Child.Run(args);
    }

    private int CountSources()
    {
        int count = 0;
        foreach (InputFile input in invocation.Inputs)
        {
            count += input.Kind == InputKind.Linker ? 0 : 1;
        }

        return count;
    }
}
