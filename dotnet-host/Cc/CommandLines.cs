using UpStare.Instrument;

namespace UpStare.Host.Cc;

/// <summary>The command lines of the runs that one of the user's command lines becomes.</summary>
public sealed class CommandLines(Settings settings, Invocation invocation)
{
    /// <summary>
    /// The user's own compilation of one source, whose diagnostics, exit code and dependency file count.
    /// </summary>
    /// <param name="input">The source.</param>
    /// <param name="output">The object or assembly to write.</param>
    /// <param name="named">The output as the user (or gcc's default) names it; null where gcc would use a temporary (linking).</param>
    public List<string> Plain(InputFile input, string output, string? named)
    {
        List<string> args = [.. settings.Compiler];
        foreach (Option option in invocation.Options)
        {
            if (option.Kind is not (OptionKind.Mode or OptionKind.Input or OptionKind.Linker))
            {
                Add(args, option);
            }
        }

        // The linker's plug-in would take the code of such an object and leave what we keep in it (.upstare.units).
        if (invocation.Options.Exists(o => o.Word.StartsWith("-flto", StringComparison.Ordinal)))
        {
            args.Add("-fno-lto");
        }

        AddDependencyNames(args, input);
        if (invocation.HasAuxiliaryOutputs)
        {
            AddAuxiliaryNames(args, input, named);
        }

        args.Add(invocation.Mode == OutputMode.Assembly ? "-S" : "-c");
        AddInput(args, input);
        args.Add("-o");
        args.Add(output);
        return args;
    }

    /// <summary>
    /// The user's own compilation up to where the optimisers begin (gcc writes intermediate code for link-time optimisation
    /// there): a third of the time of all of it, and nearly all of its diagnostics.
    /// </summary>
    public List<string> Checking(InputFile input)
    {
        List<string> args = Plain(input, "/dev/null", null);
        args[args.LastIndexOf("-c")] = "-S";
        args.AddRange(["-g0", "-flto", "-fno-fat-lto-objects", "-flto-compression-level=0"]);
        return [.. args, .. invocation.Colours];
    }

    /// <summary>Preprocesses one source. Without a plain compilation beside it (-w) this run writes the dependency file.</summary>
    public List<string> Preprocess(InputFile input, string output, bool withDependencies)
    {
        List<string> args = [.. settings.Compiler];
        foreach (Option option in invocation.Options)
        {
            bool wanted = option.Kind switch
            {
                OptionKind.Code or OptionKind.Preprocessor or OptionKind.Warning or OptionKind.PlainOnly => true,
                OptionKind.Dependency => withDependencies,
                _ => false,
            };
            if (!wanted)
            {
                continue;
            }

            if (!withDependencies && option.Word.StartsWith("-Wp,", StringComparison.Ordinal))
            {
                AddWithoutDependencies(args, option.Word);
            }
            else
            {
                Add(args, option);
            }
        }

        if (withDependencies)
        {
            AddDependencyNames(args, input);
        }

        args.Add("-g0");
        args.Add("-w");
        args.Add("-E");
        AddInput(args, input);
        args.Add("-o");
        args.Add(output);
        return args;
    }

    /// <summary>Compiles transformed text, which has been preprocessed once and has only the prelude's macros left.</summary>
    /// <param name="text">The file with the text.</param>
    /// <param name="output">The object.</param>
    /// <param name="source">The user's source, named in debug information.</param>
    /// <param name="warn">Whether warnings of the optimisers are wanted.</param>
    public List<string> Transformed(string text, string output, string source, bool warn)
    {
        List<string> args = [.. settings.Compiler];
        foreach (Option option in invocation.Options)
        {
            if (option.Kind == OptionKind.Code)
            {
                Add(args, option);
            }
        }

        args.AddRange(CompilerFlags.Required([.. args]));
        if (invocation.HasDebug)
        {
            args.Add("-fdebug-prefix-map=" + text + "=" + source);
        }

        args.AddRange(["-c", "-x", "c", text, "-o", output]);
        return args;
    }

