using UpStare.Frontend.Model;

namespace UpStare.Instrument.Lowering;

/// <summary>
/// Expressions. <see cref="Value"/> writes what has to run before (in gcc's order) and returns what is left: a text
/// that is to be evaluated exactly once, directly after.
/// </summary>
internal sealed partial class FunctionLowering
{
    /// <summary>The value of an expression.</summary>
    private string Value(Expr e)
    {
        if (!_f.NeedsLowering(e))
        {
            return Text(e);
        }

        switch (e)
        {
            case ParenExpr p:
                return "(" + Value(p.Operand) + ")";
            case CallExpr c:
                return Call(c, wantsValue: true);
            case BinaryExpr { Op: "&&" or "||" } b:
                return Logical(b);
            case BinaryExpr { Op: "," } b:
                DiscardFirst(b.Left);
                return Value(b.Right);
            case BinaryExpr b:
                return Binary(b);
            case AssignExpr a:
                return Assign(a);
            case ConditionalExpr c:
                return Conditional(c);
            case StmtExpr s:
                return StatementExpression(s, wantsValue: true);
            case UnaryExpr u when IsLvalueOperator(u.Op):
                return With(e, [(u.Operand, Lvalue(u.Operand, false))]);
            case MemberExpr { IsArrow: false } m:
                return With(e, [(m.Base, IsLvalue(m.Base) ? Lvalue(m.Base, false) : Value(m.Base))]);
            case SubscriptExpr:
                return Lvalue(e, false);
            case CompoundLiteralExpr literal when _literals.Contains(literal):
                return InPlaceLiteral(literal, InOrder(e));
            default:
                return InOrder(e);
        }
    }

    /// <summary>Evaluates an expression for its effects.</summary>
    private void Discard(Expr e)
    {
        if (!_f.NeedsLowering(e))
        {
            Emit(Text(e) + ";");
            return;
        }

        switch (e.Inner)
        {
            case CallExpr c:
                string rest = Call(c, wantsValue: false);
                if (rest.Length > 0)
                {
                    Emit(rest + ";");
                }

                break;
            case BinaryExpr { Op: "," } b:
                DiscardFirst(b.Left);
                Emit(" ");
                Discard(b.Right);
                break;
            case BinaryExpr { Op: "&&" or "||" } b:
                Emit("if (" + (b.Op == "||" ? "!(" : "(") + Value(b.Left) + ")) { ");
                DiscardArm(b.Right, b.Op);
                Emit(" }");
                break;
            case ConditionalExpr c:
                DiscardConditional(c);
                break;
            case CastExpr { Type.Canonical: BuiltinType { IsVoid: true } } k:
                Discard(k.Operand);
                break;
            case StmtExpr s:
                StatementExpression(s, wantsValue: false);
                break;
            case AssignExpr a:
                Emit(Assign(a) + ";");
                break;
            default:
                string value = Value(e);
                Emit(e.Type.Canonical is BuiltinType { IsVoid: true } ? value + ";" : "(void)(" + value + ");");
                break;
        }
    }

    private void DiscardFirst(Expr e)
    {
        int mark = Mark();
        Discard(e);
        Release(mark);
    }

    private void DiscardArm(Expr e, string path)
    {
        int mark = Mark();
        _path.Add(path);
        Discard(e);
        _path.RemoveAt(_path.Count - 1);
        Release(mark);
    }

    private void DiscardConditional(ConditionalExpr c)
    {
        string cond = Value(c.Cond);
        if (c.Then is null)
        {
            Emit("if (!(" + cond + ")) { ");
            DiscardArm(c.Else, "?:");
            Emit(" }");
            return;
        }

        Emit("if (" + cond + ") { ");
        DiscardArm(c.Then, "?");
        Emit(" } else { ");
        DiscardArm(c.Else, ":");
        Emit(" }");
    }

    private string Logical(BinaryExpr b)
    {
        if (!_f.NeedsLowering(b.Right))
        {
            return With(b, [(b.Left, Value(b.Left)), (b.Right, Text(b.Right))]);
        }

        bool and = b.Op == "&&";
        string left = Value(b.Left);
        Temp t = Reserve(s_int);
        Emit((and ? "if (" : "if (!(") + left + (and ? ") { " : ")) { "));
        Arm(t, b.Right, b.Op, "!!(");
        Emit("} else " + Name(t) + (and ? " = 0; " : " = 1; "));
        return Activate(t);
    }

    /// <summary>A part that runs in some cases only: what it has in temporaries is of no use behind it.</summary>
    private void Arm(Temp t, Expr e, string path, string wrap)
    {
        int mark = Mark();
        _path.Add(path);
        string value = Value(e);
        _path.RemoveAt(_path.Count - 1);
        Emit(Set(t, wrap + value + (wrap.Length > 0 ? ")" : "")));
        Release(mark);
    }

