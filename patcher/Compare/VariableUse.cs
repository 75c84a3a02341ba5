using UpStare.Frontend.Model;
using UpStare.Instrument;

namespace UpStare.Patcher.Compare;

/// <summary>What a function does to a variable before and after a call of its own that is running.</summary>
public static class VariableUse
{
    /// <summary>The call that a point stands for, or null.</summary>
    public static CallExpr? Call(FunctionPlan f, ContinuationPoint at) => f.Decl.Body is Node body ? Find(body, at) : null;

    /// <summary>Whether the variable has been set (or, where somebody may have its address, named) when the point is reached first.</summary>
    public static bool IsSetBefore(FunctionPlan f, ContinuationPoint at, RecordVariable v) => f.Decl.Body is Node body
        && Any(body, n => n.End <= at.Offset && (v.Mode == RecordMode.InPlace ? Names(n, v.Decl!) : Changes(n, v.Decl!)));

    /// <summary>Whether the running call itself is given the variable's address, or may be.</summary>
    public static bool IsLent(FunctionPlan f, ContinuationPoint at, RecordVariable v) =>
        v.Mode == RecordMode.InPlace && (Call(f, at) is not CallExpr call || call.Arguments.Any(a => Any(a, n => Names(n, v.Decl!))));

    /// <summary>Whether what the variable holds may be looked at after the call (by what cleans it up, too).</summary>
    public static bool IsNeededAfter(FunctionPlan f, TranslationUnit unit, ContinuationPoint at, VarDecl v)
    {
        if (v.Cleanup is not null || f.Decl.Body is not CompoundStmt body || Call(f, at) is not CallExpr call)
        {
            return true;
        }

        bool comesBack = LoopControl.IsInLoop(f, unit, at) || Any(body, n => n is GotoStmt or IndirectGotoStmt or LabelStmt);
        return Any(body, n => Names(n, v) && (comesBack || n.Start >= call.End));
    }

    /// <summary>Whether a node sets a variable, or takes its address.</summary>
    public static bool Changes(Node node, Decl variable) => node switch
    {
        AssignExpr a => IsPartOf(a.Left, variable),
        UnaryExpr { Op: UnaryOp.AddressOf or UnaryOp.PreIncrement or UnaryOp.PreDecrement or UnaryOp.PostIncrement or UnaryOp.PostDecrement } u => IsPartOf(u.Operand, variable),
        _ => false,
    };

    /// <summary>Whether a node or one below it is of a kind.</summary>
    public static bool Any(Node node, Func<Node, bool> test) => test(node) || node.Children.Any(c => Any(c, test));

    private static bool Names(Node node, Decl variable) => node is DeclRefExpr d && ReferenceEquals(d.Decl.Entity, variable.Entity);

    private static bool IsPartOf(Expr expr, Decl variable) => expr.Inner switch
    {
        MemberExpr { IsArrow: false } m => IsPartOf(m.Base, variable),
        Expr e => Names(e, variable),
    };

    private static CallExpr? Find(Node node, ContinuationPoint at)
    {
        if (at.Offset < node.Start || at.Offset >= node.End)
        {
            return null;
        }

        return node is CallExpr call && call.Start == at.Offset && call.Function?.Name == at.Callee
            ? call : node.Children.Select(c => Find(c, at)).FirstOrDefault(c => c is not null);
    }
}
