namespace UpStare.Frontend.Model;

public abstract class Stmt : Node
{
}

public sealed class CompoundStmt : Stmt
{
    public required IReadOnlyList<Stmt> Body { get; init; }

    public override IEnumerable<Node> Children => Body;
}

/// <summary>One declaration statement: all declarators between two semicolons, and the types declared with them.</summary>
public sealed class DeclStmt : Stmt
{
    /// <summary>Variables, typedefs, records, enums and functions, in the order of the text.</summary>
    public required IReadOnlyList<Decl> Decls { get; init; }

    public override IEnumerable<Node> Children => Decls;
}

public sealed class ExprStmt : Stmt
{
    public required Expr Expr { get; init; }

    public override IEnumerable<Node> Children => [Expr];
}

public sealed class NullStmt : Stmt
{
}

public sealed class IfStmt : Stmt
{
    public required Expr Cond { get; init; }

    public required Stmt Then { get; init; }

    public Stmt? Else { get; init; }

    public override IEnumerable<Node> Children => Else is null ? [Cond, Then] : [Cond, Then, Else];
}

/// <summary>while, do and for share this, so that passes can ask for "the loop".</summary>
public abstract class LoopStmt : Stmt
{
    public required Stmt Body { get; init; }
}

public sealed class WhileStmt : LoopStmt
{
    public required Expr Cond { get; init; }

    public override IEnumerable<Node> Children => [Cond, Body];
}

public sealed class DoStmt : LoopStmt
{
    public required Expr Cond { get; init; }

    public override IEnumerable<Node> Children => [Body, Cond];
}

public sealed class ForStmt : LoopStmt
{
    /// <summary>An <see cref="ExprStmt"/> or <see cref="DeclStmt"/> (its End includes the semicolon), or null.</summary>
    public Stmt? Init { get; init; }

    public Expr? Cond { get; init; }

    public Expr? Step { get; init; }

    public override IEnumerable<Node> Children
    {
        get
        {
            if (Init is not null)
            {
                yield return Init;
            }

            if (Cond is not null)
            {
                yield return Cond;
            }

            if (Step is not null)
            {
                yield return Step;
            }

            yield return Body;
        }
    }
}

public sealed class SwitchStmt : Stmt
{
    public required Expr Cond { get; init; }

    public required Stmt Body { get; init; }

    public override IEnumerable<Node> Children => [Cond, Body];
}

/// <summary>case Low: or case Low ... High:, with the statement behind it.</summary>
public sealed class CaseStmt : Stmt
{
    public required Expr Low { get; init; }

    public Expr? High { get; init; }

    /// <summary>Offset one past the colon.</summary>
    public int ColonEnd { get; init; }

    public required Stmt Sub { get; init; }

    public override IEnumerable<Node> Children => High is null ? [Low, Sub] : [Low, High, Sub];
}

public sealed class DefaultStmt : Stmt
{
    /// <summary>Offset one past the colon.</summary>
    public int ColonEnd { get; init; }

    public required Stmt Sub { get; init; }

    public override IEnumerable<Node> Children => [Sub];
}

public sealed class LabelStmt : Stmt
{
    public required string Name { get; init; }

    /// <summary>Offset one past the colon (and label attributes).</summary>
    public int ColonEnd { get; init; }

    public required Stmt Sub { get; init; }

    public override IEnumerable<Node> Children => [Sub];
}

public sealed class GotoStmt : Stmt
{
    public required string Label { get; init; }
}

public sealed class IndirectGotoStmt : Stmt
{
    public required Expr Target { get; init; }

    public override IEnumerable<Node> Children => [Target];
}

public sealed class BreakStmt : Stmt
{
}

public sealed class ContinueStmt : Stmt
{
}

public sealed class ReturnStmt : Stmt
{
    public Expr? Value { get; init; }

    public override IEnumerable<Node> Children => Value is null ? [] : [Value];
}

/// <summary>An asm statement; operand expressions are children.</summary>
public sealed class AsmStmt : Stmt
{
    public required IReadOnlyList<Expr> Operands { get; init; }

    /// <summary>asm goto: jumps to labels of the function.</summary>
    public bool IsGoto { get; init; }

    public override IEnumerable<Node> Children => Operands;
}

/// <summary>A statement that this model does not know: the function that holds it stays plain.</summary>
public sealed class UnknownStmt : Stmt
{
    public required string Reason { get; init; }

    public required IReadOnlyList<Node> Parts { get; init; }

    public override IEnumerable<Node> Children => Parts;
}
