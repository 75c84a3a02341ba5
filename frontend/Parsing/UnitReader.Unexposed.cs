using UpStare.Frontend.Interop;
using UpStare.Frontend.Model;
using UpStare.Frontend.Text;

namespace UpStare.Frontend.Parsing;

/// <summary>Expressions that libclang gives no kind: implicit conversions and everything of gcc. The text tells which.</summary>
internal sealed unsafe partial class UnitReader
{
    private Expr ReadUnexposed(CXCursor cursor)
    {
        List<CXCursor> parts = ExprParts(CursorChildren.Of(cursor));
        (int start, int end) = ExtentOf(cursor);
        if (parts.Count == 1 && ExtentOf(parts[0]) is var (innerStart, innerEnd) && innerStart == start && innerEnd == end
            && !CText.IsWordAt(_text, start, "__func__"u8))
        {
            if (parts[0].kind != CXCursorKind.CXCursor_StringLiteral || Is(end - 1, '"'))
            {
                return ReadExpr(parts[0]); // an implicit conversion
            }
        }

        if (start < 0 || end <= start)
        {
            return new UnknownExpr { Reason = "an expression without text", Parts = [], Type = TypeOf(cursor), Start = Math.Max(0, start), End = Math.Max(0, start) };
        }

        byte first = _text[start];
        if (first is (byte)'.' or (byte)'[' || (parts.Count > 0 && IsOldDesignator(start)))
        {
            return ReadDesignated(cursor, parts, start, end);
        }

        if (CText.IsWord(first) && ReadBuiltin(cursor, parts, start, end) is { } builtin)
        {
            return builtin;
        }

        return (Expr?)ReadElvis(cursor, parts, start, end) ?? UnknownExpr(cursor, parts, start, end, "an expression that libclang does not expose");
    }

    /// <summary>gcc's <c>field: value</c>.</summary>
    private bool IsOldDesignator(int start) => CText.IsWord(_text[start]) && Is(SkipTo(CText.TokenEnd(_text, start)), ':');

    private Expr ReadDesignated(CXCursor cursor, List<CXCursor> parts, int start, int end)
    {
        List<Expr> written = Sorted(parts);
        if (written.Count == 0)
        {
            return UnknownExpr(cursor, [], start, end, "a designated initialiser");
        }

        Expr value = written[^1];
        written.RemoveAt(written.Count - 1);
        return value.End != end
            ? UnknownExpr(cursor, parts, start, end, "a designated initialiser")
            : new DesignatedExpr { Designators = written, Value = value, Type = TypeOf(cursor), Start = start, End = end };
    }

    private Expr? ReadBuiltin(CXCursor cursor, List<CXCursor> parts, int start, int end)
    {
        int wordEnd = CText.TokenEnd(_text, start);
        ReadOnlySpan<byte> word = _text.AsSpan(start, wordEnd - start);
        if (word.SequenceEqual("__builtin_va_arg"u8) && parts.Count > 0)
        {
            // clang shows the operand of a typeof, too, and before the list.
            return new VaArgExpr { List = Sorted(parts)[0], Type = TypeOf(cursor), Start = start, End = end };
        }

        if (word.SequenceEqual("__builtin_offsetof"u8) || word.SequenceEqual("__builtin_types_compatible_p"u8))
        {
            return new UnevaluatedExpr { Operands = Sorted(parts), Type = TypeOf(cursor), Start = start, End = end };
        }

        if (word.SequenceEqual("__builtin_choose_expr"u8))
        {
            return new GenericExpr { Parts = Sorted(parts), Type = TypeOf(cursor), Start = start, End = end };
        }

        if (word.SequenceEqual("__func__"u8) || word.SequenceEqual("__FUNCTION__"u8) || word.SequenceEqual("__PRETTY_FUNCTION__"u8)
            || word.SequenceEqual("__builtin_FUNCTION"u8) || word.SequenceEqual("__builtin_FILE"u8))
        {
            return wordEnd == end || Is(SkipTo(wordEnd), '(') ? Literal(cursor, LiteralKind.String, start, end) : null;
        }

        if (word.SequenceEqual("__builtin_LINE"u8))
        {
            return Literal(cursor, LiteralKind.Integer, start, end);
        }

        // Type-generic builtins are nodes of their own in clang; here they are calls like any other.
        if ((word.StartsWith("__atomic_"u8) || word.StartsWith("__builtin_"u8)) && Is(SkipTo(wordEnd), '(') && Is(end - 1, ')'))
        {
            CType type = ValueType(cursor);
            FunctionDecl function = BuiltinFunction(CText.String(word), type);
            return new CallExpr
            {
                Callee = new DeclRefExpr { Decl = function, Type = function.Type, Start = start, End = wordEnd },
                Arguments = Sorted(parts),
                Function = function,
                Type = type,
                Start = start,
                End = end,
            };
        }

        return null;
    }

    private readonly Dictionary<string, FunctionDecl> _builtins = [];

    private FunctionDecl BuiltinFunction(string name, CType result)
    {
        if (!_builtins.TryGetValue(name, out FunctionDecl? function))
        {
            function = new FunctionDecl { Name = name, Type = ImplicitFunctionType(result), Parameters = [] };
            MarkImplicit(function);
            _builtins.Add(name, function);
        }

        return function;
    }

    /// <summary>gcc's <c>a ?: b</c>: clang shows a several times.</summary>
    private ConditionalExpr? ReadElvis(CXCursor cursor, List<CXCursor> parts, int start, int end)
    {
        if (parts.Count < 2)
        {
            return null;
        }

        int left = -1;
        int right = -1;
        for (int i = 0; i < parts.Count; i++)
        {
            (int partStart, int partEnd) = ExtentOf(parts[i]);
            left = partStart == start && left < 0 ? i : left;
            right = partEnd == end && partStart > start ? i : right;
        }

        if (left < 0 || right < 0)
        {
            return null;
        }

        Expr cond = ReadExpr(parts[left]);
        Expr otherwise = ReadExpr(parts[right]);
        int question = SkipTo(cond.End);
        return Is(question, '?') && Is(SkipTo(question + 1), ':')
            ? new ConditionalExpr { Cond = cond, Else = otherwise, Type = ValueType(cursor), Start = start, End = end }
            : null;
    }
}
