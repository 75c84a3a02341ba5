using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace UpStare.Instrument.Tests;

/// <summary>
/// A generated C expression of type unsigned. Its side effects are sequenced, or so that their order does not matter: what one
/// operand of an operator writes the other one does not use. A call writes the trace. (Which of two operands gcc evaluates first
/// is another matter: evaluation_order.c, folding.c.)
/// </summary>
/// <param name="Text">The expression, in parentheses where it needs them.</param>
/// <param name="Reads">Variables whose value it uses.</param>
/// <param name="Writes">Variables that it writes.</param>
internal sealed record CExpression(string Text, IReadOnlySet<string> Reads, IReadOnlySet<string> Writes)
{
    /// <summary>What stands around the expressions: functions that write a trace.</summary>
    public const string Head = """
        #include <stdio.h>
        struct pair { unsigned x, y; };
        unsigned t(unsigned x) { printf("t%u ", x); return x; }
        unsigned t2(unsigned x, unsigned y) { printf("t%u,%u ", x, y); return x * 3 + y; }
        unsigned *at(unsigned *p, unsigned x) { printf("at%u ", x); return p; }
        struct pair make(unsigned x) { printf("make%u ", x); struct pair p = { x, x + 1 }; return p; }
        unsigned (*choose(unsigned x))(unsigned) { printf("choose%u ", x); return t; }
        unsigned *escaped;

        """;

    private const string Trace = "trace";

    private static readonly string[] s_variables = ["a", "b", "q", "s.x", "s.y", "l[1]"];
    private static readonly string[] s_arithmetic = ["+", "-", "*", "&", "|", "^", "<", ">", "==", "!=", "<=", ">="];
    private static readonly string[] s_compound = ["+=", "-=", "*=", "&=", "|=", "^=", "<<=", ">>="];

    // {0} is the expression's own variable, {1} comes before it is in scope or beside it.
    private static readonly string[] s_statements =
    [
        "({{ unsigned {0} = {1}; {2}; {3}; }})",
        "({{ unsigned {0} = 3; if ({1}) {2}; else {0} += {1} & 1; {3}; }})",
        "({{ unsigned {0} = 0; for (; {0} < 2; {0}++) {2}; {0} += {1}; {3}; }})",
        "({{ unsigned {0} = 0; while ({1}, {0}++ < 2) {{ if ({2} & 1) continue; {0}++; }} {3}; }})",
        "({{ unsigned {0} = 1; switch ({1} & 1) {{ case 0: {2}; default: {0}++; }} {3}; }})",
    ];

    /// <summary>Expressions of about that size. <paramref name="locals"/> are readable variables of statement expressions around it.</summary>
    public static Gen<CExpression> Generator(int size, params string[] locals)
    {
        if (size <= 1)
        {
            return Leaf(locals);
        }

        Gen<CExpression> part = Generator(size / 2, locals);
        return Gen.Frequency(
            (1, Leaf(locals)),
            (4, Unsequenced(part, s_arithmetic, "({0} {2} {1})")),
            (1, Unsequenced(part, ["/", "%"], "({0} {2} ({1} | 1))")),
            (2, Traced(Unsequenced(part, [""], "t2({0}, {1})"))),
            (2, Traced(Wrapped(part, "t({0})", "make({0}).y", "choose({0})(7)", "choose(7)({0})"))),
            (2, Wrapped(part, "(-{0})", "(~{0})", "(!{0})", "((unsigned char){0})", "({0} + sizeof(t({0})))")),
            (1, Element(part)),
            (4, Sequenced(part)),
            (3, Chosen(part)),
            (4, Assignment(part)),
            (2, Increment()),
            (3, StatementExpression(size, locals)));
    }

    /// <summary>A function that evaluates the expression and shows what it has done.</summary>
    public string Function(int number) => $$"""
        void f{{number}}(unsigned a, unsigned b)
        {
        	unsigned q = 5, l[4] = { 1, 2, 3, 4 };
        	struct pair s = { 6, 7 };
        	escaped = &q;
        	printf("{{number}}: ");
        	unsigned value = {{Text}};
        	printf("= %u, %u %u %u %u %u %u %u %u\n", value, a, b, q, s.x, s.y, l[0], l[1], l[2]);
        }

        """;

