using System.Globalization;
using System.Text;
using UpStare.Frontend.Model;
using UpStare.Instrument.Lowering;

namespace UpStare.Instrument.Emission;

/// <summary>Wraps a lowered body: temporaries at the top and the dummy return for hot bodies; the dispatch for clones.</summary>
internal sealed class BodyWriter(UnitPlan plan, UnitContext context, FunctionContext function, EditSet edits, ExternSet externs)
{
    /// <summary>The hot body, braces included.</summary>
    public string Hot()
    {
        var lowering = new FunctionLowering(context, function, LoweringMode.Hot, edits, externs);
        string body = lowering.Body();
        var text = new StringBuilder("{ ");
        LineMarker.Append(text, Place, generated: true);
        foreach (Temp t in function.Temps)
        {
            if (t.Name == FunctionLowering.StackSlot)
            {
                continue;
            }

            string type = t.Mode == RecordMode.InPlace ? TypeText.Unqualified(t.Type, context.RenameType)
                : $"((struct {function.RecordTag} *)0)->{function.TempSlots[t.Name].Member}";
            text.Append(t.IsVolatile ? "volatile " : "").Append("__typeof__(").Append(type).Append(") ").Append(t.Name)
                .Append(t.IsVolatile ? " = 0" : "").Append("; ");
        }

        text.Append(lowering.Begin());
        if (function.UsesVaStart)
        {
            text.Append("__builtin_va_start(__up_va0, ").Append(LastParameter()).Append("); ");
        }

        text.Append('\n').Append(body);
        End(text, lowering);
        return text.ToString();
    }

    /// <summary>The resume clone.</summary>
    public string Clone(FunctionPlan f)
    {
        var lowering = new FunctionLowering(context, function, LoweringMode.Clone, edits, externs);
        string body = lowering.Body();
        var text = new StringBuilder();
        LineMarker.Append(text, Place, generated: true);
        string type = TypeText.Unqualified(function.Decl.Type.Return, context.RenameType);
        text.Append("extern __typeof__(").Append(type).Append(") ").Append(function.Clone)
            .Append("(void) __attribute__((visibility(\"hidden\"), section(\".text.unlikely.upstare\"), noinline));\n__typeof__(")
            .Append(type).Append(") ").Append(function.Clone).Append("(void) { ");
        Variables(text);
        KeepInMemory(text, f.Points);
        text.Append(lowering.Begin());
        Dispatch(text, f, lowering.SetJmpSites);
        text.Append(body);
        End(text, lowering);
        return text.ToString();
    }

    private SourcePlace Place => plan.Unit.PlaceOf(function.Decl.Start);

    private string LastParameter()
    {
        IReadOnlyList<VarDecl> parameters = function.Decl.Parameters;
        return parameters[^1].Name;
    }

    private void Variables(StringBuilder text)
    {
        foreach (RecordVariable v in function.SlotList)
        {
            if (v.Name == FunctionLowering.StackSlot)
            {
                text.Append("void *__up_l_").Append(v.Member).Append(" = 0; ");
            }
            else if (v.CloneText is not null && v.Type.Canonical is ArrayType)
            {
                text.Append(CultureInfo.InvariantCulture, $"void *__up_p_{v.Member} = 0; unsigned long {FunctionLowering.Room(v)} = 0; ");
            }
            else if (v.Mode == RecordMode.InPlace)
            {
                string type = TypeText.Unqualified(v.Type, context.RenameType);
                text.Append(CultureInfo.InvariantCulture,
                    $"{Alignment(v)}__typeof__({type}) __up_o_{v.Member}; __typeof__({type}) *__up_p_{v.Member} = &__up_o_{v.Member}; ");
            }
            else
            {
                bool isVolatile = IsVolatile(v);
                text.Append(isVolatile ? "volatile " : "").Append(CultureInfo.InvariantCulture,
                    $"__typeof__(((struct {function.RecordTag} *)0)->{v.Member}) __up_l_{v.Member}{(isVolatile ? " = { 0 }" : "")}; ");
            }
        }

        text.Append('\n');
    }

    /// <summary>
    /// From this many pairs of a point and a variable in scope there on a clone's variables stay in memory. Each point is an entry into
    /// the body, at which each variable that could be in a register has two values to be joined; the time that gcc takes grows faster than
    /// their number (docs/evaluation.md, PostgreSQL).
    /// </summary>
    private const int MostJoins = 8192;

    /// <summary>What gcc allows in one asm statement.</summary>
    private const int MostOperands = 30;

    private void KeepInMemory(StringBuilder text, IReadOnlyList<ContinuationPoint> points)
    {
        if (points.Sum(p => p.InScope.Count) < MostJoins)
        {
            return;
        }

        IEnumerable<string> names = function.SlotList.Where(v => v.CloneText is null).Select(v =>
            (v.Mode == RecordMode.InPlace && v.Name != FunctionLowering.StackSlot ? "__up_p_" : "__up_l_") + v.Member);
        foreach (string[] some in names.Chunk(MostOperands))
        {
            text.Append("__asm__(\"\" : : ").AppendJoin(", ", some.Select(n => "\"m\"(" + n + ")")).Append(");\n");
        }
    }

