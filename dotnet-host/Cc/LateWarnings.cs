namespace UpStare.Host.Cc;

/// <summary>
/// Warnings of gcc's optimisers, which the checking run (<see cref="CommandLines.Checking"/>) stops short of. They are asked of
/// the transformed compilation: where it has one, the user's own compilation runs in full and says what there is to say.
/// </summary>
internal static class LateWarnings
{
    private static readonly string[] s_late =
    [
        "aggressive-loop-optimizations", "alloc-size-larger-than", "alloc-zero", "alloca", "alloca-larger-than",
        "array-bounds", "dangling-pointer", "disabled-optimization", "format-overflow", "format-truncation",
        "frame-larger-than", "free-nonheap-object", "infinite-recursion", "inline", "invalid-memory-model", "larger-than",
        "maybe-uninitialized", "mismatched-dealloc", "missing-noreturn", "null-dereference", "restrict",
        "return-local-addr", "stack-protector", "stack-usage", "strict-overflow", "stringop-overflow", "stringop-overread",
        "stringop-truncation", "suggest-attribute", "trampolines", "tsan", "uninitialized", "unsafe-loop-optimizations",
        "use-after-free", "vector-operation-performance", "vla-larger-than", "zero-length-bounds",
    ];

    /// <summary>What gcc's front end warns of by itself or under -Wall -Wextra: the checking run has said it.</summary>
    private static readonly string[] s_early =
    [
        "absolute-value", "address", "address-of-packed-member", "array-compare", "attribute-warning", "attributes",
        "bool-compare", "bool-operation", "builtin-declaration-mismatch", "builtin-macro-redefined", "cast-function-type",
        "char-subscripts", "clobbered", "comment", "cpp", "dangling-else", "deprecated", "deprecated-declarations",
        "designated-init", "discarded-array-qualifiers", "discarded-qualifiers", "div-by-zero", "duplicate-decl-specifier",
        "empty-body", "endif-labels", "enum-compare", "enum-conversion", "expansion-to-defined", "format-contains-nul",
        "format-diag", "format-extra-args", "format-security", "format-zero-length", "frame-address", "if-not-aligned",
        "ignored-attributes", "ignored-qualifiers", "implicit", "implicit-fallthrough", "implicit-function-declaration",
        "implicit-int", "incompatible-pointer-types", "int-conversion", "int-in-bool-context", "int-to-pointer-cast",
        "logical-not-parentheses", "main", "memset-elt-size", "memset-transposed-args", "misleading-indentation",
        "missing-attributes", "missing-braces", "missing-field-initializers", "missing-parameter-type",
        "multistatement-macros", "nonnull", "nonnull-compare", "old-style-declaration", "openmp-simd", "overflow",
        "override-init", "packed-not-aligned", "parentheses", "pointer-compare", "pointer-sign", "pointer-to-int-cast",
        "pragmas", "psabi", "return-type", "scalar-storage-order", "sequence-point", "shift-count-negative",
        "shift-count-overflow", "shift-negative-value", "shift-overflow", "sign-compare", "sizeof-array-argument",
        "sizeof-array-div", "sizeof-pointer-div", "sizeof-pointer-memaccess", "string-compare", "switch", "switch-bool",
        "switch-outside-range", "switch-unreachable", "sync-nand", "tautological-compare", "trigraphs", "type-limits",
        "unknown-pragmas", "unused", "unused-but-set-parameter", "unused-but-set-variable", "unused-const-variable",
        "unused-function", "unused-label", "unused-local-typedefs", "unused-parameter", "unused-result", "unused-value",
        "unused-variable", "varargs", "vla-parameter", "volatile-register-var",
    ];

    /// <summary>The options for the transformed compilation.</summary>
    public static List<string> Options(Invocation invocation)
    {
        var options = new List<string>();
        foreach (Option option in invocation.Options)
        {
            if (option.Kind == OptionKind.Warning && (option.Word is "-Wall" or "-Wextra" or "-W" || IsLate(option.Word)))
            {
                options.Add(option.Word);
            }
        }

        foreach (string name in s_early)
        {
            options.Add("-Wno-" + name);
        }

        return options;
    }

    private static bool IsLate(string word)
    {
        string name = word.StartsWith("-Wno-", StringComparison.Ordinal) ? word[5..] : word[2..];
        int value = name.IndexOf('=');
        return Array.IndexOf(s_late, value < 0 ? name : name[..value]) >= 0
            || (value < 0 ? name : name[..value]) is "format";
    }
}
