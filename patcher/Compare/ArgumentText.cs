using System.Globalization;
using UpStare.Frontend.Model;

namespace UpStare.Patcher.Compare;

/// <summary>A variable or function as generated C names it.</summary>
/// <param name="Text">The variable itself, or null where it is reached through <paramref name="Pointer"/>.</param>
/// <param name="Pointer">Its address; null: it has none, or <c>&amp;</c> in front of the text gives it.</param>
public readonly record struct NameText(string? Text, string? Pointer);

/// <summary>
/// Arguments that can be evaluated anew at any time: expressions of variables, without a call, a side effect or a look through a
/// pointer (which may lead nowhere).
/// </summary>
public static class ArgumentText
{
    /// <summary>The argument as C text, or null where it is not of that kind.</summary>
    /// <param name="unit">Where it stands.</param>
    /// <param name="expr">The argument.</param>
    /// <param name="name">How a variable or function is named, or null where it cannot be.</param>
    public static string? Of(TranslationUnit unit, Expr expr, Func<Decl, NameText?> name)
    {
        string? Sub(Expr e) => Of(unit, e, name);
        if (ConstantText.Of(unit, expr) is string constant)
        {
            return constant;
        }

        switch (expr)
        {
            case ParenExpr p:
                return Sub(p.Operand);
            case UnaryExpr { Op: UnaryOp.AddressOf } u:
                return Address(u.Operand, name);
            case UnaryExpr { Op: UnaryOp.Plus or UnaryOp.Minus or UnaryOp.BitNot or UnaryOp.Not } u:
                string sign = u.Op switch { UnaryOp.Minus => "-", UnaryOp.BitNot => "~", UnaryOp.Not => "!", _ => "+" };
                return Sub(u.Operand) is string operand ? $"({sign}{operand})" : null;
            case BinaryExpr b when IsSafe(unit, b):
                return Sub(b.Left) is string l && Sub(b.Right) is string r ? $"({l} {b.Op} {r})" : null;
            case ConditionalExpr { Then: Expr then } c:
                return Sub(c.Cond) is string x && Sub(then) is string y && Sub(c.Else) is string z ? $"({x} ? {y} : {z})" : null;
            case CastExpr c:
                return TypeText(c.Type) is string type && Sub(c.Operand) is string value ? $"(({type})({value}))" : null;
            case UnevaluatedExpr { Operands: [Expr of] } when unit.Slice(expr).StartsWith("sizeof", StringComparison.Ordinal) && of.Type.Size > 0:
                return of.Type.Size.ToString(CultureInfo.InvariantCulture) + "ul";
            case DeclRefExpr { Decl: FunctionDecl }:
                return Address(expr, name);
            case DeclRefExpr or MemberExpr when expr.Type.Canonical is ArrayType:
                return Address(expr, name);
            case DeclRefExpr d when name(d.Decl) is NameText n:
                return n.Text ?? (IsScalar(expr.Type) ? $"({n.Pointer} ? *{n.Pointer} : 0)" : null);
            case MemberExpr { IsArrow: false } m when m.Field.Name.Length > 0:
                return Direct(m, name);
            default:
                return null;
        }
    }

    /// <summary>Whether a value of this type is passed as a number or a pointer.</summary>
    public static bool IsScalar(CType type) => TypeComparer.IsArithmetic(type) || type.Canonical is PointerType;

    // A member of a variable that stands in the record itself.
    private static string? Direct(Expr expr, Func<Decl, NameText?> name) => expr.Inner switch
    {
        DeclRefExpr { Decl: VarDecl v } => name(v)?.Text,
        MemberExpr { IsArrow: false } m when m.Field.Name.Length > 0 => Direct(m.Base, name) is string record ? $"{record}.{m.Field.Name}" : null,
        _ => null,
    };

    private static string? Address(Expr operand, Func<Decl, NameText?> name)
    {
        switch (operand.Inner)
        {
            case DeclRefExpr d when name(d.Decl) is NameText n:
                return n.Pointer ?? $"((void *)&{n.Text})";
            case MemberExpr { IsArrow: false, Field: { BitWidth: < 0, Name.Length: > 0 } field } m:
                return Address(m.Base, name) is string record ? $"((void *)((char *){record} + {field.OffsetBits / 8}))" : null;
            default:
                return null;
        }
    }

    // No division by nothing, and no steps of pointers to what the text does not define.
    private static bool IsSafe(TranslationUnit unit, BinaryExpr b)
    {
        if (b.Op == "," || (b.Op is "/" or "%" && !(ConstantText.Of(unit, b.Right) is string by && IsDivisor(by))))
        {
            return false;
        }

        return b.Op is not ("+" or "-") || (StepsAreKnown(b.Left.Type) && StepsAreKnown(b.Right.Type));
    }

    private static bool IsDivisor(string text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long n) && n is not (0 or -1);

    private static bool StepsAreKnown(CType type) => type.Canonical switch
    {
        PointerType p => p.Pointee.Canonical is BuiltinType { Size: > 0 },
        ArrayType => false,
        _ => true,
    };

    private static string? TypeText(CType type) => type.Canonical switch
    {
        BuiltinType b => b.Spelling,
        PointerType { Pointee: CType to } => to.Canonical is BuiltinType b ? b.Spelling + " *" : "void *",
        EnumType => "int",
        _ => null,
    };
}
