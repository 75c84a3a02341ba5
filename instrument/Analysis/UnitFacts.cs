using UpStare.Frontend.Model;

namespace UpStare.Instrument.Analysis;

/// <summary>What is known of one function of the unit before any decision.</summary>
internal sealed class FunctionFacts
{
    public required FunctionDecl Decl { get; init; }

    /// <summary>Position among the file-level declarations.</summary>
    public required int Order { get; init; }

    public bool IsReachable { get; set; }

    /// <summary>Direct calls and calls through pointers that are evaluated.</summary>
    public List<CallExpr> Calls { get; } = [];

    /// <summary>Functions whose name the body uses as a value.</summary>
    public HashSet<Decl> AddressTaken { get; } = [];

    /// <summary>Functions that the body names, called or not.</summary>
    public HashSet<Decl> Names { get; } = [];

    /// <summary>Automatic variables that cannot be copied in and out of a record.</summary>
    public HashSet<VarDecl> Escaping { get; } = [];

    /// <summary>Parameters and automatic variables in the order of the text.</summary>
    public List<VarDecl> Locals { get; } = [];

    /// <summary>Static variables declared inside, in the order of the text.</summary>
    public List<VarDecl> StaticLocals { get; } = [];

    /// <summary>Nodes of the kinds that later passes ask for.</summary>
    public List<Node> Interesting { get; } = [];

    /// <summary>Compound literals whose address is taken.</summary>
    public HashSet<CompoundLiteralExpr> KeptLiterals { get; } = [];

    /// <summary>Where variables with attribute cleanup end their lives; null where there are none.</summary>
    public CleanupScopes? Cleanups { get; set; }

    /// <summary>Labels whose addresses the function keeps; null where it keeps none.</summary>
    public StoredLabels? StoredLabels { get; set; }

    /// <summary>Types declared inside.</summary>
    public List<Decl> LocalTypes { get; } = [];

    /// <summary>Why the function stays plain, with the place's offset; null if it need not.</summary>
    public string? Pinned { get; set; }

    public int PinnedAt { get; set; }

    /// <summary>Whether it has continuation points (a fixpoint over the call graph).</summary>
    public bool HasPoints { get; set; }
}

/// <summary>How a variable of static lifetime is used anywhere in the unit.</summary>
internal sealed class VariableFacts
{
    public bool IsUsed { get; set; }

    public bool IsWritten { get; set; }

    public bool IsAddressTaken { get; set; }
}

/// <summary>One walk over the whole unit: who calls and names whom, what is written, whose address is taken.</summary>
internal sealed class UnitFacts
{
    public Dictionary<Decl, FunctionFacts> Functions { get; } = [];

    public Dictionary<Decl, VariableFacts> Variables { get; } = [];

    /// <summary>Entities that are declared in a system header at least once.</summary>
    public HashSet<Decl> SystemEntities { get; } = [];

    /// <summary>Entities in the order of their first declaration, with the index of that declaration.</summary>
    public Dictionary<Decl, int> FirstDeclared { get; } = [];

    /// <summary>Functions whose name is used as a value by an initialiser or by a function that can be reached.</summary>
    public HashSet<Decl> AddressTaken { get; } = [];

    /// <summary>Functions of the file by name.</summary>
    private readonly Dictionary<string, FunctionDecl> _named = [];

    /// <summary>The call that attribute cleanup stands for; its arguments are not in the tree.</summary>
    /// <param name="v">A variable with the attribute.</param>
    /// <param name="at">Where it is made.</param>
    public CallExpr CleanupCall(VarDecl v, int at)
    {
        FunctionDecl function = _named[v.Cleanup!];
        return new CallExpr
        {
            Start = at,
            End = at,
            Type = function.Type.Return,
            Callee = new DeclRefExpr { Start = at, End = at, Type = function.Type, Decl = function.Entity },
            Arguments = [],
            Function = function,
        };
    }

    /// <summary>Whether the function that a variable's attribute cleanup names is declared at file level.</summary>
    public bool KnowsCleanup(VarDecl v) => _named.ContainsKey(v.Cleanup!);

    /// <summary>Collects the facts.</summary>
    public static UnitFacts Collect(TranslationUnit unit)
    {
        var facts = new UnitFacts();
        for (int i = 0; i < unit.Decls.Count; i++)
        {
            Decl decl = unit.Decls[i];
            if (decl.InSystemHeader)
            {
                facts.SystemEntities.Add(decl.Entity);
            }

            facts.FirstDeclared.TryAdd(decl.Entity, i);
            if (decl is FunctionDecl declared)
            {
                facts._named.TryAdd(declared.Name, declared);
            }

            if (decl is FunctionDecl { Body: not null } f)
            {
                facts.Functions[f.Entity] = new FunctionFacts { Decl = f, Order = i };
            }
        }

        var roots = new HashSet<Decl>();
        foreach (Decl decl in unit.Decls)
        {
            if (decl is FunctionDecl { Body: not null } f)
            {
                new FactVisitor(facts, facts.Functions[f.Entity], null).Run(f);
            }
            else if (decl is VarDecl { Init: not null } v)
            {
                new FactVisitor(facts, null, roots).Visit(v.Init);
            }
        }

        facts.MarkReachable(unit, roots);
        return facts;
    }

