using System.Globalization;
using UpStare.Frontend.Model;

namespace UpStare.Instrument.Analysis;

/// <summary>Recognises counted loops that say themselves that they take long.</summary>
internal static class Bounds
{
    /// <summary>Turns of a short body from which on a thread would be late for an update.</summary>
    private const long Many = 1 << 20;

    /// <summary>Whether the loop's condition compares with a large constant, or a for loop counts down from one.</summary>
    public static bool IsLong(LoopStmt loop, TranslationUnit unit)
    {
        Expr? cond = loop switch
        {
            WhileStmt w => w.Cond,
            DoStmt d => d.Cond,
            ForStmt f => f.Cond,
            _ => null,
        };
        if (cond is not null && Walk.Any(cond, n => n is BinaryExpr { Op: "<" or "<=" or ">" or ">=" or "!=" } b
            && (IsMany(b.Left, unit) || IsMany(b.Right, unit))))
        {
            return true;
        }

        return loop is ForStmt { Init: { } init } && Walk.Any(init, n => n switch
        {
            AssignExpr { Op: "=" } a => IsMany(a.Right, unit),
            VarDecl { Init: { } value } => IsMany(value, unit),
            _ => false,
        });
    }

    /// <summary>
    /// A constant that is large, or made of a large one: with a smaller divisor the next version would lose the point in its loop.
    /// </summary>
    private static bool IsMany(Expr e, TranslationUnit unit) => e.Type.Canonical is BuiltinType && Value(e, unit) is { } value
        && (IsMany(value) || Walk.Any(e, n => n is Expr part && Value(part, unit) is { } v && IsMany(v)));

    private static bool IsMany(double value) => value is >= Many or <= -Many;

    /// <summary>The value of a constant expression as it is written in bounds; null for anything else.</summary>
    private static double? Value(Expr e, TranslationUnit unit)
    {
        switch (e.Inner)
        {
            case LiteralExpr { Kind: LiteralKind.Integer or LiteralKind.Floating } literal:
                return Number(unit.Slice(literal).Trim());
            case DeclRefExpr { Decl: EnumConstantDecl c }:
                return c.Value;
            case CastExpr c:
                return Value(c.Operand, unit);
            case UnaryExpr { Op: UnaryOp.Minus } u:
                return -Value(u.Operand, unit);
            case BinaryExpr b when Value(b.Left, unit) is { } left && Value(b.Right, unit) is { } right:
                return b.Op switch
                {
                    "+" => left + right,
                    "-" => left - right,
                    "*" => left * right,
                    "/" when right != 0 => left / right,
                    "<<" => left * Math.Pow(2, right),
                    _ => null,
                };
            default:
                return null;
        }
    }

    private static double? Number(string text)
    {
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            return ulong.TryParse(text[2..].TrimEnd('u', 'U', 'l', 'L'), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong hex)
                ? hex : null;
        }

        string digits = text.TrimEnd('u', 'U', 'l', 'L', 'f', 'F');
        return double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : null;
    }
}