    /// <summary>As written, where that holds no name of the function's own: it means something else here, or nothing.</summary>
    private string Alignment(RecordVariable v)
    {
        string text = v.Decl?.Alignment ?? "";
        for (int at = 0; at < text.Length;)
        {
            (int from, int to) = Tokens.Next(text, at, text.Length);
            if (from < text.Length && Tokens.IsWord(text[from]) && text[from..to] is var name
                && (function.Scopes().Any(s => s.Variable.Name == name) || function.LiftedNames.Keys.Any(k => k == name || k == "tag " + name)))
            {
                return "__attribute__((aligned(64))) ";
            }

            at = Math.Max(to, at + 1);
        }

        return text;
    }

    private bool IsVolatile(RecordVariable v) => v.Decl is { } d
        ? ((d.Type.Qualifiers | d.Type.Canonical.Qualifiers) & Qualifiers.Volatile) != 0
        : function.Temps.Exists(t => t.Name == v.Name && t.IsVolatile);

    private void Dispatch(StringBuilder text, FunctionPlan f, List<SetJmpSite> sites)
    {
        text.Append(CultureInfo.InvariantCulture,
            $"struct {function.RecordTag} *__up_r = upstare_pop(); unsigned int __up_pt = __up_r->__up_h.point;\n");
        Loads(text, f.Points);
        foreach (SetJmpSite s in sites)
        {
            string buffer = FunctionLowering.CloneName(function.TempSlots[s.Buffer.Name]);
            string result = FunctionLowering.CloneName(function.TempSlots[s.Result.Name]);
            text.Append(CultureInfo.InvariantCulture,
                $"if ({buffer}) {{ int *__up_m = (void *)((char *){buffer} + __UP_MASK_WAS_SAVED), __up_k = *__up_m; ");
            text.Append(CultureInfo.InvariantCulture,
                $"int __up_a = upstare_arm((void *){buffer}); if (__up_a) {{ {result} = __up_a; goto __up_j{s.Number}; }} *__up_m = __up_k; }}\n");
        }

        text.Append("if (__up_pt & UPSTARE_AFTER) upstare_resumed();\nswitch (__up_pt) { ");
        foreach (ContinuationPoint p in f.Points)
        {
            string inside = p.Kind == PointKind.Call ? "__up_r" : "__up_b";
            text.Append(CultureInfo.InvariantCulture,
                $"case {p.Number}: goto {inside}{p.Number}; case {p.Number} | UPSTARE_AFTER: goto __up_b{p.Number};\n");
        }

        text.Append("default: __builtin_trap(); }\n");
    }

    /// <summary>
    /// What is in scope at all points is loaded once, and points with the same rest share its loads: the parser of a large grammar
    /// has thousands of points that differ in a variable or two.
    /// </summary>
    private void Loads(StringBuilder text, IReadOnlyList<ContinuationPoint> points)
    {
        if (points.Count == 0)
        {
            return;
        }

        var common = new HashSet<int>(points[0].InScope);
        foreach (ContinuationPoint p in points)
        {
            common.IntersectWith(p.InScope);
        }

        List<int> everywhere = [.. points[0].InScope.Where(common.Contains)];
        everywhere.ForEach(i => text.Append(RecordLoader.Load(function.SlotList[i])));
        var rests = new Dictionary<string, List<ContinuationPoint>>(StringComparer.Ordinal);
        foreach (ContinuationPoint p in points)
        {
            string rest = string.Join(',', p.InScope.Where(i => !common.Contains(i)));
            if (rest.Length == 0)
            {
                continue;
            }

            if (!rests.TryGetValue(rest, out List<ContinuationPoint>? same))
            {
                rests[rest] = same = [];
            }

            same.Add(p);
        }

        text.Append("switch (__up_pt & ~UPSTARE_AFTER) { ");
        foreach (List<ContinuationPoint> same in rests.Values)
        {
            foreach (ContinuationPoint p in same)
            {
                text.Append(CultureInfo.InvariantCulture, $"case {p.Number}: ");
            }

            List<int> rest = [.. same[0].InScope.Where(i => !common.Contains(i))];
            rest.ForEach(i => text.Append(RecordLoader.Load(function.SlotList[i])));
            rest.ForEach(i => Room(text, function.SlotList[i]));
            text.Append("break;\n");
        }

        text.Append("}\n");
        everywhere.ForEach(i => Room(text, function.SlotList[i]));
    }

    /// <summary>The size of a variable-length array's memory; its bounds have been loaded.</summary>
    private static void Room(StringBuilder text, RecordVariable v)
    {
        if (v is { CloneText: { } array, Type.Canonical: ArrayType })
        {
            text.Append(CultureInfo.InvariantCulture, $"{FunctionLowering.Room(v)} = sizeof({array}); ");
        }
    }

    private void End(StringBuilder text, FunctionLowering lowering)
    {
        LineMarker.Append(text, plan.Unit.PlaceOf(Math.Max(function.Decl.Start, function.Decl.End - 1)), generated: true);
        CType type = function.Decl.Type.Return.Canonical;
        text.Append(lowering.End(ExitWriter.Constraint(type) is null ? null : TypeText.Unqualified(function.Decl.Type.Return, context.RenameType)));
        text.Append(type switch
        {
            BuiltinType { IsVoid: true } => "return; ",
            BuiltinType or PointerType or EnumType or ComplexType => "return 0; ",
            _ => "; ",
        });
        text.Append("}\n");
        LineMarker.Append(text, plan.Unit.PlaceOf(Math.Max(function.Decl.Start, function.Decl.End - 1)), generated: false);
    }
}
