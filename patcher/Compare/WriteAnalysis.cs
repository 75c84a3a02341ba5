using UpStare.Frontend.Model;

namespace UpStare.Patcher.Compare;

/// <summary>
/// Which variables of static lifetime a program can have written: those that are the target of an assignment, or whose
/// address goes anywhere but to a pointer to const. A variable without any such use still holds its initialiser.
/// </summary>
public sealed class WriteAnalysis
{
    private readonly HashSet<string> _written = new(StringComparer.Ordinal);

    /// <summary>Looks at all uses in the program.</summary>
    public WriteAnalysis(ProgramModel program)
    {
        foreach (UnitModel unit in program.Units)
        {
            var keys = new Dictionary<Decl, string>();
            foreach (Instrument.VariablePlan v in unit.Plan.Variables)
            {
                keys[v.Decl.Entity] = v.Key;
            }

            foreach (Decl decl in unit.Plan.Unit.Decls)
            {
                Walk(decl, keys);
            }
        }
    }

    /// <summary>Whether the variable of this key may have been written.</summary>
    public bool MayBeWritten(string key) => _written.Contains(key)
        || (key.IndexOf('!', StringComparison.Ordinal) is var at and >= 0 && _written.Contains(key[(at + 1)..])); // by another module

    private void Walk(Node node, Dictionary<Decl, string> keys)
    {
        switch (node)
        {
            case AssignExpr a:
                MarkBase(a.Left, keys);
                if (!IsPointerToConst(a.Left.Type))
                {
                    MarkDecay(a.Right, keys);
                }

                break;
            case UnaryExpr { Op: UnaryOp.PreIncrement or UnaryOp.PreDecrement or UnaryOp.PostIncrement or UnaryOp.PostDecrement } u:
                MarkBase(u.Operand, keys);
                break;
            case VarDecl { Init: Expr init } v:
                if (!IsPointerToConst(v.Type))
                {
                    MarkDecay(init, keys);
                }

                break;
            case CallExpr c:
                MarkArguments(c, keys);
                break;
            case ReturnStmt { Value: Expr value }:
                MarkDecay(value, keys);
                break;
            case CastExpr c when !IsPointerToConst(c.Type):
                MarkDecay(c.Operand, keys);
                break;
            case InitListExpr list:
                foreach (Expr item in list.Items)
                {
                    MarkDecay(item is DesignatedExpr d ? d.Value : item, keys);
                }

                break;
            case AsmStmt or UnknownExpr or UnknownStmt:
                foreach (Node child in node.Children)
                {
                    if (child is Expr e)
                    {
                        MarkBase(e, keys);
                    }
                }

                break;
        }

        foreach (Node child in node.Children)
        {
            Walk(child, keys);
        }
    }

    private void MarkArguments(CallExpr call, Dictionary<Decl, string> keys)
    {
        IReadOnlyList<CType>? parameters = (call.Callee.Type.Canonical switch
        {
            PointerType p => p.Pointee.Canonical as FunctionType,
            CType t => t as FunctionType,
        })?.Parameters;
        for (int i = 0; i < call.Arguments.Count; i++)
        {
            if (parameters is null || i >= parameters.Count || !IsPointerToConst(parameters[i]))
            {
                MarkDecay(call.Arguments[i], keys);
            }
        }
    }

    // An address that is handed on: &x..., an array that decays, or arithmetic and choices over them.
    private void MarkDecay(Expr expr, Dictionary<Decl, string> keys)
    {
        switch (expr.Inner)
        {
            case UnaryExpr { Op: UnaryOp.AddressOf } u:
                MarkBase(u.Operand, keys);
                break;
            case BinaryExpr b:
                MarkDecay(b.Left, keys);
                MarkDecay(b.Right, keys);
                break;
            case ConditionalExpr c:
                if (c.Then is not null)
                {
                    MarkDecay(c.Then, keys);
                }

                MarkDecay(c.Else, keys);
                break;
            case CastExpr c:
                MarkDecay(c.Operand, keys);
                break;
            case Expr e when e.Type.Canonical is ArrayType:
                MarkBase(e, keys);
                break;
        }
    }

    // The variable whose storage an lvalue is part of.
    private void MarkBase(Expr expr, Dictionary<Decl, string> keys)
    {
        Expr e = expr.Inner;
        while (true)
        {
            if (e is MemberExpr { IsArrow: false } m)
            {
                e = m.Base.Inner;
            }
            else if (e is SubscriptExpr s)
            {
                e = (s.Left.Type.Canonical is ArrayType ? s.Left : s.Right.Type.Canonical is ArrayType ? s.Right : s.Left).Inner;
                if (e.Type.Canonical is not ArrayType)
                {
                    return; // through a pointer: its target was marked where the address was taken
                }
            }
            else if (e is UnaryExpr { Op: UnaryOp.Dereference } d && d.Operand.Inner.Type.Canonical is ArrayType)
            {
                e = d.Operand.Inner;
            }
            else
            {
                break;
            }
        }

        if (e is DeclRefExpr { Decl: VarDecl v })
        {
            if (keys.TryGetValue(v.Entity, out string? key))
            {
                _written.Add(key);
            }
            else if (v.HasStaticLifetime && !v.IsStatic)
            {
                _written.Add(v.Name); // declared here, defined in another unit
            }
        }
    }

    private static bool IsPointerToConst(CType type) => type.Canonical switch
    {
        PointerType p => TypeComparer.IsConst(p.Pointee),
        ArrayType a => IsPointerToConst(a.Element),
        RecordType => false,
        _ => true, // no pointer at all
    };
}
