namespace UpStare.Host.Cc;

/// <summary>gcc 12's options as far as their form and their group matter here (gcc/c-family/c.opt, common.opt, gcc.cc).</summary>
internal static class OptionTable
{
    private static readonly HashSet<string> s_separate =
    [
        "-o", "-x", "-I", "-L", "-l", "-D", "-U", "-A", "-T", "-u", "-z", "-e", "-h", "-R", "-B", "-G", "-b", "-V",
        "-include", "-imacros", "-isystem", "-iquote", "-idirafter", "-iprefix", "-iwithprefix", "-iwithprefixbefore",
        "-isysroot", "-imultilib", "-imultiarch", "-MF", "-MT", "-MQ", "-Xlinker", "-Xassembler", "-Xpreprocessor",
        "-Tbss", "-Tdata", "-Ttext", "-specs", "--specs", "-param", "--param", "-aux-info", "-dumpbase", "-dumpbase-ext",
        "-dumpdir", "-wrapper", "--sysroot", "--entry", "--output", "--language", "--include", "--imacros",
        "--include-directory", "--define-macro", "--undefine-macro", "--for-linker", "--for-assembler", "--library-directory",
        "--prefix", "-auxbase", "-auxbase-strip",
    ];

    private static readonly HashSet<string> s_checks =
    [
        "address", "leak", "undefined", "shift", "shift-exponent", "shift-base", "integer-divide-by-zero", "unreachable", "vla-bound", "null", "return",
        "signed-integer-overflow", "bounds", "bounds-strict", "alignment", "object-size", "float-divide-by-zero", "float-cast-overflow",
        "nonnull-attribute", "returns-nonnull-attribute", "bool", "enum", "builtin", "pointer-overflow",
    ];

    /// <summary>Whether the option, written exactly so, takes the next word.</summary>
    public static bool TakesArgument(string word) => s_separate.Contains(word);

    /// <summary>The group of an option that is neither input nor mode.</summary>
    public static OptionKind Classify(string word)
    {
        if (word.Length < 2)
        {
            return OptionKind.Code;
        }

        switch (word[1])
        {
            case 'D' or 'U' or 'I' or 'A':
                return OptionKind.Preprocessor;
            case 'M':
                return OptionKind.Dependency;
            case 'u' when word == "-undef":
                return OptionKind.Preprocessor;
            case 'l' or 'L' or 'T' or 'u' or 'z' or 'e' or 'h' or 'R':
                return OptionKind.Linker;
            case 'W':
                return ClassifyW(word);
            case 'w' when word == "-w":
                return OptionKind.Warning;
            case 'X':
                return word switch
                {
                    "-Xlinker" => OptionKind.Linker,
                    "-Xpreprocessor" => OptionKind.Preprocessor,
                    _ => OptionKind.Code,
                };
            case 'Q' or 'H':
                return OptionKind.Auxiliary;
            case 'd':
                return OptionKind.Auxiliary;
            case 's' when word.StartsWith("-save-temps", StringComparison.Ordinal):
                return OptionKind.Auxiliary;
            case 's' when word is "-s" or "-static" or "-static-pie" or "-static-libgcc" or "-shared" or "-shared-libgcc":
                return OptionKind.Linker;
            case 'n' when word is "-nostdlib" or "-nostartfiles" or "-nodefaultlibs" or "-nolibc":
                return OptionKind.Linker;
            case 'n' when word is "-nostdinc" or "-no-canonical-prefixes":
                return OptionKind.Preprocessor;
            case 'r' when word is "-r" or "-rdynamic":
                return OptionKind.Linker;
            case 'i':
                return OptionKind.Preprocessor;
            case 't' when word is "-trigraphs" or "-traditional-cpp" or "-traditional":
                return OptionKind.Preprocessor;
            case 't' when word == "-time":
                return OptionKind.Auxiliary;
            case 'p' when word.StartsWith("-pedantic", StringComparison.Ordinal):
                return OptionKind.Warning;
            case 'a' when word == "-aux-info":
                return OptionKind.Auxiliary;
            case 'g' when word is "-gsplit-dwarf":
                return OptionKind.PlainOnly;
            case 'f':
                return ClassifyF(word);
            case '-':
                return ClassifyLong(word);
            default:
                return OptionKind.Code;
        }
    }

