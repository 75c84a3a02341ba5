using UpStare.Frontend.Interop;
using UpStare.Frontend.Model;
using UpStare.Frontend.Text;

namespace UpStare.Frontend.Parsing;

internal sealed unsafe partial class UnitReader
{
    private Expr ReadExpr(CXCursor cursor)
    {
        if (cursor.kind == CXCursorKind.CXCursor_UnexposedExpr)
        {
            return ReadUnexposed(cursor);
        }

        (int start, int end) = ExtentOf(cursor);
        switch (cursor.kind)
        {
            case CXCursorKind.CXCursor_IntegerLiteral:
                return Literal(cursor, LiteralKind.Integer, start, end);
            case CXCursorKind.CXCursor_FloatingLiteral:
                return Literal(cursor, LiteralKind.Floating, start, end);
            case CXCursorKind.CXCursor_ImaginaryLiteral:
                return Literal(cursor, LiteralKind.Imaginary, start, end);
            case CXCursorKind.CXCursor_StringLiteral:
                return Literal(cursor, LiteralKind.String, start, end);
            case CXCursorKind.CXCursor_CharacterLiteral:
                return Literal(cursor, LiteralKind.Character, start, end);
            case CXCursorKind.CXCursor_DeclRefExpr:
                return ReadReference(cursor, start, end);
            case CXCursorKind.CXCursor_AddrLabelExpr:
                int label = SkipTo(start + 2);
                return new AddrLabelExpr { Label = Slice(label, CText.TokenEnd(_text, label)), Type = TypeOf(cursor), Start = start, End = end };
        }

        CXCursor[] children = CursorChildren.Of(cursor);
        List<CXCursor> parts = ExprParts(children);
        switch (cursor.kind)
        {
            case CXCursorKind.CXCursor_ParenExpr when parts.Count == 1:
                Expr operand = ReadExpr(parts[0]);
                return new ParenExpr { Operand = operand, Type = operand.Type, Start = start, End = end };
            case CXCursorKind.CXCursor_CallExpr when parts.Count > 0:
                return ReadCall(cursor, parts, start, end);
            case CXCursorKind.CXCursor_MemberRefExpr when parts.Count == 1:
                return ReadMember(cursor, parts[0], start, end);
            case CXCursorKind.CXCursor_ArraySubscriptExpr when parts.Count == 2:
                return new SubscriptExpr { Left = ReadExpr(parts[0]), Right = ReadExpr(parts[1]), Type = TypeOf(cursor), Start = start, End = end };
            case CXCursorKind.CXCursor_UnaryOperator when parts.Count == 1:
                return ReadUnary(cursor, parts[0], start, end);
            case CXCursorKind.CXCursor_BinaryOperator or CXCursorKind.CXCursor_CompoundAssignOperator when parts.Count == 2:
                return ReadBinary(cursor, parts, start, end);
            case CXCursorKind.CXCursor_ConditionalOperator when parts.Count == 3:
                return new ConditionalExpr
                {
                    Cond = ReadExpr(parts[0]),
                    Then = ReadExpr(parts[1]),
                    Else = ReadExpr(parts[2]),
                    Type = ValueType(cursor),
                    Start = start,
                    End = end,
                };
            case CXCursorKind.CXCursor_CStyleCastExpr or CXCursorKind.CXCursor_UnaryExpr when EvaluatesType(parts):
                return UnknownExpr(cursor, parts, start, end, "a variably modified type with effects");
            case CXCursorKind.CXCursor_CStyleCastExpr when parts.Count > 0:
                return new CastExpr { Operand = ReadExpr(parts[^1]), Type = ValueType(cursor), Start = start, End = end };
            case CXCursorKind.CXCursor_CompoundLiteralExpr when parts.Count > 0 && ReadExpr(parts[^1]) is InitListExpr init:
                // Of an argument for a transparent union clang makes a literal of it, which nobody has written (getpeername's address).
                return init.Start == start && init.Items.Count == 1 ? init.Items[0] : new CompoundLiteralExpr { Init = init, Type = TypeOf(cursor), Start = start, End = end };
            case CXCursorKind.CXCursor_InitListExpr:
                return ReadInitList(cursor, parts, start, end);
            case CXCursorKind.CXCursor_StmtExpr when CompoundIn(children) is { IsNull: false } body && ReadStmt(body) is CompoundStmt compound:
                return new StmtExpr { Body = compound, Type = ValueType(cursor), Start = start, End = end };
            case CXCursorKind.CXCursor_GenericSelectionExpr:
                return new GenericExpr { Parts = Sorted(parts), Type = TypeOf(cursor), Start = start, End = end };
            case CXCursorKind.CXCursor_UnaryExpr:
                return new UnevaluatedExpr { Operands = Sorted(parts), Type = TypeOf(cursor), Start = start, End = end };
            default:
                return UnknownExpr(cursor, parts, start, end, "an expression of kind " + (int)cursor.kind);
        }
    }

