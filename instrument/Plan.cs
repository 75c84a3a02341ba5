using UpStare.Frontend.Model;

namespace UpStare.Instrument;

/// <summary>Where update points are inserted.</summary>
public enum PointsPolicy
{
    /// <summary>After suspendable calls, and in loops that can spin without one.</summary>
    Default,

    /// <summary>The paper's: also at every function entry and in every loop.</summary>
    All,
}

/// <summary>How much of the transformation is done: the stages that the benchmarks compare. Only <see cref="Full"/> can be updated.</summary>
public enum CheckStage
{
    Full,

    /// <summary>Checks whose exits go straight back.</summary>
    Empty,

    /// <summary>The calls are taken out of expressions, and nothing follows them.</summary>
    None,
}

/// <summary>Whether code is made for an executable or for a patch that is loaded into one.</summary>
public enum InstrumentMode
{
    Program,
    Patch,
}

/// <summary>What a patch does with a variable of static lifetime.</summary>
public enum VariableBinding
{
    /// <summary>The patch defines its own storage.</summary>
    Define,

    /// <summary>The storage of the version that is being replaced is used.</summary>
    Import,
}

public sealed class InstrumentOptions
{
    /// <summary>Name of the unit in keys (docs/architecture.md, "Names").</summary>
    public required string UnitId { get; init; }

    /// <summary>Eight hex digits that make this unit's static symbols unique in the program.</summary>
    public required string SymbolHash { get; init; }

    /// <summary>Patch mode, a unit of a shared library: what the keys of external names begin with (docs/architecture.md, "Libraries").</summary>
    public string KeyPrefix { get; init; } = "";

    /// <summary>Patch mode, a unit of a shared library: what generated symbols of external functions begin with, in place of nothing.</summary>
    public string SymbolPrefix { get; init; } = "";

    /// <summary>The code is compiled for a shared library (-fPIC): external names may be another module's.</summary>
    public bool IsShareable { get; init; }

    /// <summary>The code is compiled with -fexceptions: handlers of attribute cleanup also run where an exception or a cancellation passes.</summary>
    public bool HasExceptions { get; init; }

    public PointsPolicy Points { get; init; } = PointsPolicy.Default;

    public CheckStage Checks { get; init; } = CheckStage.Full;

    public InstrumentMode Mode { get; init; } = InstrumentMode.Program;

    /// <summary>Patch mode: the binding of a variable, by key. Not asked for private and constant variables that stay private.</summary>
    public Func<string, VariableBinding>? BindVariable { get; init; }

    /// <summary>Functions that are to stay plain for what the compiler said of them (<see cref="Rejections"/>): the reason by name.</summary>
    public IReadOnlyDictionary<string, string> Pinned { get; init; } = new Dictionary<string, string>();

    /// <summary>Keys of functions of this unit that get a stub although it takes no address of them.</summary>
    public IReadOnlySet<string> ForcedStubs { get; init; } = new HashSet<string>();

    /// <summary>
    /// Whether resume clones are made. A patch has them, since the stack is rebuilt through them; a program needs none: what
    /// it starts with is never rebuilt, and undoing an update puts its stack back as it was.
    /// </summary>
    public bool HasClones { get; init; }

    /// <summary>Path of a file whose bytes become this object's share of section .upstare.units (incbin), or null.</summary>
    public string? UnitsFile { get; init; }
}

/// <summary>How a variable is kept in a frame record.</summary>
public enum RecordMode
{
    ByValue,
    InPlace,
}

/// <summary>One slot of a function's frame record.</summary>
public sealed class RecordVariable
{
    public required int Index { get; init; }

    /// <summary>The user's name, or the temporary's (<c>__up_t3</c>).</summary>
    public required string Name { get; init; }

    /// <summary>Null for a temporary of the normalisation.</summary>
    public VarDecl? Decl { get; init; }

    public required CType Type { get; init; }

    public required RecordMode Mode { get; init; }

    /// <summary>Offset of the slot in the record, header included.</summary>
    public required int Offset { get; set; }

    /// <summary>Bytes of the slot: the type's size, or 8 for an in-place variable.</summary>
    public required int SlotSize { get; init; }

    /// <summary>Name of the slot's member in the record struct.</summary>
    public required string Member { get; init; }

    /// <summary>How a clone names it, where that is not by a variable of its own type: variably modified types.</summary>
    internal string? CloneText { get; set; }

    /// <summary>Which variable of that name it is in the function, from 0 in the order of the text (shadowing, sibling scopes).</summary>
    public int Occurrence { get; init; }
}

public enum PointKind
{
    Call = 0,
    Loop = 1,
    Entry = 2,
    Goto = 3,

    /// <summary>Behind setjmp: a longjmp may come there from below library code, into a frame that an update has left as it was.</summary>
    SetJmp = 4,
}

/// <summary>A continuation point with what the patcher needs to find its counterpart in another version.</summary>
public sealed class ContinuationPoint
{
    public required int Number { get; init; }

    public required PointKind Kind { get; init; }

    /// <summary>Directly called function's name; null for an indirect call and for update points without a call.</summary>
    public string? Callee { get; init; }

    /// <summary>Enclosing statements from the body inwards: "for/if.then/switch.case(3)".</summary>
    public required string NestingPath { get; init; }

