namespace UpStare.Instrument;

/// <summary>Options of the real compiler that transformed text depends on, in programs and patches alike.</summary>
public static class CompilerFlags
{
    /// <summary>Whether code is compiled so that exceptions of other languages can pass through it.</summary>
    public static bool HasExceptions(IEnumerable<string> flags) =>
        flags.LastOrDefault(f => f is "-fexceptions" or "-fno-exceptions" or "-fnon-call-exceptions") is not (null or "-fno-exceptions");

    /// <summary>To be given after the user's own options.</summary>
    /// <param name="flags">These options: what they leave as it is needs no word of ours.</param>
    /// <remarks>
    /// -undef: a name that the first preprocessing left alone (after #undef linux, say) is not to be replaced by the second.
    /// -fno-partial-inlining: it makes cold exits functions of their own, and calls them while the stack is being unrolled.
    /// AddressSanitizer: frames do not go to the heap (asan-use-after-return), since records hold places on the stack; and nothing is
    /// called on the way from an exit to the return, which use-after-scope and asan-instrument-allocas do: what a call writes
    /// below the stack pointer are variables of the frames that have just been left.
    /// -Oz pushes constants and pops them, in exits too, where nothing may be pushed.
    /// </remarks>
    public static IReadOnlyList<string> Required(IEnumerable<string> flags)
    {
        bool pushes = flags.LastOrDefault(f => f.StartsWith("-O", StringComparison.Ordinal)) == "-Oz";
        bool watchesStack = flags.Any(f => f.StartsWith("-fsanitize=", StringComparison.Ordinal) && f.Contains("address", StringComparison.Ordinal));
        string[] ofAddress = watchesStack
            ? ["-fno-sanitize-address-use-after-scope", "--param=asan-use-after-return=0", "--param=asan-instrument-allocas=0"]
            : [];
        return ["-undef", "-nostdinc", "-fasynchronous-unwind-tables", "-fno-partial-inlining", .. pushes ? ["-Os"] : Array.Empty<string>(), .. ofAddress];
    }
}
