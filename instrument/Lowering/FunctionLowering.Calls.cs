using UpStare.Frontend.Model;

namespace UpStare.Instrument.Lowering;

/// <summary>Calls, setjmp, va_start, alloca, and compound literals whose storage has to outlive a point.</summary>
internal sealed partial class FunctionLowering
{
    private readonly Dictionary<CallExpr, (Temp Buffer, Temp Result)> _setJmpTemps = [];
    private readonly HashSet<CompoundLiteralExpr> _literals = [];
    private readonly Dictionary<CompoundLiteralExpr, Temp> _literalTemps = [];

    /// <summary>What is left of a call: its temporary, the call itself where no check follows it, "" where no value is wanted.</summary>
    private string Call(CallExpr c, bool wantsValue)
    {
        if (Unit.Calls.IsSetJmp(c))
        {
            return SetJmp(c);
        }

        int mark = Mark();
        string call = CallText(c);
        if (!Unit.Calls.IsSuspendable(c))
        {
            return call;
        }

        // The call consumes what its arguments have left in temporaries.
        Release(mark);
        bool isVoid = c.Type.Canonical is BuiltinType { IsVoid: true };
        Temp? result = wantsValue && !isVoid ? NewTemp(c.Type) : null;
        CallAndCheck(c, call, result, Folded(c.Start, c.End));
        Line(c.Start);
        return result is not null ? Name(result) : isVoid && wantsValue ? "(void)0" : "";
    }

    /// <summary>A suspendable call with its check.</summary>
    private void CallAndCheck(CallExpr c, string call, Temp? result, string shape)
    {
        EmitCall(c, call, result);
        Point(PointKind.Call, c.Function?.Name, c, shape, result);
        if (c.Function is { } f && Unit.NoReturn.Contains(f.Entity))
        {
            Emit(" __builtin_unreachable();");
        }
    }

    private void EmitCall(CallExpr c, string call, Temp? result)
    {
        Line(c.Start);
        string made = result is null ? call + "; " : Set(result, call);
        if (_mode != LoweringMode.Clone)
        {
            Emit(made);
            return;
        }

        string k = _nextPoint.ToString(System.Globalization.CultureInfo.InvariantCulture);
        string type = TypeText.Unqualified(c.Type, Unit.RenameType);
        string next = $"((__typeof__({type}) (*)(void))upstare_next())()";
        Emit($"if (0) {{ __up_r{k}: {(result is null ? next + "; " : Set(result, next))}{Called(k, "next")} }} else {{ {made}{Called(k, "call")} }} ");
    }

    private string Called(string point, string what) => $"__UP_CALLED(\"{_f.Descriptor}\", {point}, \"{what}\");";

    /// <summary>The callee first, then the arguments from the last to the first, as gcc does it on x86-64.</summary>
    private string CallText(CallExpr c)
    {
        var order = new List<Expr>();
        if (c.Function is null)
        {
            order.Add(c.Callee);
        }

        for (int i = c.Arguments.Count - 1; i >= 0; i--)
        {
            order.Add(c.Arguments[i]);
        }

        string[] texts = Operands(order);
        var parts = new List<(Expr, string)>();
        if (c.Function is null)
        {
            parts.Add((c.Callee, texts[0]));
        }
        else if (CalleeText(c) is { } callee)
        {
            parts.Add((c.Callee, callee));
        }

        for (int i = 0; i < c.Arguments.Count; i++)
        {
            parts.Add((c.Arguments[i], texts[^(i + 1)]));
        }

        return With(c, parts);
    }

    private string SetJmp(CallExpr c)
    {
        (Temp buffer, Temp result) = _setJmpTemps[c];
        string env = Value(c.Arguments[0]);
        Emit(Name(buffer) + " = (void *)(" + env + "); ");
        foreach ((Temp other, _) in _setJmpTemps.Values.Where(v => v.Buffer != buffer))
        {
            // A clone arms each buffer where it was armed last.
            Emit($"if ({Name(other)} == {Name(buffer)}) {Name(other)} = 0; ");
        }

        string? second = c.Arguments.Count > 1 ? Value(c.Arguments[1]) : null;
        string callee = c.Function!.Name;
        string k = SetJmpSites.Count.ToString(System.Globalization.CultureInfo.InvariantCulture);
        SetJmpSites.Add(new SetJmpSite(SetJmpSites.Count, buffer, result));
        Emit(Name(result) + " = " + callee + "((void *)" + Name(buffer) + (second is null ? "" : ", " + second) + ");");
        if (_mode == LoweringMode.Clone)
        {
            Emit(" __up_j" + k + ":; ");
        }

        Point(PointKind.SetJmp, callee, c, Folded(c.Start, c.End), result, buffer);
        Line(c.Start);
        return Name(result);
    }

    private bool GatherSpecialCall(CallExpr call, List<Piece> pieces)
    {
        if (_mode != LoweringMode.Clone || call.Function is null)
        {
            return false;
        }

        if (call.Function.Name == "__builtin_va_start" && call.Arguments.Count > 0)
        {
            string list = Text(call.Arguments[0]);
            pieces.Add(new Piece(call.Start, call.End, "__builtin_va_copy(" + list + ", " + CloneName(_f.TempSlots["__up_va0"]) + ")"));
            return true;
        }

        if (Analysis.CallClassifier.IsAlloca(call))
        {
            var inner = new List<Piece>();
            base.Gather(call, inner);
            string text = Compose(call.Start, call.End, inner);
            string slot = "__up_l_" + _f.TempSlots[StackSlot].Member;
            pieces.Add(new Piece(call.Start, call.End,
                "__extension__ ({ void *__up_a = " + text + "; __asm__ volatile(\"movq %%rsp, %0\" : \"=m\"(" + slot + ")); __up_a; })"));
            return true;
        }

        return false;
    }

    /// <summary>Literals whose address may be kept: they move to variables of the record.</summary>
    private void CollectLiterals()
    {
        foreach (Node n in _f.Facts.Interesting)
        {
            if (n is CompoundLiteralExpr literal && _f.Facts.KeptLiterals.Contains(literal))
            {
                _literals.Add(literal);
                _literalTemps[literal] = NewWide("__up_k" + _literalTemps.Count.ToString(System.Globalization.CultureInfo.InvariantCulture),
                    literal.Type, RecordMode.InPlace);
            }
        }
    }

    private string InPlaceLiteral(CompoundLiteralExpr literal)
    {
        var pieces = new List<Piece>();
        Gather(literal.Init, pieces);
        return InPlaceLiteral(literal, Compose(literal.Start, literal.End, pieces));
    }

    private string InPlaceLiteral(CompoundLiteralExpr literal, string text)
    {
        string name = Name(_literalTemps[literal]);
        string type = TypeText.Of(literal.Type, Unit.RenameType);
        return "(*(__typeof__(" + type + ") *)__builtin_memcpy(&" + name + ", &" + text + ", sizeof(" + type + ")))";
    }
}