    /// <summary>The file that gcc writes dependencies to: the output's (or source's) name with .d for the suffix.</summary>
    public string DependencyFile(InputFile input)
    {
        if (invocation.Output is { } output)
        {
            return WithSuffix(output, ".d");
        }

        string file = WithSuffix(BaseName(input.Path), ".d");
        return invocation.Mode == OutputMode.Link ? "a-" + file : file;
    }

    /// <summary>The object that -save-temps leaves of a source that is linked at once.</summary>
    public string KeptObject(InputFile input) => AuxiliaryPrefix(null) + DefaultObject(input.Path, ".o");

    /// <summary>What gcc calls the object of a source where no -o names it.</summary>
    public static string DefaultObject(string source, string suffix) => WithSuffix(BaseName(source), suffix);

    /// <summary>The last component of a path.</summary>
    public static string BaseName(string path) => path[(path.LastIndexOf('/') + 1)..];

    /// <summary>Replaces the suffix (from the last dot of the last component) or appends one.</summary>
    public static string WithSuffix(string path, string suffix)
    {
        int dot = path.LastIndexOf('.');
        return (dot <= path.LastIndexOf('/') + 1 ? path : path[..dot]) + suffix;
    }

    private static void Add(List<string> args, Option option)
    {
        args.Add(option.Word);
        if (option.Argument is not null)
        {
            args.Add(option.Argument);
        }
    }

    private static void AddInput(List<string> args, InputFile input)
    {
        args.Add("-x");
        args.Add(input.Language ?? (input.Kind == InputKind.C ? "c" : input.Kind == InputKind.PreprocessedC ? "cpp-output" : "none"));
        args.Add(input.Path);
    }

    /// <summary>-MD and -MMD name file and target after the output; ours is another one.</summary>
    private void AddDependencyNames(List<string> args, InputFile input)
    {
        if (!invocation.WantsDependencies)
        {
            return;
        }

        if (!invocation.HasDependencyFile)
        {
            args.Add("-MF");
            args.Add(DependencyFile(input));
        }

        if (!invocation.HasDependencyTarget)
        {
            args.Add("-MQ");
            args.Add(invocation.Output ?? DefaultObject(input.Path, ".o"));
        }
    }

    /// <summary>-fstack-usage and the like name their files after the output, or after program and source when linking.</summary>
    private void AddAuxiliaryNames(List<string> args, InputFile input, string? named)
    {
        string source = BaseName(input.Path);
        int dot = source.LastIndexOf('.');
        string suffix = dot > 0 ? source[dot..] : "";
        string stem = named is null ? source : WithSuffix(BaseName(named), suffix);

        // Also where it is empty: without it the object's own directory, a temporary one, would count.
        args.AddRange(["-dumpdir", AuxiliaryPrefix(named), "-dumpbase", stem, "-dumpbase-ext", suffix]);
    }

    /// <summary>What the names of files beside the object begin with: a directory, when linking with the program's name.</summary>
    private string AuxiliaryPrefix(string? named)
    {
        string prefix = named is not null ? named[..(named.LastIndexOf('/') + 1)]
            : invocation.Output is { } program ? WithSuffix(program, "-") : "a-";
        return invocation.KeepsInWorkingDirectory ? BaseName(prefix) : prefix;
    }

    /// <summary>Keeps of -Wp,A,B what has nothing to do with dependencies.</summary>
    private static void AddWithoutDependencies(List<string> args, string word)
    {
        string[] parts = word.Split(',');
        string kept = parts[0];
        for (int i = 1; i < parts.Length; i++)
        {
            if (!parts[i].StartsWith("-M", StringComparison.Ordinal))
            {
                kept += "," + parts[i];
            }
            else if (parts[i] is "-MD" or "-MMD" or "-MF" or "-MT" or "-MQ")
            {
                i++;
            }
        }

        if (kept.Length > 3)
        {
            args.Add(kept);
        }
    }
}