    /// <summary>Hash of the normalised text of the call or the loop's head.</summary>
    public required uint ShapeHash { get; init; }

    /// <summary>The same of the simple statement that the point is part of; of the point alone where there is none.</summary>
    public required uint StatementHash { get; init; }

    /// <summary>Normalised text (white space folded) behind <see cref="ShapeHash"/>, shortened, for reports.</summary>
    public required string Text { get; init; }

    public required SourcePlace Place { get; init; }

    /// <summary>Where the call, loop or jump begins in the unit's preprocessed text.</summary>
    public required int Offset { get; init; }

    /// <summary>Indexes of the record variables in scope here.</summary>
    public required IReadOnlyList<int> InScope { get; init; }

    /// <summary>Record variable that takes the call's value, or -1.</summary>
    public int Result { get; init; } = -1;

    /// <summary>Of setjmp: the record variable that keeps the address of what it has armed; or -1.</summary>
    public int Buffer { get; init; } = -1;

    /// <summary>It stands behind a call.</summary>
    public bool IsCall => Kind is PointKind.Call or PointKind.SetJmp;
}

public sealed class FunctionPlan
{
    public required string Key { get; init; }

    /// <summary>M of docs/architecture.md.</summary>
    public required string Mangled { get; init; }

    public required FunctionDecl Decl { get; init; }

    public required SourcePlace Place { get; init; }

    /// <summary>It has continuation points and a resume clone.</summary>
    public required bool IsTransformed { get; init; }

    /// <summary>Why it was left plain although it has suspendable calls or loops; null if it was not.</summary>
    public string? PinnedReason { get; init; }

    public SourcePlace? PinnedPlace { get; init; }

    public required bool IsAddressTaken { get; init; }

    public IReadOnlyList<RecordVariable> Variables { get; init; } = [];

    public IReadOnlyList<ContinuationPoint> Points { get; init; } = [];

    /// <summary>Bytes of the record, a multiple of 16.</summary>
    public int RecordSize { get; init; }

    /// <summary>Hash over slots (names, offsets, sizes, modes) and points; stands in upstare_function.layout.</summary>
    public uint LayoutHash { get; init; }

    public string Descriptor => "upstare_d_" + Mangled;

    public string Clone => "upstare_c_" + Mangled;
}

public enum VariableKind
{
    /// <summary>Stays static and is copied into hot and clone units: never written, address never taken.</summary>
    Private,

    /// <summary>In the variables table.</summary>
    Shared,

    ThreadLocal,
}

public sealed class VariablePlan
{
    public required string Key { get; init; }

    /// <summary>Assembler symbol.</summary>
    public required string Symbol { get; init; }

    /// <summary>The defining declaration.</summary>
    public required VarDecl Decl { get; init; }

    public required VariableKind Kind { get; init; }

    /// <summary>Function key for a static local, else null.</summary>
    public string? Function { get; init; }

    /// <summary>What the variable begins with where it stands for a label of the function; else null.</summary>
    public int? LabelIndex { get; init; }

    public required SourcePlace Place { get; init; }
}

/// <summary>A function whose address is taken in this unit (or forced): it has a stub.</summary>
public sealed class StubPlan
{
    public required string Key { get; init; }

    public required string Mangled { get; init; }

    public required FunctionDecl Decl { get; init; }
}

/// <summary>All decisions about one translation unit; the same for the same text and options (the patcher relies on it).</summary>
public sealed class UnitPlan
{
    public required TranslationUnit Unit { get; init; }

    public required InstrumentOptions Options { get; init; }

    /// <summary>Functions defined here that can be reached, in the order of the text.</summary>
    public required IReadOnlyList<FunctionPlan> Functions { get; init; }

    public required IReadOnlyList<VariablePlan> Variables { get; init; }

    public required IReadOnlyList<StubPlan> Stubs { get; init; }

    /// <summary>Names of functions whose address is taken here and that only system headers declare: their pointers lead to no stub.</summary>
    public required IReadOnlyList<string> PlainPointers { get; init; }

    /// <summary>What the planner knows beyond the plan; the instrumenter goes on from it.</summary>
    internal Lowering.UnitContext? Context { get; set; }

    /// <summary>
    /// Gives back the memory of all that only <see cref="Instrumenter.Transform"/> asks for. Of the unit's declarations there remain
    /// functions that can be reached, what is initialised, and types that have fields.
    /// </summary>
    public void Shrink()
    {
        Context = null;
        var reached = new HashSet<Decl>(Functions.Select(f => (Decl)f.Decl));
        Unit.Keep(d => d switch
        {
            FunctionDecl f => f.Body is not null && (f.InSystemHeader || reached.Contains(f)),
            VarDecl v => v.Init is not null,
            RecordDecl r => r.IsComplete && !r.InSystemHeader,
            TypedefDecl t => t.Underlying.Canonical is RecordType { Decl.IsComplete: true } && !t.InSystemHeader,
            _ => false,
        });
    }
}

/// <summary>The two texts that make up a transformed object.</summary>
public sealed class InstrumentResult
{
    public required UnitPlan Plan { get; init; }

    public required byte[] HotText { get; init; }

    /// <summary>Empty where no function has a resume clone.</summary>
    public required byte[] CloneText { get; init; }
}