    /// <summary>
    /// Why code that is made under this option cannot be updated, or null. These options put calls into functions' ends or
    /// count on the flow of control that the user wrote.
    /// </summary>
    public static string? WhyPlain(string word)
    {
        if (word is "-m32" or "-mx32" or "-m16" or "-mcmodel=large" or "-mcmodel=kernel")
        {
            return "not the x86-64 small code model (" + word + ")";
        }

        if (word is "-pg" or "-p" or "--coverage" or "-coverage" or "-fprofile-arcs" or "-ftest-coverage" or "-fsplit-stack"
            or "-finstrument-functions" or "-fpatchable-function-entry" or "-fopenacc"
            || StartsWith(word, "-fprofile-generate") || StartsWith(word, "-fprofile-use")
            || StartsWith(word, "-mfunction-return=thunk") || StartsWith(word, "-fplugin="))
        {
            return "compiled with " + word;
        }

        return StartsWith(word, "-fsanitize=") && !OnlyChecks(word) ? "compiled with " + word : null;
    }

    /// <summary>Sanitizers that add checks to expressions, and to what stands on the stack; exits are assembly, and have none.</summary>
    private static bool OnlyChecks(string word)
    {
        string[] names = word["-fsanitize=".Length..].Split(',');
        return Array.TrueForAll(names, name => s_checks.Contains(name));
    }

    private static OptionKind ClassifyW(string word)
    {
        if (StartsWith(word, "-Wl,"))
        {
            return OptionKind.Linker;
        }

        if (StartsWith(word, "-Wa,"))
        {
            return OptionKind.Code;
        }

        return StartsWith(word, "-Wp,") ? OptionKind.Preprocessor : OptionKind.Warning;
    }

    private static OptionKind ClassifyF(string word)
    {
        if (word is "-flto" or "-fwhole-program" or "-fanalyzer" or "-ffat-lto-objects" or "-fno-fat-lto-objects"
            or "-fcompare-debug" or "-fpreprocessed" or "-fdirectives-only" or "-fasynchronous-unwind-tables"
            or "-fno-asynchronous-unwind-tables" or "-funwind-tables" or "-fno-unwind-tables"
            || StartsWith(word, "-flto=") || StartsWith(word, "-flto-") || StartsWith(word, "-fanalyzer-")
            || StartsWith(word, "-finput-charset=") || StartsWith(word, "-Wanalyzer"))
        {
            return OptionKind.PlainOnly;
        }

        if (word is "-fstack-usage" or "-ftime-report" or "-fmem-report" or "-fverbose-asm" || StartsWith(word, "-fdump-")
            || StartsWith(word, "-fcallgraph-info") || StartsWith(word, "-fopt-info") || StartsWith(word, "-fsave-optimization-record"))
        {
            return OptionKind.Auxiliary;
        }

        return OptionKind.Code;
    }

    private static OptionKind ClassifyLong(string word)
    {
        if (StartsWith(word, "--param") || StartsWith(word, "--std"))
        {
            return OptionKind.Code;
        }

        if (StartsWith(word, "--sysroot") || StartsWith(word, "--include") || StartsWith(word, "--define-macro")
            || StartsWith(word, "--undefine-macro") || StartsWith(word, "--imacros") || word is "--trigraphs")
        {
            return OptionKind.Preprocessor;
        }

        if (word is "--static" or "--shared" || StartsWith(word, "--entry") || StartsWith(word, "--library")
            || StartsWith(word, "--for-linker"))
        {
            return OptionKind.Linker;
        }

        return word is "--save-temps" ? OptionKind.Auxiliary : OptionKind.Code;
    }

    private static bool StartsWith(string word, string prefix) => word.StartsWith(prefix, StringComparison.Ordinal);
}
