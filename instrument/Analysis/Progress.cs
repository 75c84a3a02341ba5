using UpStare.Frontend.Model;

namespace UpStare.Instrument.Analysis;

/// <summary>
/// Recognises loops that come to an end by themselves: some condition on which the loop is left depends on a local
/// variable that every way through moves on by itself (<c>i++</c>, <c>n -= k</c>, <c>p = p->next</c>).
/// </summary>
internal static class Progress
{
    /// <summary>Whether the loop is bounded by its own data.</summary>
    public static bool IsBounded(LoopStmt loop)
    {
        var moving = new HashSet<Decl>();
        var assigns = new List<(Decl Target, Expr Value)>();
        Walk.Evaluated(loop, n => Note(n, moving, assigns));
        bool changed = true;
        while (changed)
        {
            changed = false;
            foreach ((Decl target, Expr value) in assigns)
            {
                if (!moving.Contains(target) && Mentions(value, d => d == target || moving.Contains(d)))
                {
                    moving.Add(target);
                    changed = true;
                }
            }
        }

        return moving.Count > 0 && LeavesOn(loop, moving);
    }

    /// <summary>Whether the expression is an integer literal: 0, or for <paramref name="zero"/> false another one.</summary>
    public static bool IsLiteral(Expr e, bool zero, TranslationUnit unit)
    {
        if (e.Inner is not LiteralExpr { Kind: LiteralKind.Integer } literal)
        {
            return false;
        }

        bool isZero = unit.Slice(literal).Trim() is "0" or "0L" or "0U" or "0x0";
        return isZero == zero;
    }

    private static void Note(Node n, HashSet<Decl> moving, List<(Decl Target, Expr Value)> assigns)
    {
        switch (n)
        {
            case UnaryExpr { Op: UnaryOp.PreIncrement or UnaryOp.PreDecrement or UnaryOp.PostIncrement or UnaryOp.PostDecrement } u
                when Local(u.Operand) is { } d:
                moving.Add(d);
                break;
            case AssignExpr { Op: "=" } a when Local(a.Left) is { } d:
                assigns.Add((d, a.Right));
                break;
            case AssignExpr a when Local(a.Left) is { } d:
                moving.Add(d);
                break;
            case VarDecl { Init: { } init, HasStaticLifetime: false } v:
                assigns.Add((v.Entity, init));
                break;
        }
    }

    private static Decl? Local(Expr e) => e.Inner is DeclRefExpr { Decl: VarDecl { HasStaticLifetime: false } v }
        && (v.Type.Canonical.Qualifiers & (Qualifiers.Volatile | Qualifiers.Atomic)) == 0 ? v.Entity : null;

    private static bool Mentions(Node e, Func<Decl, bool> test) => Walk.Any(e, n => n is DeclRefExpr r && test(r.Decl.Entity));

    private static bool LeavesOn(LoopStmt loop, HashSet<Decl> moving)
    {
        Expr? cond = loop switch
        {
            WhileStmt w => w.Cond,
            DoStmt d => d.Cond,
            ForStmt f => f.Cond,
            _ => null,
        };
        if (cond is not null && Mentions(cond, moving.Contains))
        {
            return true;
        }

        return Walk.Any(loop.Body, n => n switch
        {
            IfStmt i => Leaves(i) && Mentions(i.Cond, moving.Contains),
            SwitchStmt s => Walk.Any(s.Body, x => x is ReturnStmt or GotoStmt) && Mentions(s.Cond, moving.Contains),
            _ => false,
        });
    }

    private static bool Leaves(IfStmt i) => Walk.Any(i.Then, Leaving) || (i.Else is not null && Walk.Any(i.Else, Leaving));

    private static bool Leaving(Node n) => n is BreakStmt or ReturnStmt or GotoStmt;
}
