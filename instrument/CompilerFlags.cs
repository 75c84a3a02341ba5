namespace UpStare.Instrument;

/// <summary>Options of the real compiler that transformed text depends on, in programs and patches alike.</summary>
public static class CompilerFlags
{
    /// <summary>To be given after the user's own options.</summary>
    /// <remarks>
    /// -undef: a name that the first preprocessing left alone (after #undef linux, say) is not to be replaced by the second.
    /// -fno-partial-inlining: it makes cold exits functions of their own, and calls them while the stack is being unrolled.
    /// </remarks>
    public static IReadOnlyList<string> Required { get; } =
        ["-w", "-undef", "-nostdinc", "-fasynchronous-unwind-tables", "-fno-partial-inlining"];
}
