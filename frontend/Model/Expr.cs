namespace UpStare.Frontend.Model;

/// <summary>An expression as written; implicit conversions are not nodes.</summary>
public abstract class Expr : Node
{
    /// <summary>The type as C has it after lvalue conversion is left out (an array stays an array).</summary>
    public required CType Type { get; init; }

    /// <summary>This expression without parentheses around it.</summary>
    public virtual Expr Inner => this;
}

public enum LiteralKind
{
    Integer,
    Floating,
    Character,
    String,
    Imaginary,
}

public sealed class LiteralExpr : Expr
{
    public required LiteralKind Kind { get; init; }
}

/// <summary>A use of a variable, parameter, function or enumeration constant.</summary>
public sealed class DeclRefExpr : Expr
{
    /// <summary>The declaration's <see cref="Decl.Entity"/>.</summary>
    public required Decl Decl { get; init; }
}

public sealed class ParenExpr : Expr
{
    public required Expr Operand { get; init; }

    public override Expr Inner => Operand.Inner;

    public override IEnumerable<Node> Children => [Operand];
}

public sealed class CallExpr : Expr
{
    public required Expr Callee { get; init; }

    public required IReadOnlyList<Expr> Arguments { get; init; }

    /// <summary>
    /// The function that is called directly (through parentheses, * and &amp; of its name too), or null for a call
    /// through a pointer.
    /// </summary>
    public FunctionDecl? Function { get; init; }

    public override IEnumerable<Node> Children => [Callee, .. Arguments];
}

public sealed class MemberExpr : Expr
{
    public required Expr Base { get; init; }

    public required FieldDecl Field { get; init; }

    public required bool IsArrow { get; init; }

    public override IEnumerable<Node> Children => [Base];
}

/// <summary>Left[Right] as written (Right may be the pointer).</summary>
public sealed class SubscriptExpr : Expr
{
    public required Expr Left { get; init; }

    public required Expr Right { get; init; }

    public override IEnumerable<Node> Children => [Left, Right];
}

public enum UnaryOp
{
    AddressOf,
    Dereference,
    Plus,
    Minus,
    BitNot,
    Not,
    PreIncrement,
    PreDecrement,
    PostIncrement,
    PostDecrement,
    Real,
    Imag,
    Extension,
}

public sealed class UnaryExpr : Expr
{
    public required UnaryOp Op { get; init; }

    public required Expr Operand { get; init; }

    public override IEnumerable<Node> Children => [Operand];
}

/// <summary>Arithmetic, comparison, &amp;&amp;, || and comma; <see cref="Op"/> is the operator as written.</summary>
public sealed class BinaryExpr : Expr
{
    public required string Op { get; init; }

    public required Expr Left { get; init; }

    public required Expr Right { get; init; }

    public override IEnumerable<Node> Children => [Left, Right];
}

/// <summary>= and the compound assignments; <see cref="Op"/> as written ("=", "+=").</summary>
public sealed class AssignExpr : Expr
{
    public required string Op { get; init; }

    public required Expr Left { get; init; }

    public required Expr Right { get; init; }

    public override IEnumerable<Node> Children => [Left, Right];
}

/// <summary>Cond ? Then : Else; Then is null in gcc's Cond ?: Else.</summary>
public sealed class ConditionalExpr : Expr
{
    public required Expr Cond { get; init; }

    public Expr? Then { get; init; }

    public required Expr Else { get; init; }

    public override IEnumerable<Node> Children => Then is null ? [Cond, Else] : [Cond, Then, Else];
}

/// <summary>A cast as written; its type is <see cref="Expr.Type"/>.</summary>
public sealed class CastExpr : Expr
{
    public required Expr Operand { get; init; }

    public override IEnumerable<Node> Children => [Operand];
}

/// <summary>(T){ ... }</summary>
public sealed class CompoundLiteralExpr : Expr
{
    public required InitListExpr Init { get; init; }

    public override IEnumerable<Node> Children => [Init];
}

/// <summary>{ ... } as written; designators are part of the text between the children.</summary>
public sealed class InitListExpr : Expr
{
    public required IReadOnlyList<Expr> Items { get; init; }

    public override IEnumerable<Node> Children => Items;
}

/// <summary>.field = e, [i] = e and the like; <see cref="Designators"/> holds the index expressions.</summary>
public sealed class DesignatedExpr : Expr
{
    public required IReadOnlyList<Expr> Designators { get; init; }

    public required Expr Value { get; init; }

    public override IEnumerable<Node> Children => [.. Designators, Value];
}

/// <summary>gcc's ({ ... }).</summary>
public sealed class StmtExpr : Expr
{
    public required CompoundStmt Body { get; init; }

    public override IEnumerable<Node> Children => [Body];
}

/// <summary>sizeof, _Alignof, offsetof, types_compatible_p: not evaluated; <see cref="Operands"/> are what stands inside.</summary>
public sealed class UnevaluatedExpr : Expr
{
    public required IReadOnlyList<Expr> Operands { get; init; }

    public override IEnumerable<Node> Children => Operands;
}

public sealed class VaArgExpr : Expr
{
    public required Expr List { get; init; }

    public override IEnumerable<Node> Children => [List];
}

/// <summary>&amp;&amp;label</summary>
public sealed class AddrLabelExpr : Expr
{
    public required string Label { get; init; }
}

/// <summary>_Generic; <see cref="Parts"/> are all expressions inside, chosen or not.</summary>
public sealed class GenericExpr : Expr
{
    public required IReadOnlyList<Expr> Parts { get; init; }

    public override IEnumerable<Node> Children => Parts;
}

/// <summary>
/// An expression that this model does not know. A function that holds one whose <see cref="Parts"/> contain a
/// suspendable call stays plain.
/// </summary>
public sealed class UnknownExpr : Expr
{
    public required string Reason { get; init; }

    public required IReadOnlyList<Expr> Parts { get; init; }

    public override IEnumerable<Node> Children => Parts;
}
