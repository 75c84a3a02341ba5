using UpStare.Frontend.Model;
using UpStare.Instrument;

namespace UpStare.Patcher.Compare;

/// <summary>How sure the patcher is of what it does about a change.</summary>
public enum Handling
{
    /// <summary>Follows from the two versions.</summary>
    Automatic,

    /// <summary>Right under an assumption that is reported.</summary>
    Assumed,

    /// <summary>The user has to say what to do.</summary>
    NeedsUser,

    /// <summary>Cannot be done to a running program.</summary>
    Impossible,
}

/// <summary>One line of the report.</summary>
/// <param name="Handling">How it is handled.</param>
/// <param name="Kind">"function", "variable", "type" or "program".</param>
/// <param name="Name">What it is about: a key or a type.</param>
/// <param name="Place">Where it stands in the new version (the old one, if it is gone), or null.</param>
/// <param name="Text">What is done, or missing, in plain words.</param>
public sealed record Finding(Handling Handling, string Kind, string Name, SourcePlace? Place, string Text)
{
    /// <summary>Name of the C function by which the user settles a <see cref="Handling.NeedsUser"/>, or null.</summary>
    public string? UserFunction { get; init; }
}

/// <summary>A function of the old version and the one that takes its place.</summary>
public sealed class FunctionPair
{
    public required FunctionEntry Old { get; init; }

    public required FunctionEntry New { get; init; }

    /// <summary>Its text or the types of its variables differ.</summary>
    public required bool IsChanged { get; init; }

    /// <summary>It was given another name (or linkage).</summary>
    public bool IsRenamed => Old.Name != New.Name;

    /// <summary>Points and record are taken over as they are.</summary>
    public bool IsIdentity { get; set; }

    /// <summary>New point of each old one, -1 for none.</summary>
    public int[] Points { get; set; } = [];

    /// <summary>What becomes of each variable of the new record; empty for an identity.</summary>
    public IReadOnlyList<SlotMapping> Slots { get; set; } = [];

    /// <summary>Where the two versions do not have the same frames above one of this function.</summary>
    public List<FrameStep> Steps { get; } = [];

    /// <summary>Parameters that the old frame does not have, and what tells their values.</summary>
    public List<GivenParameter> Given { get; } = [];

    /// <summary>Only the new version has this frame: <see cref="Old"/> is the function that calls it (see <see cref="FrameStep"/>).</summary>
    public bool IsMade { get; init; }

    /// <summary>The pair was made by the user's mapping.</summary>
    public bool IsUserMapped { get; set; }
}

/// <summary>What becomes of one variable of a new frame record.</summary>
public sealed class SlotMapping
{
    public required RecordVariable New { get; init; }

    /// <summary>The old variable whose value it takes, by old point; the default for those not named here is <see cref="Old"/>.</summary>
    public Dictionary<int, RecordVariable> ByPoint { get; } = [];

    /// <summary>The old variable whose value it takes at every point; null: new, or a temporary (see <see cref="ByPoint"/>).</summary>
    public RecordVariable? Old { get; init; }

    /// <summary>Old points at which both are in scope (of those that are mapped).</summary>
    public List<int> CopyAt { get; } = [];

    /// <summary>Old points at whose counterpart the new variable is in scope, but has no old value.</summary>
    public List<int> FreshAt { get; } = [];

    /// <summary>C text of the value that a fresh one takes, or null for zero.</summary>
    public string? Initialiser { get; set; }

    /// <summary>The variable of the frame that a step leaves out whose value it takes, by old point.</summary>
    public Dictionary<int, RecordVariable> LeftOut { get; } = [];

    /// <summary>Where it has no old value: key of the static variable of the function that it was before, or null.</summary>
    public string? OldStatic { get; set; }

    /// <summary>Parts that the old type does not have, and the constants other than zero that the new declaration gives them.</summary>
    public List<(string Path, string Value)> NewParts { get; } = [];

    /// <summary>The same for all parts of the variable, where it has no old value.</summary>
    public List<(string Path, string Value)> AllParts { get; } = [];
}

public enum VariableAction
{
    /// <summary>Old storage is used on.</summary>
    Keep,

    /// <summary>The patch has the storage; it is filled from the old.</summary>
    Convert,

    /// <summary>The patch has the storage with its initialiser.</summary>
    Define,

    /// <summary>Not in the new version.</summary>
    Delete,
}

/// <summary>What is done about one variable of static lifetime.</summary>
public sealed class VariableChange
{
    public VariableEntry? Old { get; init; }

    public VariableEntry? New { get; init; }

    public required VariableAction Action { get; init; }

    /// <summary>A kept variable's initialiser changed: C expressions of both values (see <see cref="ReinitKind"/>).</summary>
    public (string Old, string New)? Reinit { get; init; }

    public ReinitKind ReinitKind { get; init; }
}

/// <summary>How "still has its old initialiser" is decided.</summary>
public enum ReinitKind
{
    None,
    Scalar,

    /// <summary>A pointer to a string constant: compared by content.</summary>
    StringPointer,

    /// <summary>An array of char with a string initialiser.</summary>
    CharArray,
}

/// <summary>A record type whose layout differs between the versions.</summary>
public sealed class TypeChange
{
    public required string Name { get; init; }

    public required RecordDecl Old { get; init; }

    public required RecordDecl New { get; init; }

    /// <summary>Fields of the new type with their old counterpart (null: added).</summary>
    public required IReadOnlyList<(FieldDecl? Old, FieldDecl New)> Fields { get; init; }

    /// <summary>Fields that are gone.</summary>
    public required IReadOnlyList<FieldDecl> Removed { get; init; }
}

/// <summary>Everything that differs between two versions, and what the patch does about it.</summary>
public sealed class PatchPlan
{
    public required ProgramModel Old { get; init; }

    public required ProgramModel New { get; init; }

    public required IReadOnlyList<FunctionPair> Functions { get; init; }

    public required IReadOnlyList<FunctionEntry> Added { get; init; }

    public required IReadOnlyList<FunctionEntry> Deleted { get; init; }

    public required IReadOnlyList<VariableChange> Variables { get; init; }

    public required IReadOnlyList<TypeChange> Types { get; init; }

    public required List<Finding> Findings { get; init; }

    /// <summary>Name of the user's function that completes a frame, by the C name of the frame's function.</summary>
    public static string FrameHook(string name) => "user_frame_" + name;

    /// <summary>Old key of a function of the new version, or null.</summary>
    public required Func<string, string?> OldFunctionKey { get; init; }
}
