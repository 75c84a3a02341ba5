using System.Globalization;
using UpStare.Frontend.Model;

namespace UpStare.Patcher.Compare;

/// <summary>Initialisers that mean the same wherever they are written.</summary>
public static class ConstantText
{
    /// <summary>
    /// The expression as C text without a name of the program in it (enumeration constants become their values), or null
    /// where it has any other name, or a side effect.
    /// </summary>
    public static string? Of(TranslationUnit unit, Expr? expr)
    {
        switch (expr)
        {
            case LiteralExpr:
                return string.Join(' ', SourceTokens.Split(unit.Slice(expr)));
            case ParenExpr p:
                return Of(unit, p.Operand) is string inner ? "(" + inner + ")" : null;
            case UnaryExpr { Op: UnaryOp.Plus or UnaryOp.Minus or UnaryOp.BitNot or UnaryOp.Not or UnaryOp.Extension } u:
                string sign = u.Op switch
                {
                    UnaryOp.Minus => "-",
                    UnaryOp.BitNot => "~",
                    UnaryOp.Not => "!",
                    _ => "+",
                };
                return Of(unit, u.Operand) is string operand ? sign + "(" + operand + ")" : null;
            case BinaryExpr b when b.Op != ",":
                return Of(unit, b.Left) is string l && Of(unit, b.Right) is string r ? $"({l} {b.Op} {r})" : null;
            case CastExpr c when c.Type.Canonical is BuiltinType or PointerType:
                string type = c.Type.Canonical is BuiltinType t ? t.Spelling : "void *";
                return Of(unit, c.Operand) is string value ? $"(({type})({value}))" : null;
            case DeclRefExpr { Decl: EnumConstantDecl e }:
                return e.Value.ToString(CultureInfo.InvariantCulture);
            case UnevaluatedExpr when expr.Type.Canonical is BuiltinType:
            default:
                return null;
        }
    }

    /// <summary>Whether the expression is one string constant (maybe of several pieces, maybe in parentheses).</summary>
    public static bool IsString(Expr? expr) => expr?.Inner is LiteralExpr { Kind: LiteralKind.String };
}
