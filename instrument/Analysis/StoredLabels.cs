using UpStare.Frontend.Model;

namespace UpStare.Instrument.Analysis;

/// <summary>
/// A function that keeps addresses of its labels (a threaded interpreter). They would lead into the body that took them, also from
/// its resume clone and from later versions. So <c>&amp;&amp;label</c> becomes the address of a byte that stands for the label and stays
/// where it is in all versions, and <c>goto *p</c> looks the byte up in a table of the body's own.
/// </summary>
internal sealed class StoredLabels
{
    /// <summary>The table in each body.</summary>
    private const string Table = "__up_label_table";

    private StoredLabels(FunctionDecl function, IReadOnlyList<string> names)
    {
        Names = names;
        var bytes = new ArrayType
        {
            Element = new BuiltinType { Spelling = "char", Size = 1, Align = 1 }, Bound = ArrayBound.Constant, Count = names.Count, Size = names.Count, Align = 1,
        };
        int at = Math.Max(function.Start, function.NameStart);
        Bytes = new VarDecl
        {
            Type = bytes, Name = "__up_labels", Storage = StorageClass.Static, IsStatic = true, HasStaticLifetime = true, IsDefinition = true,
            Start = at, End = at, NameStart = at, GroupStart = at, GroupEnd = at, DeclaratorEnd = at,
        };
    }

    /// <summary>The labels in the order of their bytes.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The bytes: a static variable that no text declares.</summary>
    public VarDecl Bytes { get; }

    /// <summary>The labels of a function whose addresses are kept; null where none is, or where one cannot be told.</summary>
    /// <param name="f">A function.</param>
    /// <param name="facts">Of its unit.</param>
    public static StoredLabels? Find(FunctionFacts f, UnitFacts facts)
    {
        List<AddrLabelExpr> addresses = Addresses(f);
        return addresses.TrueForAll(a => IsOnlyJumpedTo(f, facts, a)) || Unclear(f, facts) is not null
            ? null : new StoredLabels(f.Decl, [.. addresses.Select(a => a.Label).Distinct()]);
    }

    /// <summary>A label whose address is kept and that cannot be told from another one of its name (<c>__label__</c>); null: none.</summary>
    /// <param name="f">A function.</param>
    /// <param name="facts">Of its unit.</param>
    public static AddrLabelExpr? Unclear(FunctionFacts f, UnitFacts facts)
    {
        List<AddrLabelExpr> addresses = Addresses(f);
        return addresses.TrueForAll(a => IsOnlyJumpedTo(f, facts, a)) ? null
            : addresses.Find(a => f.Interesting.OfType<LabelStmt>().Count(l => l.Name == a.Label) != 1);
    }

    /// <summary>What stands for a label's address.</summary>
    /// <param name="address">In the function.</param>
    /// <param name="bytes">The name of <see cref="Bytes"/> in the text.</param>
    public string Address(AddrLabelExpr address, string bytes) => $"((void *)&{bytes}[{Index(address.Label)}])";

    /// <summary>What a computed goto jumps to.</summary>
    public static string Target(string target, string bytes) => $"{Table}[(char *)({target}) - {bytes}]";

    /// <summary>The table's declaration, for the top of a body.</summary>
    public string Declaration() => $"static const void *const {Table}[] = {{ {string.Join(", ", Names.Select(n => "&&" + n))} }}; ";

    private static List<AddrLabelExpr> Addresses(FunctionFacts f) => [.. f.Interesting.OfType<AddrLabelExpr>()];

    private int Index(string label) => Names.ToList().IndexOf(label);

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
