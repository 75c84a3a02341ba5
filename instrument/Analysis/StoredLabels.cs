using UpStare.Frontend.Model;

namespace UpStare.Instrument.Analysis;

/// <summary>
/// A function that keeps addresses of its labels (a threaded interpreter). They would lead into the body that took them, also from
/// its resume clone and from later versions. So <c>&amp;&amp;label</c> becomes the address of a token, a variable that stands for the label
/// and stays where it is in all versions, and <c>goto *p</c> finds the label in a table of the body's own, at the index that the token holds.
/// </summary>
internal sealed class StoredLabels
{
    /// <summary>The table in each body.</summary>
    private const string Table = "__up_label_table";

    private StoredLabels(FunctionDecl function, IReadOnlyList<string> names)
    {
        Names = names;
        int at = Math.Max(function.Start, function.NameStart);
        Tokens = names.Select(name => new VarDecl
        {
            Type = new BuiltinType { Spelling = "int", Size = 4, Align = 4, Qualifiers = Qualifiers.Volatile },
            Name = "__up_label_" + name,
            Storage = StorageClass.Static,
            IsStatic = true,
            HasStaticLifetime = true,
            IsDefinition = true,
            Start = at,
            End = at,
            NameStart = at,
            GroupStart = at,
            GroupEnd = at,
            DeclaratorEnd = at,
        }).ToList();
    }

    /// <summary>The labels in the order of the table.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Their tokens, in the same order: static variables that no text declares.</summary>
    public List<VarDecl> Tokens { get; }

    /// <summary>The labels of a function whose addresses are kept; null where none is, or where one cannot be told.</summary>
    /// <param name="f">A function.</param>
    /// <param name="facts">Of its unit.</param>
    public static StoredLabels? Find(FunctionFacts f, UnitFacts facts)
    {
        List<AddrLabelExpr> addresses = Addresses(f);
        return addresses.TrueForAll(a => IsOnlyJumpedTo(f, facts, a)) || Unclear(f, facts) is not null
            ? null : new StoredLabels(f.Decl, [.. addresses.Select(a => a.Label).Distinct()]);
    }

    /// <summary>
    /// A label whose address is kept and that cannot have a token: one that has a namesake (<c>__label__</c>), or in a static table of
    /// distances (<c>&amp;&amp;b - &amp;&amp;a</c>), since those of tokens are no constants. Null: none.
    /// </summary>
    /// <param name="f">A function.</param>
    /// <param name="facts">Of its unit.</param>
    public static AddrLabelExpr? Unclear(FunctionFacts f, UnitFacts facts)
    {
        List<AddrLabelExpr> addresses = Addresses(f);
        return addresses.TrueForAll(a => IsOnlyJumpedTo(f, facts, a)) ? null
            : addresses.Find(a => f.Interesting.OfType<LabelStmt>().Count(l => l.Name == a.Label) != 1)
            ?? addresses.Find(a => f.StaticLocals.Exists(v => v.Init is not null && Walk.Any(v.Init, n => n is BinaryExpr && Walk.Any(n, m => m == a))));
    }

    /// <summary>The token of a label whose address is taken in the function.</summary>
    public VarDecl Token(AddrLabelExpr address) => Tokens[Names.ToList().IndexOf(address.Label)];

    /// <summary>What a computed goto jumps to.</summary>
    public static string Target(string target) => $"{Table}[*(volatile int *)({target})]";

    /// <summary>The table's declaration, for the top of a body.</summary>
    public string Declaration() => $"static const void *const {Table}[] = {{ {string.Join(", ", Names.Select(n => "&&" + n))} }}; ";

    private static List<AddrLabelExpr> Addresses(FunctionFacts f) => [.. f.Interesting.OfType<AddrLabelExpr>()];

    /// <summary>In a table that is only indexed to jump (<c>goto *table[i]</c>), or in the jump itself: each body has its own.</summary>
    private static bool IsOnlyJumpedTo(FunctionFacts f, UnitFacts facts, AddrLabelExpr label)
    {
        bool isInside(Node n) => n.Start <= label.Start && label.End <= n.End;
        if (f.StaticLocals.Find(v => v.Init is { } init && isInside(init)) is { } table)
        {
            VariableFacts uses = facts.Of(table);
            return !uses.IsWritten && !uses.IsAddressTaken && References(f.Decl.Body!, table) == f.Interesting.OfType<IndirectGotoStmt>().Count(g => Indexes(g.Target.Inner, table));
        }

        return f.Interesting.OfType<IndirectGotoStmt>().Any(g => isInside(g.Target) && IsChosen(g.Target.Inner, label));
    }

    /// <summary>goto *(&amp;&amp;label) and goto *(c ? &amp;&amp;a : &amp;&amp;b).</summary>
    private static bool IsChosen(Expr target, AddrLabelExpr label) => target switch
    {
        AddrLabelExpr => target == label,
        ConditionalExpr c => (c.Then is not null && IsChosen(c.Then.Inner, label)) || IsChosen(c.Else.Inner, label),
        CastExpr c => IsChosen(c.Operand.Inner, label),
        _ => false,
    };

    private static bool Indexes(Expr target, VarDecl table) => target switch
    {
        SubscriptExpr s => IsTable(s.Left.Inner, table) || Indexes(s.Left.Inner, table),
        MemberExpr { IsArrow: false } m => Indexes(m.Base.Inner, table),
        CastExpr c => Indexes(c.Operand.Inner, table),
        _ => false,
    };

    private static bool IsTable(Expr e, VarDecl table) => e is DeclRefExpr r && r.Decl.Entity == table.Entity;

    /// <summary>How often the table is named where that is evaluated.</summary>
    private static int References(Node body, VarDecl table)
    {
        int count = 0;
        Walk.Evaluated(body, n => count += n is DeclRefExpr r && r.Decl.Entity == table.Entity ? 1 : 0);
        return count;
    }
}