    private static Gen<CExpression> Leaf(string[] locals) => Gen.OneOf(
        Gen.Choose(0, 9).Select(n => Of($"{n}u", [], [])),
        Gen.Choose(0, 9).Select(Call),
        Gen.Elements<string>([.. s_variables, .. locals]).Select(v => Of(v, [Root(v)], [])));

    /// <summary>The elements of l count as one variable, as do the parts of s; v0, v1 are apart.</summary>
    private static string Root(string variable) => variable[0] == 'v' ? variable : variable[..1];

    private static CExpression Of(string text, IEnumerable<string> reads, IEnumerable<string> writes) =>
        new(text, reads.ToHashSet(), writes.ToHashSet());

    private static CExpression Call(int n) => Of($"t({n})", [], [Trace]);

    private static Gen<CExpression> Traced(Gen<CExpression> calls) => calls.Select(c => Of(c.Text, c.Reads, c.Writes.Append(Trace)));

    private static CExpression Join(string text, params CExpression[] parts) =>
        Of(text, parts.SelectMany(p => p.Reads), parts.SelectMany(p => p.Writes));

    private static string Format(string form, params string[] parts) => string.Format(CultureInfo.InvariantCulture, form, parts);

    private static bool Disturbs(CExpression x, CExpression y) =>
        x.Writes.Overlaps(y.Reads) || x.Writes.Overlaps(y.Writes) || y.Writes.Overlaps(x.Reads);

    private static Gen<CExpression> Unsequenced(Gen<CExpression> part, string[] operators, string form) =>
        from op in Gen.Elements(operators)
        from x in part
        from y in part
        from n in Gen.Choose(0, 9)
        let other = !Disturbs(x, y) ? y : x.Writes.Contains(Trace) ? Of($"{n}u", [], []) : Call(n)
        select Join(Format(form, x.Text, other.Text, op), x, other);

    private static Gen<CExpression> Wrapped(Gen<CExpression> part, params string[] forms) =>
        from x in part
        from form in Gen.Elements(forms)
        select Join(Format(form, x.Text), x);

    private static Gen<CExpression> Element(Gen<CExpression> part) =>
        from x in part
        select x.Writes.Contains("l") ? x : Of($"l[{x.Text} & 3]", [.. x.Reads, "l"], x.Writes);

    private static Gen<CExpression> Sequenced(Gen<CExpression> part) =>
        from op in Gen.Elements("&&", "||", ",", "?:")
        from x in part
        from y in part
        select Join($"({x.Text} {op} {y.Text})", x, y);

    private static Gen<CExpression> Chosen(Gen<CExpression> part) =>
        from x in part
        from y in part
        from z in part
        select Join($"({x.Text} ? {y.Text} : {z.Text})", x, y, z);

    /// <summary>To a variable, through a pointer that a call returns, or to an element whose index a call gives.</summary>
    private static Gen<CExpression> Assignment(Gen<CExpression> part) =>
        from to in Gen.Elements<(string Text, string[] Writes)>(
        [
            .. s_variables.Select(v => (v, new[] { Root(v) })),
            ("*at(&q, 1)", ["q", Trace]), ("l[t(2)]", ["l", Trace]), ("*at(&l[0], 2)", ["l", Trace]), ("at(l, 3)[1]", ["l", Trace]),
        ])
        from op in Gen.Elements<string>(["=", "=", "=", .. s_compound])
        from x in part
        let value = op is "<<=" or ">>=" ? $"({x.Text} & 7)" : x.Text
        let reads = op == "=" ? x.Reads : x.Reads.Concat(to.Writes)
        select x.Writes.Overlaps(to.Writes) ? x : Of($"({to.Text} {op} {value})", reads, x.Writes.Concat(to.Writes));

    private static Gen<CExpression> Increment() =>
        from v in Gen.Elements(s_variables)
        from form in Gen.Elements("({0}++)", "(++{0})", "({0}--)", "(--{0})")
        select Of(Format(form, v), [Root(v)], [Root(v)]);

    private static Gen<CExpression> StatementExpression(int size, string[] locals)
    {
        string name = "v" + locals.Length.ToString(CultureInfo.InvariantCulture);
        Gen<CExpression> outside = Generator(size / 3, locals);
        Gen<CExpression> inside = Generator(size / 3, [.. locals, name]);
        return
            from before in outside
            from middle in inside
            from last in inside
            from form in Gen.Elements(s_statements)
            select Join(Format(form, name, before.Text, middle.Text, last.Text), before, middle, last);
    }
}
