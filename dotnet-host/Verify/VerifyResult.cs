namespace UpStare.Host.Verify;

/// <summary>Something that the mechanism does not allow.</summary>
/// <param name="Function">Where.</param>
/// <param name="Address">The instruction.</param>
/// <param name="Reason">What is wrong.</param>
public readonly record struct Violation(string Function, ulong Address, string Reason);

/// <summary>What the instrumentation put into one function.</summary>
public sealed class FunctionCost
{
    public required string Name { get; init; }

    public required string File { get; init; }

    public required uint Line { get; init; }

    /// <summary>Checks in hot code, inlined copies included.</summary>
    public int Checks { get; set; }

    /// <summary>Their bytes in hot code (cmpb and jne).</summary>
    public int CheckBytes { get; set; }

    /// <summary>Bytes of the cold exits of hot code.</summary>
    public int ExitBytes { get; set; }

    /// <summary>Exits that the compiler left between hot instructions (-O0, -O1).</summary>
    public int InlineExits { get; set; }

    /// <summary>Bytes of the resume clone, 0 where symbols are missing.</summary>
    public long CloneBytes { get; set; }
}

/// <summary>The outcome of a verification.</summary>
public sealed class VerifyResult
{
    public List<Violation> Violations { get; } = [];

    public List<FunctionCost> Functions { get; } = [];

    public int Checks { get; set; }

    public int Exits { get; set; }

    public int Stubs { get; set; }

    public int CallsChecked { get; set; }

    /// <summary>Calls in instrumented functions without a check after them: the planner found them not suspendable.</summary>
    public int CallsUnchecked { get; set; }

    /// <summary>No symbol table: calls and places of exits could not be looked at.</summary>
    public bool IsStripped { get; set; }
}
