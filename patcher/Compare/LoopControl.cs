using UpStare.Frontend.Model;
using UpStare.Instrument;

namespace UpStare.Patcher.Compare;

/// <summary>
/// Finds new variables that decide how long a loop goes on in whose middle a frame is rebuilt: neither zero nor the
/// initialiser is their value there, unless they never change.
/// </summary>
internal static class LoopControl
{
    /// <summary>Whether a variable's value is looked at by the condition of a loop around a point before it is set again.</summary>
    /// <param name="function">The new version's function.</param>
    /// <param name="unit">The unit that it stands in.</param>
    /// <param name="point">A point of it that an old one is mapped to.</param>
    /// <param name="variable">A variable that has no old value there.</param>
    /// <param name="initialiser">C text of the constant that it starts with, or null (zero).</param>
    /// <param name="isFirstTurn">The old point is in no loop: the frame goes on in the first turn of any loop of the new version.</param>
    public static bool Decides(FunctionPlan function, TranslationUnit unit, ContinuationPoint point, VarDecl variable, string? initialiser, bool isFirstTurn)
    {
        if (function.Decl.Body is not CompoundStmt body)
        {
            return false;
        }

        bool stays = initialiser is not null && !Any(body, n => Changes(n, variable));
        return !stays && Around(body, unit, point.Offset).Exists(loop =>
            Cond(loop) is Expr cond && Reads(cond, variable) && !IsSetAgain(loop, point.Offset, variable)
            && !(isFirstTurn && loop is ForStmt { Init: Stmt init } && FirstValue(init, unit, variable) == (initialiser ?? "0")));
    }

    /// <summary>Whether a variable still is what its declaration says when a point is reached for the first time.</summary>
    public static bool IsUntouched(FunctionPlan function, ContinuationPoint point, VarDecl variable) =>
        function.Decl.Body is CompoundStmt body && !Any(body, n => n.End <= point.Offset && Changes(n, variable));

    /// <summary>Whether a point stands in a loop that may turn more than once.</summary>
    public static bool IsInLoop(FunctionPlan function, TranslationUnit unit, ContinuationPoint point) =>
        function.Decl.Body is CompoundStmt body && Around(body, unit, point.Offset).Count > 0;

    private static List<LoopStmt> Around(CompoundStmt body, TranslationUnit unit, int at)
    {
        var loops = new List<LoopStmt>();
        Collect(body);
        return loops;

        void Collect(Node node)
        {
            if (!IsInside(node, at))
            {
                return;
            }

            // do { } while (0) is none, and what begins a for is done before it turns
            if (node is LoopStmt loop && !IsInside(Init(loop), at) && !(loop is DoStmt d && ConstantText.Of(unit, d.Cond.Inner) == "0"))
            {
                loops.Add(loop);
            }

            foreach (Node child in node.Children)
            {
                Collect(child);
            }
        }
    }

    private static string? FirstValue(Stmt init, TranslationUnit unit, VarDecl v)
    {
        string? value = null;
        Any(init, n =>
        {
            value = Sets(n, v) ? ConstantText.Of(unit, ((AssignExpr)n).Right)
                : ReferenceEquals(n, v) && v.Init is Expr e ? ConstantText.Of(unit, e) : null;
            return value is not null;
        });
        return value;
    }

    private static bool IsInside(Node? node, int at) => node is not null && at >= node.Start && at < node.End;

    private static Stmt? Init(LoopStmt loop) => (loop as ForStmt)?.Init;

    private static Expr? Cond(LoopStmt loop) => loop switch
    {
        WhileStmt w => w.Cond,
        DoStmt d => d.Cond,
        ForStmt f => f.Cond,
        _ => null,
    };

    private static bool Reads(Expr cond, VarDecl v) => Any(cond, n => IsVariable(n, v)) && !Any(cond, n => Sets(n, v));

    // A plain assignment that every way from the point to the condition passes.
    private static bool IsSetAgain(LoopStmt loop, int at, VarDecl v)
    {
        if (loop is ForStmt { Step: Expr step } && Sets(step.Inner, v))
        {
            return true;
        }

        if (loop.Body is not CompoundStmt body || Any(body, n => n is ContinueStmt or GotoStmt or IndirectGotoStmt))
        {
            return false;
        }

        foreach (Stmt s in body.Body)
        {
            if (s.End > at && s is ExprStmt e && Sets(e.Expr.Inner, v))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsVariable(Node node, VarDecl v) => node is DeclRefExpr { Decl: VarDecl d } && ReferenceEquals(d, v);

    private static bool Sets(Node node, VarDecl v) => node is AssignExpr { Op: "=" } a && IsVariable(a.Left.Inner, v);

    private static bool Changes(Node node, VarDecl v) => node switch
    {
        AssignExpr a => IsVariable(a.Left.Inner, v),
        UnaryExpr { Op: UnaryOp.AddressOf or UnaryOp.PreIncrement or UnaryOp.PreDecrement or UnaryOp.PostIncrement or UnaryOp.PostDecrement } u =>
            IsVariable(u.Operand.Inner, v),
        _ => false,
    };

    private static bool Any(Node node, Func<Node, bool> test)
    {
        if (test(node))
        {
            return true;
        }

        foreach (Node child in node.Children)
        {
            if (child is not UnevaluatedExpr && Any(child, test))
            {
                return true;
            }
        }

        return false;
    }
}