    private string Conditional(ConditionalExpr c)
    {
        if (!_f.NeedsLowering(c.Else) && (c.Then is null || !_f.NeedsLowering(c.Then)))
        {
            var parts = new List<(Expr, string)> { (c.Cond, Value(c.Cond)) };
            if (c.Then is not null)
            {
                parts.Add((c.Then, Text(c.Then)));
            }

            parts.Add((c.Else, Text(c.Else)));
            return With(c, parts);
        }

        if (c.Type.Canonical is BuiltinType { IsVoid: true })
        {
            DiscardConditional(c);
            return "(void)0";
        }

        string cond = Value(c.Cond);
        if (c.Then is null)
        {
            Temp first = Reserve(c.Cond.Type);
            Temp chosen = Reserve(c.Type);
            Emit(Set(first, cond) + "if (" + Name(first) + ") " + Set(chosen, Name(first)) + "else { ");
            Arm(chosen, c.Else, "?:", "");
            Emit("} ");
            Free(first);
            return Activate(chosen);
        }

        Temp t = Reserve(c.Type);
        Emit("if (" + cond + ") { ");
        Arm(t, c.Then, "?", "");
        Emit("} else { ");
        Arm(t, c.Else, ":", "");
        Emit("} ");
        return Activate(t);
    }

    private string Binary(BinaryExpr b)
    {
        if (!_f.NeedsLowering(b.Left) && EvaluationOrder.ReadsLeftLast(b))
        {
            return With(b, [(b.Left, Text(b.Left)), (b.Right, Value(b.Right))]);
        }

        string[] parts = Operands([b.Left, b.Right]);
        return With(b, [(b.Left, parts[0]), (b.Right, parts[1])]);
    }

    private string Assign(AssignExpr a)
    {
        if (a.Op == "=")
        {
            bool later = _f.NeedsLowering(a.Right);
            string to = Lvalue(a.Left, later);
            string from = later ? Value(a.Right) : Text(a.Right);
            return With(a, [(a.Left, to), (a.Right, from)]);
        }

        // The right side of a compound assignment is evaluated first (gcc's build_modify_expr saves it).
        string value;
        if (_f.NeedsLowering(a.Left))
        {
            value = Spill(a.Right);
        }
        else
        {
            value = Value(a.Right);
        }

        string target = Lvalue(a.Left, false);
        return With(a, [(a.Left, target), (a.Right, value)]);
    }

    /// <summary>An expression whose evaluated parts come in the order of the text.</summary>
    private string InOrder(Expr e)
    {
        List<Expr> children = Parts(e);
        string[] texts = Operands(children);
        var parts = new List<(Expr, string)>();
        for (int i = 0; i < texts.Length; i++)
        {
            parts.Add((children[i], texts[i]));
        }

        return With(e, parts);
    }

    private List<Expr> Parts(Expr e)
    {
        if (e is InitListExpr list)
        {
            return EvaluationOrder.Items(list, Unit.Unit);
        }

        var parts = new List<Expr>();
        foreach (Node child in e.Children)
        {
            if (child is Expr x)
            {
                parts.Add(x);
            }
        }

        return parts;
    }

    /// <summary>Evaluates operands in the order given: those before the last point go to temporaries.</summary>
    private string[] Operands(IReadOnlyList<Expr> operands)
    {
        int last = -1;
        for (int i = 0; i < operands.Count; i++)
        {
            if (_f.NeedsLowering(operands[i]))
            {
                last = i;
            }
        }

        var texts = new string[operands.Count];
        for (int i = 0; i < operands.Count; i++)
        {
            texts[i] = i < last ? Spill(operands[i]) : Value(operands[i]);
        }

        return texts;
    }

    /// <summary>The value of an expression, unaffected by whatever runs later.</summary>
    private string Spill(Expr e)
    {
        if (!_f.NeedsLowering(e) && IsStable(e))
        {
            return Text(e);
        }

        if (e.Type.Canonical is ArrayType or FunctionType && IsLvalue(e))
        {
            return Lvalue(e, true);
        }

        switch (e)
        {
            case InitListExpr or DesignatedExpr:
                var parts = new List<(Expr, string)>();
                foreach (Expr x in Parts(e))
                {
                    parts.Add((x, Spill(x)));
                }

                return With(e, parts);
        }

        string value = Value(e);
        if (_active.Exists(held => Name(held) == value))
        {
            // A call's own temporary: nothing writes it again before the full expression ends.
            return value;
        }

        Temp t = NewTemp(e.Type);
        Emit(Set(t, value));
        return Name(t);
    }

    /// <summary>Whether the expression gives the same value after any later part of its full expression has run.</summary>
    private bool IsStable(Expr e) => e switch
    {
        LiteralExpr or UnevaluatedExpr or AddrLabelExpr => true,
        DeclRefExpr { Decl: EnumConstantDecl or FunctionDecl } => true,
        DeclRefExpr { Decl: VarDecl v } => v.Type.Canonical is ArrayType
            || (!v.HasStaticLifetime && _f.IsByValue((VarDecl)v.Entity)),
        ParenExpr p => IsStable(p.Operand),
        CastExpr c => IsStable(c.Operand),
        UnaryExpr { Op: UnaryOp.AddressOf } u => IsStableAddress(u.Operand),
        UnaryExpr { Op: UnaryOp.Plus or UnaryOp.Minus or UnaryOp.Not or UnaryOp.BitNot or UnaryOp.Extension } u => IsStable(u.Operand),
        BinaryExpr b when b.Op != "," => IsStable(b.Left) && IsStable(b.Right),
        InitListExpr i => AllStable(i.Items),
        DesignatedExpr d => AllStable(d.Designators) && IsStable(d.Value),
        MemberExpr { IsArrow: false } m => IsStable(m.Base),
        _ => false,
    };

