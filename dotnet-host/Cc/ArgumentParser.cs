namespace UpStare.Host.Cc;

/// <summary>Takes a gcc command line apart.</summary>
public static class ArgumentParser
{
    /// <summary>Parses words in which @file has been expanded already. Never fails: what gcc would refuse passes through.</summary>
    public static Invocation Parse(string[] args)
    {
        var result = new Invocation();
        string? language = null;
        OutputMode? mode = null;
        bool passthrough = false;
        for (int i = 0; i < args.Length; i++)
        {
            string word = args[i];
            if (word.Length < 2 || word[0] != '-')
            {
                if (word == "-")
                {
                    result.CompilePlainly = true;
                }

                AddInput(result, word, language);
                continue;
            }

            // An option at the end that lacks its argument: gcc tells.
            bool takesArgument = OptionTable.TakesArgument(word);
            string? argument = takesArgument && i + 1 < args.Length ? args[++i] : null;
            passthrough |= takesArgument && argument is null;
            switch (word)
            {
                case "-c" or "--compile":
                    mode = mode == OutputMode.Assembly ? mode : OutputMode.Object;
                    result.Options.Add(new Option(OptionKind.Mode, word, null));
                    continue;
                case "-S" or "--assemble":
                    mode = OutputMode.Assembly;
                    result.Options.Add(new Option(OptionKind.Mode, word, null));
                    continue;
                case "-o" or "--output":
                    result.Output = argument;
                    result.Options.Add(new Option(OptionKind.Mode, word, argument));
                    continue;
                case "-x" or "--language":
                    language = argument == "none" ? null : argument;
                    result.Options.Add(new Option(OptionKind.Mode, word, argument));
                    continue;
            }

            if (word.StartsWith("-x", StringComparison.Ordinal))
            {
                language = word == "-xnone" ? null : word[2..];
                result.Options.Add(new Option(OptionKind.Mode, word, null));
                continue;
            }

            if (word.StartsWith("-o", StringComparison.Ordinal))
            {
                result.Output = word[2..];
                result.Options.Add(new Option(OptionKind.Mode, word, null));
                continue;
            }

            if (word.StartsWith("--output=", StringComparison.Ordinal))
            {
                result.Output = word["--output=".Length..];
                result.Options.Add(new Option(OptionKind.Mode, word, null));
                continue;
            }

            passthrough |= PassesThrough(word);
            Note(result, word, argument);
            result.Options.Add(new Option(OptionTable.Classify(word), word, argument));
        }

        result.Mode = passthrough || result.Inputs.TrueForAll(input => input.Kind == InputKind.Header) ? OutputMode.Passthrough : mode ?? OutputMode.Link;
        return result;
    }

    private static bool PassesThrough(string word)
    {
        return word is "-E" or "-M" or "-MM" or "-###" or "--version" or "--help" or "-fsyntax-only" or "-dumpversion"
            or "-dumpmachine" or "-dumpspecs" or "-dumpfullversion" or "--target-help" or "--preprocess"
            || word.StartsWith("-print-", StringComparison.Ordinal) || word.StartsWith("--print-", StringComparison.Ordinal)
            || word.StartsWith("--help=", StringComparison.Ordinal);
    }

