using UpStare.Frontend.Model;
using UpStare.Instrument.Analysis;

namespace UpStare.Instrument.Lowering;

/// <summary>A static variable of a function that becomes a variable of the file.</summary>
internal sealed class PromotedLocal
{
    public required VarDecl Decl { get; init; }

    /// <summary>Its name in the generated text.</summary>
    public required string Name { get; init; }

    public required VariablePlan Plan { get; init; }
}

/// <summary>What all passes over one unit share.</summary>
internal sealed class UnitContext
{
    public required TranslationUnit Unit { get; init; }

    public required InstrumentOptions Options { get; init; }

    public required string Source { get; init; }

    public required UnitFacts Facts { get; init; }

    public required CallClassifier Calls { get; init; }

    /// <summary>The functions, by entity.</summary>
    public Dictionary<Decl, FunctionContext> Functions { get; } = [];

    public Dictionary<Decl, PromotedLocal> Promoted { get; } = [];

    /// <summary>Plans of variables of this unit, by entity.</summary>
    public Dictionary<Decl, VariablePlan> Variables { get; } = [];

    /// <summary>Functions that are reached through stubs where their address is used, by entity.</summary>
    public Dictionary<Decl, StubPlan> Stubs { get; } = [];

    /// <summary>User functions whose noreturn attribute has been taken away.</summary>
    public HashSet<Decl> NoReturn { get; } = [];

    /// <summary>Unique names of types that were declared inside functions.</summary>
    public Dictionary<Decl, string> LocalTypeNames { get; } = [];

    /// <summary>What stands for addresses of labels that are kept.</summary>
    public Dictionary<AddrLabelExpr, string> LabelAddresses { get; } = [];

    /// <summary>Computed gotos of functions that keep such addresses.</summary>
    public HashSet<IndirectGotoStmt> TokenJumps { get; } = [];

    /// <summary>The tables of such functions, by body, where the body is not lowered.</summary>
    public Dictionary<CompoundStmt, string> LabelTables { get; } = [];

    /// <summary>For <see cref="TypeText"/>.</summary>
    public string? RenameType(Decl decl) => LocalTypeNames.TryGetValue(decl.Entity, out string? name) ? name : null;

    private List<(FunctionDecl Function, List<LocalScope> Scopes)>? _holders;

    /// <summary>The promoted variable that a name means at a place inside a function; null where it means something else.</summary>
    public PromotedLocal? VisibleStatic(string name, int at)
    {
        _holders ??= [.. Facts.Functions.Values.Where(f => f.StaticLocals.Exists(v => Promoted.ContainsKey(v.Entity))).Select(f => (f.Decl, LocalScope.Of(f.Decl)))];
        foreach ((FunctionDecl function, List<LocalScope> scopes) in _holders)
        {
            if (function.Start <= at && at < function.End)
            {
                return LocalScope.Visible(scopes, name, at) is { } visible && Promoted.TryGetValue(visible.Entity, out PromotedLocal? promoted)
                    ? promoted : null;
            }
        }

        return null;
    }

    /// <summary>Whether the header has a function of its own for a library call, as -D_FORTIFY_SOURCE makes it.</summary>
    public bool IsFortified(FunctionDecl f) =>
        Facts.Functions.TryGetValue(f.Entity, out FunctionFacts? own) && own.Decl.InSystemHeader;

    /// <summary>The name of the runtime's wrapper of a library call, or null.</summary>
    public string? WrapperOf(FunctionDecl f)
    {
        if (!Facts.SystemEntities.Contains(f.Entity) && Facts.FirstDeclared.ContainsKey(f.Entity))
        {
            return null;
        }

        if (Facts.Functions.TryGetValue(f.Entity, out FunctionFacts? own) && !own.Decl.InSystemHeader)
        {
            return null;
        }

        if (f.AsmName is { } label && label != f.Name && Data.Resources.Wrapped.Contains(label))
        {
            return "upstare_w_" + label;
        }

        return Data.Resources.Wrapped.Contains(f.Name) && (f.AsmName is null || f.AsmName == f.Name || f.AsmName == f.Name + "64")
            ? "upstare_w_" + f.Name : null;
    }
}

/// <summary>What the passes know of one function that is to be transformed.</summary>
internal sealed class FunctionContext
{
    public required UnitContext Unit { get; init; }

    public required FunctionFacts Facts { get; init; }

    public required string Key { get; init; }

    public required string Mangled { get; init; }

    /// <summary>Loops and gotos that get a check.</summary>
    public required HashSet<Node> Checks { get; init; }

    public required bool HasEntryPoint { get; init; }

    public required bool UsesVaStart { get; init; }

    public required bool UsesAlloca { get; init; }

    public FunctionDecl Decl => Facts.Decl;

    public string Descriptor => "upstare_d_" + Mangled;

    public string Clone => "upstare_c_" + Mangled;

    public string RecordTag => "__up_rec_" + Mangled;