    private bool AllStable(IReadOnlyList<Expr> items)
    {
        foreach (Expr e in items)
        {
            if (!IsStable(e))
            {
                return false;
            }
        }

        return true;
    }

    private bool IsStableAddress(Expr e) => e.Inner switch
    {
        DeclRefExpr => true,
        MemberExpr { IsArrow: true } m => IsStable(m.Base),
        MemberExpr m => IsStableAddress(m.Base),
        SubscriptExpr s => (s.Left.Type.Canonical is ArrayType ? IsStableAddress(s.Left) : IsStable(s.Left)) && IsStable(s.Right),
        UnaryExpr { Op: UnaryOp.Dereference } u => IsStable(u.Operand),
        _ => false,
    };

    private static bool IsLvalue(Expr e) => e.Inner switch
    {
        DeclRefExpr or SubscriptExpr or UnaryExpr { Op: UnaryOp.Dereference } or CompoundLiteralExpr => true,
        LiteralExpr { Kind: LiteralKind.String } => true,
        MemberExpr m => m.IsArrow || IsLvalue(m.Base),
        UnaryExpr { Op: UnaryOp.Real or UnaryOp.Imag or UnaryOp.Extension } u => IsLvalue(u.Operand),
        _ => false,
    };

    private static bool IsLvalueOperator(UnaryOp op) => op is UnaryOp.AddressOf or UnaryOp.PreIncrement or UnaryOp.PreDecrement
        or UnaryOp.PostIncrement or UnaryOp.PostDecrement;

    /// <summary>
    /// An object, not its value: calls in its address are taken out. With <paramref name="keep"/> all that the address
    /// depends on is saved, since something runs before the object is used.
    /// </summary>
    private string Lvalue(Expr e, bool keep)
    {
        switch (e)
        {
            case ParenExpr p:
                return "(" + Lvalue(p.Operand, keep) + ")";
            case MemberExpr { IsArrow: true } m:
                return With(e, [(m.Base, keep ? Spill(m.Base) : Value(m.Base))]);
            case MemberExpr m when IsLvalue(m.Base):
                return With(e, [(m.Base, Lvalue(m.Base, keep))]);
            case MemberExpr m:
                return With(e, [(m.Base, keep ? Spill(m.Base) : Value(m.Base))]);
            case UnaryExpr { Op: UnaryOp.Dereference } u:
                return With(e, [(u.Operand, keep ? Spill(u.Operand) : Value(u.Operand))]);
            case UnaryExpr { Op: UnaryOp.Real or UnaryOp.Imag or UnaryOp.Extension } u:
                return With(e, [(u.Operand, Lvalue(u.Operand, keep))]);
            case SubscriptExpr s:
                return Subscript(s, keep);
            case DeclRefExpr or LiteralExpr:
                return Text(e);
            default:
                return keep ? Spill(e) : Value(e);
        }
    }

    private string Subscript(SubscriptExpr s, bool keep)
    {
        bool keepLeft = keep || _f.NeedsLowering(s.Right);
        string left = IsArrayObject(s.Left) ? Lvalue(s.Left, keepLeft) : keepLeft ? Spill(s.Left) : Value(s.Left);
        string right = keep ? Spill(s.Right) : Value(s.Right);
        return With(s, [(s.Left, left), (s.Right, right)]);
    }

    private static bool IsArrayObject(Expr e) => e.Type.Canonical is ArrayType && IsLvalue(e);

    private string StatementExpression(StmtExpr s, bool wantsValue)
    {
        OpenBlock(s);
        IReadOnlyList<Stmt> body = s.Body.Body;
        Stmt? last = body.Count > 0 ? body[^1] : null;
        bool value = wantsValue && last is ExprStmt && s.Type.Canonical is not BuiltinType { IsVoid: true };
        Temp? result = value ? Reserve(s.Type) : null;
        Emit("{ ");
        for (int i = 0; i < body.Count - (value ? 1 : 0); i++)
        {
            Statement(body[i]);
        }

        if (result is not null)
        {
            Line(last!.Start);
            int mark = Mark();
            Emit(Set(result, Value(((ExprStmt)last).Expr)));
            Release(mark);
        }

        string left = result is null ? "(void)0" : Activate(result);
        CleanUp(s.Body);
        CloseBlock();
        Emit(" } ");
        return left;
    }

    private string With(Expr e, List<(Expr Child, string Text)> parts)
    {
        var pieces = new List<Piece>();
        foreach ((Expr child, string text) in parts)
        {
            pieces.Add(new Piece(child.Start, child.End, text));
        }

        pieces.Sort((a, b) => a.Start.CompareTo(b.Start));
        return Compose(e.Start, e.End, pieces);
    }
}