    /// <summary>The facts of a variable; made on first use.</summary>
    public VariableFacts Of(VarDecl variable)
    {
        if (!Variables.TryGetValue(variable.Entity, out VariableFacts? facts))
        {
            facts = new VariableFacts();
            Variables[variable.Entity] = facts;
        }

        return facts;
    }

    private void MarkReachable(TranslationUnit unit, HashSet<Decl> roots)
    {
        var queue = new Stack<Decl>(roots);
        foreach (FunctionFacts f in Functions.Values)
        {
            if (!f.Decl.InSystemHeader && (!f.Decl.IsStatic || f.Decl.Has("constructor") || f.Decl.Has("destructor") || f.Decl.Has("used")))
            {
                queue.Push(f.Decl.Entity);
            }
        }

        foreach (Decl d in unit.Decls)
        {
            if (d is FunctionDecl { Body: null } f && (f.Has("used") || f.Has("constructor") || f.Has("destructor")))
            {
                queue.Push(f.Entity);
            }
        }

        while (queue.TryPop(out Decl? entity))
        {
            if (!Functions.TryGetValue(entity, out FunctionFacts? f) || f.IsReachable)
            {
                continue;
            }

            f.IsReachable = true;
            AddressTaken.UnionWith(f.AddressTaken);
            foreach (Decl name in f.Names)
            {
                queue.Push(name);
            }
        }
    }
}

/// <summary>Fills <see cref="UnitFacts"/> from one function or one initialiser.</summary>
internal sealed class FactVisitor(UnitFacts facts, FunctionFacts? function, HashSet<Decl>? roots) : UseVisitor
{
    /// <summary>Walks a function definition.</summary>
    public void Run(FunctionDecl decl)
    {
        function!.Locals.AddRange(decl.Parameters);
        Visit(decl.Body!);
        if (function.Locals.Exists(v => v.Cleanup is not null))
        {
            function.Cleanups = new CleanupScopes(decl.Body!);
        }

        // An outer type before those declared inside it.
        function.LocalTypes.Sort((a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : b.End.CompareTo(a.End));
    }

    protected override void OnVariable(VarDecl variable, DeclRefExpr reference, Use use)
    {
        if (variable.HasStaticLifetime)
        {
            VariableFacts v = facts.Of(variable);
            v.IsUsed = true;
            v.IsWritten |= use is Use.Write or Use.IndexedWrite;
            v.IsAddressTaken |= use is Use.Escape;
        }
        else if (use is Use.Escape or Use.Indexed or Use.IndexedWrite)
        {
            function?.Escaping.Add((VarDecl)variable.Entity);
        }
    }

    protected override void OnFunctionValue(FunctionDecl f, DeclRefExpr reference)
    {
        (function?.AddressTaken ?? facts.AddressTaken).Add(f.Entity);
        (function is null ? roots! : function.Names).Add(f.Entity);
    }

    protected override void OnCall(CallExpr call)
    {
        if (call.Function is not null)
        {
            (function is null ? roots! : function.Names).Add(call.Function.Entity);
        }

        function?.Calls.Add(call);
    }

    protected override void OnLiteral(CompoundLiteralExpr literal, Use use)
    {
        if (use is not (Use.Value or Use.Part) || literal.Type.Canonical is ArrayType)
        {
            function?.KeptLiterals.Add(literal);
        }
    }

    private void OnCleanup(VarDecl v)
    {
        CallExpr call = facts.CleanupCall(v, v.Start);
        function!.Calls.Add(call);
        function.Names.Add(call.Function!.Entity);
        function.Escaping.Add((VarDecl)v.Entity);
    }

    protected override void OnNode(Node node)
    {
        if (function is null)
        {
            return;
        }

        switch (node)
        {
            case VarDecl { HasStaticLifetime: true } v:
                if (v.Storage != StorageClass.Extern)
                {
                    function.StaticLocals.Add(v);
                }

                break;
            case VarDecl v:
                function.Locals.Add(v);
                if (v.Cleanup is not null && facts.KnowsCleanup(v))
                {
                    OnCleanup(v);
                }

                break;
            case RecordDecl or EnumDecl or TypedefDecl:
                function.LocalTypes.Add((Decl)node);
                break;
            case FunctionDecl { Body: not null } or LoopStmt or GotoStmt or IndirectGotoStmt or LabelStmt or UnknownStmt or UnknownExpr
                or AddrLabelExpr or GenericExpr or AsmStmt or CompoundLiteralExpr or VaArgExpr:
                function.Interesting.Add(node);
                break;
        }
    }
}