    /// <summary>File-level names of types declared in the body, by name, tags with "tag " in front.</summary>
    public Dictionary<string, string> LiftedNames { get; } = [];

    /// <summary>Slots by declaration or by temporary; filled when the plan is finished.</summary>
    public Dictionary<object, RecordVariable> Slots { get; } = new(ReferenceEqualityComparer.Instance);

    /// <summary>Slots by name of the temporary.</summary>
    public Dictionary<string, RecordVariable> TempSlots { get; } = [];

    /// <summary>Temporaries in the order of their making.</summary>
    public List<Temp> Temps { get; set; } = [];

    public List<ContinuationPoint> Points { get; set; } = [];

    /// <summary>Slots by index.</summary>
    public RecordVariable[] SlotList { get; set; } = [];

    /// <summary>Variables that get another name in the hot body, since an inner one hides an outer one at a point.</summary>
    public Dictionary<VarDecl, string> HotNames { get; } = [];

    /// <summary>Variables of variably modified types.</summary>
    public Dictionary<VarDecl, VariableType> VariableTypes { get; } = [];

    private List<LocalScope>? _scopes;
    private HashSet<string>? _again;

    /// <summary>Where each variable of the function can be named, an inner one behind the outer one that it hides.</summary>
    public IReadOnlyList<LocalScope> Scopes()
    {
        if (_scopes is null)
        {
            _scopes = LocalScope.Of(Decl);
        }

        return _scopes;
    }

    /// <summary>Whether more than one variable of the function has this name.</summary>
    public bool IsDeclaredAgain(string name)
    {
        if (_again is null)
        {
            var seen = new HashSet<string>();
            _again = [.. Scopes().Where(s => !seen.Add(s.Variable.Name)).Select(s => s.Variable.Name)];
        }

        return _again.Contains(name);
    }

    private readonly Dictionary<Node, bool> _lowering = [];

    /// <summary>Whether a node holds a continuation point, a setjmp or the end of a scope with something to clean up, so that it cannot be copied as it is.</summary>
    public bool NeedsLowering(Node node)
    {
        if (_lowering.TryGetValue(node, out bool known))
        {
            return known;
        }

        bool needs = IsPlace(node);
        if (!needs && node is not UnevaluatedExpr && !(node is CallExpr c && Analysis.CallClassifier.OnlyAsks(c)))
        {
            foreach (Node child in node.Children)
            {
                if (child is VarDecl { HasStaticLifetime: true })
                {
                    continue;
                }

                needs |= NeedsLowering(child);
            }
        }

        _lowering[node] = needs;
        return needs;
    }

    /// <summary>Whether a variable's value is copied into the record.</summary>
    public bool IsByValue(VarDecl v) => !Facts.Escaping.Contains(v) && RecordLayout.CanBeByValue(v.Type);

    private bool IsPlace(Node node) => Facts.Cleanups?.LeftBy(node).Count > 0 || node switch
    {
        CallExpr c => Unit.Calls.IsSuspendable(c) || Unit.Calls.IsSetJmp(c),
        LoopStmt or GotoStmt or IndirectGotoStmt => Checks.Contains(node),
        _ => false,
    };
}

/// <summary>A variable and the part of the text that can name it.</summary>
internal sealed record LocalScope(VarDecl Variable, int Start, int End)
{
    /// <summary>The scopes of a function's parameters and variables, an inner one behind the outer one that it hides.</summary>
    public static List<LocalScope> Of(FunctionDecl function)
    {
        List<LocalScope> scopes = [.. function.Parameters.Select(p => new LocalScope(p, function.Start, function.End))];
        Collect(scopes, function.Body!, function.End);
        return scopes;
    }

    /// <summary>The variable that a name in the text means; null: none of these, or what stands there is the name in a declaration.</summary>
    public static VarDecl? Visible(IReadOnlyList<LocalScope> scopes, string name, int at) => scopes.Any(s => s.Variable.NameStart == at)
        ? null : scopes.LastOrDefault(s => s.Variable.Name == name && s.Start <= at && at < s.End)?.Variable;

    private static void Collect(List<LocalScope> scopes, Node node, int end)
    {
        end = node is CompoundStmt or LoopStmt ? node.End : end;
        if (node is VarDecl v)
        {
            scopes.Add(new LocalScope(v, v.DeclaratorEnd, end));
        }

        foreach (Node child in node.Children)
        {
            Collect(scopes, child, end);
        }
    }
}

/// <summary>A variable that the normalisation makes.</summary>
internal sealed class Temp
{
    public required string Name { get; init; }

    public required CType Type { get; init; }

    public required RecordMode Mode { get; init; }

    /// <summary>Type by which temporaries are used again.</summary>
    public required string TypeText { get; init; }

    /// <summary>Lives in the whole function and is in the record of every point.</summary>
    public bool IsFunctionWide { get; init; }

    public bool IsVolatile { get; init; }
}