    /// <summary>
    /// Whether a cast or sizeof does something beside its work: bounds in its type, and an operand of variable size, are evaluated.
    /// </summary>
    private bool EvaluatesType(List<CXCursor> parts)
    {
        foreach (CXCursor part in parts)
        {
            int before = ExtentOf(part).Start - 1;
            while (before > 0 && _text[before] is (byte)' ' or (byte)'\t' or (byte)'\n')
            {
                before--;
            }

            bool isBound = before >= 0 && _text[before] == (byte)'[';
            if ((isBound || TypeOf(part).Canonical is ArrayType { Bound: ArrayBound.Variable }) && HasEffect(ReadExpr(part)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool HasEffect(Node node) =>
        node is CallExpr or AssignExpr or StmtExpr or UnaryExpr
        {
            Op: UnaryOp.PreIncrement or UnaryOp.PreDecrement
            or UnaryOp.PostIncrement or UnaryOp.PostDecrement
        } || node.Children.Any(HasEffect);

    private static List<CXCursor> ExprParts(CXCursor[] children)
    {
        var parts = new List<CXCursor>(children.Length);
        foreach (CXCursor child in children)
        {
            if (child.IsExpression)
            {
                parts.Add(child);
            }
        }

        return parts;
    }

    private static CXCursor CompoundIn(CXCursor[] children)
    {
        foreach (CXCursor child in children)
        {
            if (child.kind == CXCursorKind.CXCursor_CompoundStmt)
            {
                return child;
            }
        }

        return new CXCursor { kind = CXCursorKind.CXCursor_InvalidFile };
    }

    /// <summary>Expressions that are written down, in the order of the text, each once.</summary>
    private List<Expr> Sorted(List<CXCursor> cursors)
    {
        var list = new List<Expr>(cursors.Count);
        foreach (CXCursor cursor in cursors)
        {
            if (ExtentOf(cursor) is var (start, end) && start >= 0 && end > start)
            {
                list.Add(ReadExpr(cursor));
            }
        }

        list.Sort((a, b) => a.Start != b.Start ? a.Start - b.Start : b.End - a.End);
        for (int i = 1; i < list.Count; i++)
        {
            if (list[i].Start < list[i - 1].End)
            {
                list.RemoveAt(i--);
            }
        }

        return list;
    }

    private UnknownExpr UnknownExpr(CXCursor cursor, List<CXCursor> parts, int start, int end, string reason)
    {
        List<Expr> written = Sorted(parts);
        written.RemoveAll(part => part.Start < start || part.End > end);
        return new UnknownExpr { Reason = reason, Parts = written, Type = TypeOf(cursor), Start = start, End = end };
    }

    /// <summary>The type of something that is a value: clang keeps "decayed" sugar, which libclang shows as the array.</summary>
    private CType ValueType(CXCursor cursor)
    {
        CType type = TypeOf(cursor);
        return type.Canonical is ArrayType or FunctionType ? CTypes.Decay(type) : type;
    }

    private LiteralExpr Literal(CXCursor cursor, LiteralKind kind, int start, int end) =>
        new() { Kind = kind, Type = TypeOf(cursor), Start = start, End = end };

    private Expr ReadReference(CXCursor cursor, int start, int end)
    {
        Decl? decl = Referenced(clang.getCursorReferenced(cursor), start);
        if (decl is null)
        {
            return UnknownExpr(cursor, [], start, end, "a reference to " + Slice(start, end));
        }

        CType type = decl switch
        {
            VarDecl variable => variable.Type,
            FunctionDecl function => function.Type,
            _ => TypeOf(cursor),
        };
        return new DeclRefExpr { Decl = decl.Entity, Type = type, Start = start, End = end };
    }

    private Decl? Referenced(CXCursor target, int at)
    {
        if (target.data0 == null)
        {
            return null;
        }

        if (_decls.TryGetValue((nint)target.data0, out Decl? known))
        {
            return known;
        }

        switch (target.kind)
        {
            case CXCursorKind.CXCursor_EnumConstantDecl:
                EnumOf(clang.getCursorSemanticParent(target));
                return _decls.GetValueOrDefault((nint)target.data0);
            case CXCursorKind.CXCursor_VarDecl or CXCursorKind.CXCursor_ParmDecl:
                return ReadVariable(target, ExtentOf(target).Start, -1);
            case CXCursorKind.CXCursor_FunctionDecl:
                FunctionDecl function = ReadFunction(target, at, -1);
                if (function.Start >= at || function.NameStart < 0)
                {
                    function.NameStart = -1;
                    function.Name = Slice(at, CText.TokenEnd(_text, at)); // clang adds a size to the names of __sync functions
                    function.Attributes = [];
                    MarkImplicit(function);
                }

                return function;
            default:
                return null;
        }
    }

    private CallExpr ReadCall(CXCursor cursor, List<CXCursor> parts, int start, int end)
    {
        Expr callee = ReadExpr(parts[0]);
        var arguments = new Expr[parts.Count - 1];
        for (int i = 1; i < parts.Count; i++)
        {
            arguments[i - 1] = ReadExpr(parts[i]);
        }

        return new CallExpr { Callee = callee, Arguments = arguments, Function = DirectCallee(callee), Type = ValueType(cursor), Start = start, End = end };
    }

    private static FunctionDecl? DirectCallee(Expr callee)
    {
        Expr inner = callee.Inner;
        while (inner is UnaryExpr { Op: UnaryOp.AddressOf or UnaryOp.Dereference or UnaryOp.Extension } unary)
        {
            inner = unary.Operand.Inner;
        }

        return inner is DeclRefExpr { Decl: FunctionDecl function } ? function : null;
    }

    private Expr ReadMember(CXCursor cursor, CXCursor inner, int start, int end)
    {
        // a.x where x is in an anonymous member: clang has an implicit access to the member in between.
        CXCursor root = inner;
        while (root.kind == CXCursorKind.CXCursor_MemberRefExpr && MemberOf(root) is { Name: "" } && ExprParts(CursorChildren.Of(root)) is [var next])
        {
            root = next;
        }

        FieldDecl? field = MemberOf(cursor);
        Expr target = ReadExpr(root);
        int at = SkipTo(target.End);
        bool arrow = at + 1 < _text.Length && _text[at] == '-' && _text[at + 1] == '>';
        if (field is null || !(arrow || Is(at, '.')))
        {
            return UnknownExpr(cursor, [root], start, end, "a member");
        }

        return new MemberExpr { Base = target, Field = field, IsArrow = arrow, Type = field.Type, Start = start, End = end };
    }

    private FieldDecl? MemberOf(CXCursor member)
    {
        CXCursor target = clang.getCursorReferenced(member);
        if (target.kind != CXCursorKind.CXCursor_FieldDecl)
        {
            return null;
        }

        if (!_decls.TryGetValue((nint)target.data0, out Decl? known))
        {
            RecordOf(clang.getCursorSemanticParent(target));
            FillRecords();
            _decls.TryGetValue((nint)target.data0, out known);
        }

        return known as FieldDecl;
    }

    private Expr ReadUnary(CXCursor cursor, CXCursor inner, int start, int end)
    {
        Expr operand = ReadExpr(inner);
        UnaryOp? op;
        if (operand.Start == start)
        {
            int at = SkipTo(operand.End);
            op = Is(at, '+') ? UnaryOp.PostIncrement : Is(at, '-') ? UnaryOp.PostDecrement : null;
        }
        else
        {
            op = Slice(start, CText.TokenEnd(_text, start)) switch
            {
                "&" => UnaryOp.AddressOf,
                "*" => UnaryOp.Dereference,
                "+" => UnaryOp.Plus,
                "-" => UnaryOp.Minus,
                "~" => UnaryOp.BitNot,
                "!" => UnaryOp.Not,
                "++" => UnaryOp.PreIncrement,
                "--" => UnaryOp.PreDecrement,
                "__extension__" => UnaryOp.Extension,
                "__real__" or "__real" => UnaryOp.Real,
                "__imag__" or "__imag" => UnaryOp.Imag,
                _ => null,
            };
        }

        if (op is null)
        {
            return UnknownExpr(cursor, [inner], start, end, "a unary operator");
        }

        CType type = op is UnaryOp.Extension ? operand.Type : op is UnaryOp.Dereference ? TypeOf(cursor) : ValueType(cursor);
        return new UnaryExpr { Op = op.Value, Operand = operand, Type = type, Start = start, End = end };
    }

    private Expr ReadBinary(CXCursor cursor, List<CXCursor> parts, int start, int end)
    {
        Expr left = ReadExpr(parts[0]);
        Expr right = ReadExpr(parts[1]);
        int at = SkipTo(left.End);
        if (at >= right.Start)
        {
            return UnknownExpr(cursor, parts, start, end, "a binary operator");
        }

        string op = Operator(_text.AsSpan(at, CText.TokenEnd(_text, at) - at));
        bool assigns = cursor.kind == CXCursorKind.CXCursor_CompoundAssignOperator || op == "=";
        return assigns
            ? new AssignExpr { Op = op, Left = left, Right = right, Type = ValueType(cursor), Start = start, End = end }
            : new BinaryExpr { Op = op, Left = left, Right = right, Type = ValueType(cursor), Start = start, End = end };
    }

    private static readonly string[] Operators =
    [
        "=", "+", "-", "*", "==", "!=", "<", ">", "&&", "||", ",", "<=", ">=", "&", "|", "^", "<<", ">>", "/", "%",
        "+=", "-=", "|=", "&=", "*=", "/=", "%=", "^=", "<<=", ">>=",
    ];

    private static string Operator(ReadOnlySpan<byte> text)
    {
        foreach (string known in Operators)
        {
            if (known.Length == text.Length && known[0] == text[0] && (text.Length == 1 || (known[1] == text[1] && (text.Length == 2 || known[2] == text[2]))))
            {
                return known;
            }
        }

        return CText.String(text);
    }

    private Expr ReadInitList(CXCursor cursor, List<CXCursor> parts, int start, int end)
    {
        var items = new List<Expr>(parts.Count);
        int at = start;
        foreach (CXCursor part in parts)
        {
            (int itemStart, int itemEnd) = ExtentOf(part);
            if (itemStart < 0 || itemEnd <= itemStart)
            {
                continue; // implicit
            }

            if (itemStart < at || itemEnd > end)
            {
                return UnknownExpr(cursor, parts, start, end, "an initialiser list that is not as written");
            }

            items.Add(ReadExpr(part));
            at = itemEnd;
        }

        return new InitListExpr { Items = items, Type = TypeOf(cursor), Start = start, End = end };
    }
}
