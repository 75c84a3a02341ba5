using UpStare.Frontend.Model;

namespace UpStare.Instrument.Analysis;

/// <summary>Which loops and jumps get an update point (DESIGN 4.1, refined; see docs/limits.md, "Loops without a check").</summary>
internal sealed class LoopRules(TranslationUnit unit, PointsPolicy policy, Func<CallExpr, bool> isSuspendable)
{
    /// <summary>Adds to <paramref name="checks"/> the loops and gotos of a body that get a check.</summary>
    public void Collect(CompoundStmt body, HashSet<Node> checks)
    {
        var labels = new Dictionary<string, int>();
        Walk.Evaluated(body, n =>
        {
            if (n is LabelStmt l)
            {
                labels[l.Name] = l.Start;
            }
        });
        Collect(body, 0, labels, checks);
    }

    private void Collect(Node node, int depth, Dictionary<string, int> labels, HashSet<Node> checks)
    {
        switch (node)
        {
            case UnevaluatedExpr:
                return;
            case LoopStmt loop when NeedsCheck(loop, depth):
                checks.Add(loop);
                break;
            case GotoStmt g when labels.TryGetValue(g.Label, out int at) && at < g.Start:
            case IndirectGotoStmt:
                checks.Add(node);
                break;
        }

        int inner = node is LoopStmt nest && !IsOnce(nest) ? depth + 1 : depth;
        foreach (Node child in node.Children)
        {
            Collect(child, inner, labels, checks);
        }
    }

    private bool NeedsCheck(LoopStmt loop, int depth)
    {
        if (policy == PointsPolicy.All)
        {
            return true;
        }

        if (IsOnce(loop) || AlwaysSuspends(loop))
        {
            return false;
        }

        if (Bounds.IsLong(loop, unit))
        {
            return true;
        }

        bool innermost = !Walk.Any(loop.Body, n => n is LoopStmt inner && !IsOnce(inner));
        if (depth == 0 && !innermost)
        {
            return true;
        }

        return !Progress.IsBounded(loop) && (depth == 0 || IsSpin(loop));
    }

    /// <summary><c>do { } while (0)</c>.</summary>
    private bool IsOnce(LoopStmt loop) => loop is DoStmt d && Progress.IsLiteral(d.Cond, zero: true, unit);

    private bool IsSpin(LoopStmt loop)
    {
        Expr? cond = Cond(loop);
        if (cond is null || Progress.IsLiteral(cond, zero: false, unit) || loop.Body is NullStmt or CompoundStmt { Body.Count: 0 })
        {
            return true;
        }

        return Walk.Any(cond, n => n is DeclRefExpr { Decl: VarDecl v } && (v.HasStaticLifetime || (v.Type.Canonical.Qualifiers
            & (Qualifiers.Volatile | Qualifiers.Atomic)) != 0)
            || (n is Expr e && (e.Type.Qualifiers & (Qualifiers.Volatile | Qualifiers.Atomic)) != 0));
    }

    private static Expr? Cond(LoopStmt loop) => loop switch
    {
        WhileStmt w => w.Cond,
        DoStmt d => d.Cond,
        ForStmt f => f.Cond,
        _ => null,
    };

    /// <summary>Whether no cycle of the loop can avoid a suspendable call.</summary>
    private bool AlwaysSuspends(LoopStmt loop)
    {
        if (loop is not DoStmt && Cond(loop) is { } cond && Always(cond))
        {
            return true;
        }

        if (Flow(loop.Body) == Path.Suspends)
        {
            return true;
        }

        bool skips = Walk.Any(loop.Body, n => n is ContinueStmt);
        return !skips && ((loop is ForStmt { Step: { } step } && Always(step)) || (loop is DoStmt d && Always(d.Cond)));
    }

    private enum Path
    {
        /// <summary>Goes on to the next statement without a call for certain.</summary>
        Falls,

        /// <summary>A suspendable call has happened, or the cycle ends here.</summary>
        Suspends,

        /// <summary>May reach the next cycle without one.</summary>
        Skips,
    }

    private Path Flow(Stmt s)
    {
        switch (s)
        {
            case CompoundStmt c:
                return FlowOf(c.Body);
            case ExprStmt e:
                return Always(e.Expr) ? Path.Suspends : Path.Falls;
            case DeclStmt d:
                foreach (Decl decl in d.Decls)
                {
                    if (decl is VarDecl { Init: not null, HasStaticLifetime: false } v && Always(v.Init))
                    {
                        return Path.Suspends;
                    }
                }

                return Path.Falls;
            case ReturnStmt or BreakStmt:
                return Path.Suspends;
            case ContinueStmt or GotoStmt or IndirectGotoStmt or LabelStmt or UnknownStmt or CaseStmt or DefaultStmt:
                return Path.Skips;
            case IfStmt i:
                return FlowOfIf(i);
            case SwitchStmt w:
                return Always(w.Cond) ? Path.Suspends : Jumps(w) ? Path.Skips : Path.Falls;
            case LoopStmt l:
                return AlwaysEntered(l) ? Path.Suspends : Walk.Any(l, n => n is GotoStmt or IndirectGotoStmt) ? Path.Skips : Path.Falls;
            default:
                return Path.Falls;
        }
    }

    private Path FlowOf(IReadOnlyList<Stmt> body)
    {
        foreach (Stmt s in body)
        {
            Path p = Flow(s);
            if (p != Path.Falls)
            {
                return p;
            }
        }

        return Path.Falls;
    }

    private Path FlowOfIf(IfStmt i)
    {
        if (Always(i.Cond))
        {
            return Path.Suspends;
        }

        Path then = Flow(i.Then);
        Path other = i.Else is null ? Path.Falls : Flow(i.Else);
        if (then == Path.Skips || other == Path.Skips)
        {
            return Path.Skips;
        }

        return then == other ? then : Path.Falls;
    }

    private bool AlwaysEntered(LoopStmt l) => l switch
    {
        DoStmt d => Flow(d.Body) == Path.Suspends && !Walk.Any(d.Body, n => n is BreakStmt or ContinueStmt),
        WhileStmt w => Always(w.Cond),
        ForStmt f => f.Cond is not null && Always(f.Cond),
        _ => false,
    };

    private static bool Jumps(Stmt s) => Walk.Any(s, n => n is ContinueStmt or GotoStmt or IndirectGotoStmt);

    /// <summary>Whether evaluating the expression always makes a suspendable call.</summary>
    private bool Always(Expr e) => e switch
    {
        UnevaluatedExpr or StmtExpr or GenericExpr or UnknownExpr => false,
        CallExpr c when isSuspendable(c) => true,
        BinaryExpr { Op: "&&" or "||" } b => Always(b.Left),
        ConditionalExpr c => Always(c.Cond),
        _ => AnyAlways(e),
    };

    private bool AnyAlways(Expr e)
    {
        foreach (Node child in e.Children)
        {
            if (child is Expr x && Always(x))
            {
                return true;
            }
        }

        return false;
    }
}
