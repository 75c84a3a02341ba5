namespace UpStare.Host.Cc;

/// <summary>What the real compiler is asked to make.</summary>
public enum OutputMode
{
    /// <summary>No input, or -E, -M, -print-... : the real compiler is called as it stands.</summary>
    Passthrough,

    /// <summary>-S.</summary>
    Assembly,

    /// <summary>-c.</summary>
    Object,

    /// <summary>An executable, shared object or (-r) merged object.</summary>
    Link,
}

/// <summary>How an input is treated.</summary>
public enum InputKind
{
    /// <summary>C source.</summary>
    C,

    /// <summary>C that has been preprocessed (.i).</summary>
    PreprocessedC,

    /// <summary>Another language that the real compiler compiles (C++, assembler ...).</summary>
    OtherSource,

    /// <summary>A header to be precompiled; nothing is linked where there are only such.</summary>
    Header,

    /// <summary>An object, archive or linker script.</summary>
    Linker,
}

/// <summary>One input file of the command line.</summary>
/// <param name="Path">As written.</param>
/// <param name="Kind">How it is treated.</param>
/// <param name="Language">The -x language in force, or null.</param>
/// <param name="Position">Its place in <see cref="Invocation.Options"/>.</param>
public sealed record InputFile(string Path, InputKind Kind, string? Language, int Position);

/// <summary>The groups that options fall into; each compiler run takes some of them.</summary>
public enum OptionKind
{
    /// <summary>Affects code, or is not known: given to each compilation.</summary>
    Code,

    /// <summary>-D, -U, -I, -include ...: only where text is preprocessed.</summary>
    Preprocessor,

    /// <summary>-M...</summary>
    Dependency,

    /// <summary>-W..., -w, -pedantic: given where diagnostics are wanted.</summary>
    Warning,

    /// <summary>-l, -L, -Wl, ...</summary>
    Linker,

    /// <summary>Outputs beside the object (-save-temps, -fstack-usage, -fdump-...): only in the user's own compilation.</summary>
    Auxiliary,

    /// <summary>-flto and others that the transformed compilation cannot use.</summary>
    PlainOnly,

    /// <summary>-c, -S, -o FILE, -x LANGUAGE: written anew for each run.</summary>
    Mode,

    /// <summary>An input file.</summary>
    Input,
}

/// <summary>One option with its arguments as separate words.</summary>
/// <param name="Kind">Its group.</param>
/// <param name="Word">The first word.</param>
/// <param name="Argument">The second word, for options that take one, else null.</param>
public readonly record struct Option(OptionKind Kind, string Word, string? Argument);

/// <summary>A command line of gcc, taken apart.</summary>
public sealed class Invocation
{
    public OutputMode Mode { get; set; } = OutputMode.Link;

    /// <summary>All words in order, inputs included.</summary>
    public List<Option> Options { get; } = [];

    public List<InputFile> Inputs { get; } = [];

    /// <summary>-o, or null.</summary>
    public string? Output { get; set; }

    /// <summary>-w</summary>
    public bool NoWarnings { get; set; }

    /// <summary>-MD, -MMD (not through -Wp,).</summary>
    public bool WantsDependencies { get; set; }

    public bool HasDependencyFile { get; set; }

    public bool HasDependencyTarget { get; set; }

    /// <summary>Outputs are asked for beside the object, which gcc names after it.</summary>
    public bool HasAuxiliaryOutputs { get; set; }

    /// <summary>-save-temps: objects stay that are otherwise linked and forgotten.</summary>
    public bool KeepsObjects { get; set; }

    /// <summary>-save-temps=cwd: what is kept is kept here, not beside the output.</summary>
    public bool KeepsInWorkingDirectory { get; set; }

    public bool IsShared { get; set; }

    public bool IsStatic { get; set; }

    /// <summary>-r</summary>
    public bool IsRelocatable { get; set; }

    /// <summary>-fuse-ld=gold</summary>
    public bool UsesGold { get; set; }

    /// <summary>-T, or a linker that is not ld.bfd: sections stand where the user wants them.</summary>
    public bool HasOwnLayout { get; set; }

    /// <summary>-Wl,--gc-sections</summary>
    public bool CollectsSections { get; set; }

    /// <summary>-nostdlib, -nostartfiles or -nodefaultlibs.</summary>
    public bool LacksLibraries { get; set; }

    /// <summary>A --build-id is asked for or refused on the command line.</summary>
    public bool HasBuildId { get; set; }

    /// <summary>Reads standard input, shows its commands, or uses naming options: the compilation is the real compiler's.</summary>
    public bool CompilePlainly { get; set; }

    /// <summary>What a run of gcc is given whose messages are kept before they are shown: colours where gcc itself would have seen a terminal.</summary>
    public string[] Colours => Console.IsErrorRedirected || Options.Exists(o => o.Word.StartsWith("-fdiagnostics", StringComparison.Ordinal)
        || o.Word.StartsWith("-fno-diagnostics", StringComparison.Ordinal)) ? [] : ["-fdiagnostics-color=always"];

    /// <summary>Debug information is asked for.</summary>
    public bool HasDebug { get; set; }

    /// <summary>Why C inputs of this command line cannot be transformed (an option), or null.</summary>
    public string? PlainReason { get; set; }
}