    private static void Note(Invocation result, string word, string? argument)
    {
        switch (word)
        {
            case "-w":
                result.NoWarnings = true;
                break;
            case "-MD" or "-MMD":
                result.WantsDependencies = true;
                break;
            case "-MT" or "-MQ":
                result.HasDependencyTarget = true;
                break;
            case "-MF":
                result.HasDependencyFile = true;
                break;
            case "-shared" or "--shared":
                result.IsShared = true;
                break;
            case "-static" or "--static" or "-static-pie":
                result.IsStatic = true;
                break;
            case "-r":
                result.IsRelocatable = true;
                break;
            case "-nostdlib" or "-nostartfiles" or "-nodefaultlibs" or "-nolibc":
                result.LacksLibraries = true;
                break;
            case "-v" or "-dumpdir" or "-dumpbase" or "-dumpbase-ext" or "-wrapper" or "-traditional" or "-traditional-cpp":
                result.CompilePlainly = true;
                break;
            case "-Xlinker" when argument?.StartsWith("--build-id", StringComparison.Ordinal) == true:
                result.HasBuildId = true;
                break;
            case "-Xlinker" when argument is "--gc-sections":
                result.CollectsSections = true;
                break;
            case "-Xlinker" when argument is not null && IsScript(argument):
                result.HasOwnLayout = true;
                break;
            case "-g0":
                result.HasDebug = false;
                break;
            default:
                if (word[1] == 'g')
                {
                    result.HasDebug = true;
                }
                else if (word.StartsWith("-fuse-ld=", StringComparison.Ordinal))
                {
                    result.UsesGold = word == "-fuse-ld=gold";
                    result.HasOwnLayout |= word != "-fuse-ld=bfd";
                }
                else if (word.StartsWith("-Wl,", StringComparison.Ordinal))
                {
                    NoteLinkerWords(result, word);
                }
                else if (IsScript(word))
                {
                    result.HasOwnLayout = true;
                }
                else if (word.StartsWith("-MF", StringComparison.Ordinal))
                {
                    result.HasDependencyFile = true;
                }
                else if (word.StartsWith("-MT", StringComparison.Ordinal) || word.StartsWith("-MQ", StringComparison.Ordinal))
                {
                    result.HasDependencyTarget = true;
                }

                break;
        }

        if (word.StartsWith("-save-temps", StringComparison.Ordinal) || word.StartsWith("--save-temps", StringComparison.Ordinal))
        {
            result.KeepsObjects = true;
            result.KeepsInWorkingDirectory = word.EndsWith("=cwd", StringComparison.Ordinal);
        }

        result.HasAuxiliaryOutputs |= OptionTable.Classify(word) == OptionKind.Auxiliary || word is "-gsplit-dwarf" or "--coverage"
            or "-ftest-coverage" or "-coverage" || word.StartsWith("-fprofile-", StringComparison.Ordinal) || word.StartsWith("-fauto-profile", StringComparison.Ordinal)
            || word.StartsWith("-fbranch-probabilities", StringComparison.Ordinal);
        result.PlainReason ??= OptionTable.WhyPlain(word);
        if (word is "-m64" && result.PlainReason?.StartsWith("not the x86-64", StringComparison.Ordinal) == true)
        {
            result.PlainReason = null;
        }
    }

    // -T FILE, -TFILE, and -Ttext=ADDRESS and its like.
    private static bool IsScript(string word) => word.StartsWith("-T", StringComparison.Ordinal) || word.StartsWith("--script", StringComparison.Ordinal);

    private static void NoteLinkerWords(Invocation result, string word)
    {
        foreach (string part in word.Split(','))
        {
            result.HasOwnLayout |= IsScript(part);
            if (part.StartsWith("--build-id", StringComparison.Ordinal) || part.StartsWith("-build-id", StringComparison.Ordinal))
            {
                result.HasBuildId = true;
            }
            else if (part is "-shared" or "--shared" or "-Bshareable")
            {
                result.IsShared = true;
            }
            else if (part is "-r" or "--relocatable")
            {
                result.IsRelocatable = true;
            }
            else if (part is "--gc-sections" or "-gc-sections" or "--no-gc-sections")
            {
                result.CollectsSections = part[2] != 'n';
            }
        }
    }

    private static void AddInput(Invocation result, string path, string? language)
    {
        result.Inputs.Add(new InputFile(path, KindOf(path, language), language, result.Options.Count));
        result.Options.Add(new Option(OptionKind.Input, path, null));
    }

    private static InputKind KindOf(string path, string? language)
    {
        if (language is not null)
        {
            return language switch
            {
                "c" => InputKind.C,
                "cpp-output" => InputKind.PreprocessedC,
                "c-header" or "c++-header" => InputKind.Header,
                _ => InputKind.OtherSource,
            };
        }

        int dot = path.LastIndexOf('.');
        string suffix = dot < 0 || path.IndexOf('/', dot) >= 0 ? "" : path[(dot + 1)..];
        return suffix switch
        {
            "c" => InputKind.C,
            "i" => InputKind.PreprocessedC,
            "h" or "H" or "hh" or "hp" or "hxx" or "hpp" or "HPP" or "h++" or "tcc" => InputKind.Header,
            "s" or "S" or "sx" or "C" or "cc" or "cp"
                or "cxx" or "cpp" or "CPP" or "c++" or "ii" or "m" or "mi" or "mm" or "M" or "mii" or "f" or "for" or "ftn" or "F"
                or "fpp" or "FPP" or "FOR" or "FTN" or "f90" or "f95" or "f03" or "f08" or "F90" or "F95" or "adb" or "ads" or "d"
                or "go" => InputKind.OtherSource,
            _ => InputKind.Linker,
        };
    }
}
