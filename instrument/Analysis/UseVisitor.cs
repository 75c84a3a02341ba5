using UpStare.Frontend.Model;

namespace UpStare.Instrument.Analysis;

/// <summary>What an expression does with a variable that it names.</summary>
internal enum Use
{
    /// <summary>The whole value is read.</summary>
    Value,

    /// <summary>A part at a constant place is read.</summary>
    Part,

    /// <summary>An element at a computed place is read.</summary>
    Indexed,

    /// <summary>It, or a part at a constant place, is written.</summary>
    Write,

    /// <summary>An element at a computed place is written.</summary>
    IndexedWrite,

    /// <summary>Its address goes somewhere.</summary>
    Escape,
}

/// <summary>Walks code and tells of each use of a variable, and of each use of a function other than calling it directly.</summary>
internal abstract class UseVisitor
{
    /// <summary>A variable is used. Not called inside sizeof and the like.</summary>
    protected abstract void OnVariable(VarDecl variable, DeclRefExpr reference, Use use);

    /// <summary>A function's name is used as a value.</summary>
    protected virtual void OnFunctionValue(FunctionDecl function, DeclRefExpr reference)
    {
    }

    /// <summary>A compound literal is met, before its parts.</summary>
    protected virtual void OnLiteral(CompoundLiteralExpr literal, Use use)
    {
    }

    /// <summary>A call is met, before its parts.</summary>
    protected virtual void OnCall(CallExpr call)
    {
    }

    /// <summary>Any other node is met, before its parts.</summary>
    protected virtual void OnNode(Node node)
    {
    }

    /// <summary>Walks a statement, a declaration or an expression whose value is read.</summary>
    public void Visit(Node node)
    {
        if (node is Expr e)
        {
            Visit(e, Use.Value);
            return;
        }

        OnNode(node);
        bool asm = node is AsmStmt or UnknownStmt;
        foreach (Node child in node.Children)
        {
            if (child is Expr operand)
            {
                Visit(operand, asm ? Use.Escape : Use.Value);
            }
            else
            {
                Visit(child);
            }
        }
    }

    private void Visit(Expr e, Use use)
    {
        if (e is not DeclRefExpr)
        {
            OnNode(e);
        }

        switch (e)
        {
            case DeclRefExpr r:
                VisitReference(r, use);
                break;
            case ParenExpr p:
                Visit(p.Operand, use);
                break;
            case CallExpr c:
                VisitCall(c);
                break;
            case MemberExpr { IsArrow: true } m:
                Visit(m.Base, Use.Value);
                break;
            case MemberExpr m:
                Visit(m.Base, PartUse(m.Type, use));
                break;
            case SubscriptExpr s:
                VisitSubscript(s, use);
                break;
            case UnaryExpr u:
                Visit(u.Operand, UnaryUse(u, use));
                break;
            case AssignExpr a:
                Visit(a.Left, Use.Write);
                Visit(a.Right, Use.Value);
                break;
            case UnevaluatedExpr:
                break;
            case CompoundLiteralExpr literal:
                OnLiteral(literal, use);
                Visit(literal.Init, Use.Value);
                break;
            case UnknownExpr k:
                foreach (Expr part in k.Parts)
                {
                    Visit(part, Use.Escape);
                }

                break;
            default:
                foreach (Node child in e.Children)
                {
                    Visit(child);
                }

                break;
        }
    }

    private void VisitReference(DeclRefExpr r, Use use)
    {
        if (r.Decl is VarDecl v)
        {
            OnVariable(v, r, use == Use.Value && r.Type.Canonical is ArrayType ? Use.Escape : use);
        }
        else if (r.Decl is FunctionDecl f)
        {
            OnFunctionValue(f, r);
        }
    }

    private void VisitCall(CallExpr c)
    {
        OnCall(c);
        if (CallClassifier.OnlyAsks(c))
        {
            return;
        }

        if (c.Function is null)
        {
            Visit(c.Callee, Use.Value);
        }

        foreach (Expr a in c.Arguments)
        {
            Visit(a, Use.Value);
        }
    }

    private void VisitSubscript(SubscriptExpr s, Use use)
    {
        bool leftArray = s.Left.Type.Canonical is ArrayType;
        bool rightArray = s.Right.Type.Canonical is ArrayType;
        if (!leftArray && !rightArray)
        {
            Visit(s.Left, Use.Value);
            Visit(s.Right, Use.Value);
            return;
        }

        Expr array = leftArray ? s.Left : s.Right;
        Expr index = leftArray ? s.Right : s.Left;
        Use part = PartUse(s.Type, use);
        if (index.Inner is not LiteralExpr)
        {
            part = part switch
            {
                Use.Part => Use.Indexed,
                Use.Write => Use.IndexedWrite,
                _ => part,
            };
        }

        Visit(array, part);
        Visit(index, Use.Value);
    }

    private static Use PartUse(CType part, Use use) =>
        use == Use.Value ? (part.Canonical is ArrayType ? Use.Escape : Use.Part) : use;

    private static Use UnaryUse(UnaryExpr u, Use use) => u.Op switch
    {
        UnaryOp.AddressOf => Use.Escape,
        UnaryOp.Dereference => Use.Value,
        UnaryOp.PreIncrement or UnaryOp.PreDecrement or UnaryOp.PostIncrement or UnaryOp.PostDecrement => Use.Write,
        UnaryOp.Real or UnaryOp.Imag => use == Use.Value ? Use.Part : use,
        UnaryOp.Extension => use,
        _ => Use.Value,
    };
}
