using UpStare.Frontend.Interop;
using UpStare.Frontend.Model;
using UpStare.Frontend.Text;

namespace UpStare.Frontend.Parsing;

internal sealed unsafe partial class UnitReader
{
    private Stmt ReadStmt(CXCursor cursor)
    {
        if (cursor.IsExpression)
        {
            Expr expr = ReadExpr(cursor);
            return new ExprStmt { Expr = expr, Start = expr.Start, End = PastSemicolon(expr.End) };
        }

        (int start, int end) = ExtentOf(cursor);
        CXCursor[] children = CursorChildren.Of(cursor);
        switch (cursor.kind)
        {
            case CXCursorKind.CXCursor_CompoundStmt:
                return ReadCompound(children, start, end);
            case CXCursorKind.CXCursor_DeclStmt:
                return ReadDeclStmt(children, start, end);
            case CXCursorKind.CXCursor_NullStmt:
                return new NullStmt { Start = start, End = Is(end, ';') && !Is(end - 1, ';') ? end + 1 : end };
            case CXCursorKind.CXCursor_IfStmt:
                return ReadIf(children, start, end);
            case CXCursorKind.CXCursor_WhileStmt:
                return ReadWhile(children, start, end);
            case CXCursorKind.CXCursor_DoStmt:
                return ReadDo(children, start, end);
            case CXCursorKind.CXCursor_ForStmt:
                return ReadFor(children, start, end);
            case CXCursorKind.CXCursor_SwitchStmt:
                return ReadSwitch(children, start, end);
            case CXCursorKind.CXCursor_CaseStmt:
                return ReadCase(children, start, end);
            case CXCursorKind.CXCursor_DefaultStmt:
                return ReadDefault(children, start, end);
            case CXCursorKind.CXCursor_LabelStmt:
                return ReadLabel(children, start, end);
            case CXCursorKind.CXCursor_GotoStmt:
                int label = SkipTo(CText.TokenEnd(_text, start));
                return new GotoStmt { Label = Slice(label, CText.TokenEnd(_text, label)), Start = start, End = PastSemicolon(end) };
            case CXCursorKind.CXCursor_IndirectGotoStmt:
                return Expressions(children) is [var target]
                    ? new IndirectGotoStmt { Target = target, Start = start, End = PastSemicolon(end) }
                    : UnknownStmt(children, start, end, "goto *");
            case CXCursorKind.CXCursor_BreakStmt:
                return new BreakStmt { Start = start, End = PastSemicolon(end) };
            case CXCursorKind.CXCursor_ContinueStmt:
                return new ContinueStmt { Start = start, End = PastSemicolon(end) };
            case CXCursorKind.CXCursor_ReturnStmt:
                List<Expr> value = Expressions(children);
                return value.Count <= 1
                    ? new ReturnStmt { Value = value.Count == 1 ? value[0] : null, Start = start, End = PastSemicolon(end) }
                    : UnknownStmt(children, start, end, "return");
            case CXCursorKind.CXCursor_GCCAsmStmt:
                return ReadAsm(children, start, end);
            case CXCursorKind.CXCursor_UnexposedStmt:
                return ReadAttributed(children, start, end);
            default:
                return UnknownStmt(children, start, end, "a statement of kind " + (int)cursor.kind);
        }
    }

    private UnknownStmt UnknownStmt(CXCursor[] children, int start, int end, string reason)
    {
        var parts = new List<Node>();
        int at = start;
        foreach (CXCursor child in children)
        {
            if (!child.IsExpression && !child.IsStatement)
            {
                continue;
            }

            Node part = child.IsExpression ? ReadExpr(child) : ReadStmt(child);
            if (part.Start >= at)
            {
                parts.Add(part);
                at = part.End;
            }
        }

        return new UnknownStmt { Reason = reason, Parts = parts, Start = start, End = Math.Max(PastSemicolon(end), at) };
    }

    private CompoundStmt ReadCompound(CXCursor[] children, int start, int end)
    {
        var body = new List<Stmt>(children.Length);
        foreach (CXCursor child in children)
        {
            if (child.IsStatement || child.IsExpression)
            {
                body.Add(ReadStmt(child));
            }
        }

        return new CompoundStmt { Body = body, Start = start, End = end };
    }

    private Stmt ReadDeclStmt(CXCursor[] children, int start, int end)
    {
        var cursors = new List<CXCursor>(children.Length);
        foreach (CXCursor child in children)
        {
            if (child.IsDeclaration)
            {
                cursors.Add(child);
            }
        }

        start = BeforeAtomic(start);
        for (int at; (at = WordBefore(start, "__extension__"u8)) >= 0;)
        {
            start = at;
        }

        var decls = new List<Decl>();
        if (cursors.Count > 0)
        {
            end = Math.Max(end, ReadGroup(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(cursors), start, decls));
        }

        if (decls.Exists(decl => decl is FunctionDecl { Body: not null }))
        {
            return new UnknownStmt { Reason = "a nested function", Parts = [], Start = start, End = end };
        }

        return new DeclStmt { Decls = decls, Start = start, End = Is(end - 1, ';') ? end : PastSemicolon(end) };
    }

    private static List<CXCursor> Parts(CXCursor[] children)
    {
        var parts = new List<CXCursor>(children.Length);
        foreach (CXCursor child in children)
        {
            if (child.IsExpression || child.IsStatement)
            {
                parts.Add(child);
            }
        }

        return parts;
    }

    private List<Expr> Expressions(CXCursor[] children)
    {
        var list = new List<Expr>(children.Length);
        foreach (CXCursor child in children)
        {
            if (child.IsExpression)
            {
                list.Add(ReadExpr(child));
            }
        }

        return list;
    }

    private Stmt ReadIf(CXCursor[] children, int start, int end)
    {
        List<CXCursor> parts = Parts(children);
        if (parts.Count is not (2 or 3) || !parts[0].IsExpression)
        {
            return UnknownStmt(children, start, end, "if");
        }

        Expr cond = ReadExpr(parts[0]);
        Stmt then = ReadStmt(parts[1]);
        Stmt? otherwise = parts.Count == 3 ? ReadStmt(parts[2]) : null;
        return new IfStmt { Cond = cond, Then = then, Else = otherwise, Start = start, End = (otherwise ?? then).End };
    }

    private Stmt ReadWhile(CXCursor[] children, int start, int end)
    {
        List<CXCursor> parts = Parts(children);
        if (parts.Count != 2 || !parts[0].IsExpression)
        {
            return UnknownStmt(children, start, end, "while");
        }

        Expr cond = ReadExpr(parts[0]);
        Stmt body = ReadStmt(parts[1]);
        return new WhileStmt { Cond = cond, Body = body, Start = start, End = body.End };
    }

    private Stmt ReadDo(CXCursor[] children, int start, int end)
    {
        List<CXCursor> parts = Parts(children);
        if (parts.Count != 2 || !parts[1].IsExpression)
        {
            return UnknownStmt(children, start, end, "do");
        }

        Stmt body = ReadStmt(parts[0]);
        Expr cond = ReadExpr(parts[1]);
        int close = SkipTo(cond.End);
        return new DoStmt { Body = body, Cond = cond, Start = start, End = PastSemicolon(Is(close, ')') ? close + 1 : end) };
    }

    private Stmt ReadFor(CXCursor[] children, int start, int end)
    {
        List<CXCursor> parts = Parts(children);
        int next = 0;
        int at = SkipTo(SkipTo(CText.TokenEnd(_text, start)) + 1); // behind "for ("
        Stmt? init = null;
        Expr? cond = null;
        Expr? step = null;
        if (Is(at, ';'))
        {
            at++;
        }
        else if (next < parts.Count)
        {
            init = ReadStmt(parts[next++]);
            at = init.End;
        }

        at = SkipTo(at);
        if (Is(at, ';'))
        {
            at++;
        }
        else if (next < parts.Count && parts[next].IsExpression)
        {
            cond = ReadExpr(parts[next++]);
            at = PastSemicolon(cond.End);
        }

        at = SkipTo(at);
        if (!Is(at, ')') && next < parts.Count && parts[next].IsExpression)
        {
            step = ReadExpr(parts[next++]);
            at = SkipTo(step.End);
        }

        if (next != parts.Count - 1 || !Is(at, ')'))
        {
            return UnknownStmt(children, start, end, "for");
        }

        Stmt body = ReadStmt(parts[next]);
        return new ForStmt { Init = init, Cond = cond, Step = step, Body = body, Start = start, End = body.End };
    }

    private Stmt ReadSwitch(CXCursor[] children, int start, int end)
    {
        List<CXCursor> parts = Parts(children);
        if (parts.Count != 2 || !parts[0].IsExpression)
        {
            return UnknownStmt(children, start, end, "switch");
        }

        Expr cond = ReadExpr(parts[0]);
        Stmt body = ReadStmt(parts[1]);
        return new SwitchStmt { Cond = cond, Body = body, Start = start, End = body.End };
    }

    private Stmt ReadCase(CXCursor[] children, int start, int end)
    {
        List<CXCursor> parts = Parts(children);
        if (parts.Count < 1 || !parts[0].IsExpression)
        {
            return UnknownStmt(children, start, end, "case");
        }

        Expr low = ReadExpr(parts[0]);
        Expr? high = null;
        int next = 1;
        int colon = SkipTo(low.End);
        if (Is(colon, '.') && parts.Count > 1 && parts[1].IsExpression)
        {
            high = ReadExpr(parts[next++]);
            colon = SkipTo(high.End);
        }

        if (!Is(colon, ':') || parts.Count > next + 1)
        {
            return UnknownStmt(children, start, end, "case");
        }

        Stmt sub = Sub(parts, next, colon + 1);
        return new CaseStmt { Low = low, High = high, ColonEnd = colon + 1, Sub = sub, Start = start, End = sub.End };
    }

    private Stmt ReadDefault(CXCursor[] children, int start, int end)
    {
        List<CXCursor> parts = Parts(children);
        int colon = SkipTo(CText.TokenEnd(_text, start));
        if (!Is(colon, ':') || parts.Count > 1)
        {
            return UnknownStmt(children, start, end, "default");
        }

        Stmt sub = Sub(parts, 0, colon + 1);
        return new DefaultStmt { ColonEnd = colon + 1, Sub = sub, Start = start, End = sub.End };
    }

    private Stmt ReadLabel(CXCursor[] children, int start, int end)
    {
        List<CXCursor> parts = Parts(children);
        int nameEnd = CText.TokenEnd(_text, start);
        int colon = SkipTo(nameEnd);
        if (!Is(colon, ':') || parts.Count > 1)
        {
            return UnknownStmt(children, start, end, "label");
        }

        int colonEnd = colon + 1;
        for (int at = SkipTo(colonEnd); IsAttribute(_text, at); at = SkipTo(colonEnd))
        {
            int open = SkipTo(CText.TokenEnd(_text, at));
            int close = CText.Matching(_text, open);
            if (Is(SkipTo(close), ';'))
            {
                break; // __attribute__((fallthrough)); is a statement
            }

            colonEnd = close;
        }

        Stmt sub = Sub(parts, 0, colonEnd);
        return new LabelStmt { Name = Slice(start, nameEnd), ColonEnd = colonEnd, Sub = sub, Start = start, End = sub.End };
    }

    /// <summary>The statement behind a colon; an empty one where the block ends there (C23).</summary>
    private Stmt Sub(List<CXCursor> parts, int index, int colonEnd)
    {
        if (index < parts.Count && !Is(SkipTo(colonEnd), '}'))
        {
            return ReadStmt(parts[index]);
        }

        return new NullStmt { Start = colonEnd, End = colonEnd };
    }

    private Stmt ReadAsm(CXCursor[] children, int start, int end)
    {
        int open = CText.Find(_text, start, "("u8);
        bool isGoto = false;
        for (int at = SkipTo(CText.TokenEnd(_text, start)); at < _text.Length && !Is(at, '('); at = SkipTo(CText.TokenEnd(_text, at)))
        {
            isGoto |= IsWord(at, "goto"u8);
            open = SkipTo(CText.TokenEnd(_text, at));
        }

        var operands = new List<Expr>();
        foreach (CXCursor child in children)
        {
            if (child.IsExpression && child.kind != CXCursorKind.CXCursor_AddrLabelExpr && child.kind != CXCursorKind.CXCursor_StringLiteral)
            {
                operands.Add(ReadExpr(child));
            }
        }

        operands.Sort((a, b) => a.Start - b.Start);
        for (int i = 1; i < operands.Count; i++)
        {
            if (operands[i].Start < operands[i - 1].End)
            {
                operands.RemoveAt(i--); // clang shows the operand of "+r" twice
            }
        }

        return new AsmStmt { Operands = operands, IsGoto = isGoto, Start = start, End = PastSemicolon(CText.Matching(_text, open)) };
    }

    /// <summary>A statement with attributes in front: fallthrough is empty, anything else stays unknown.</summary>
    private Stmt ReadAttributed(CXCursor[] children, int start, int end)
    {
        List<CXCursor> parts = Parts(children);
        return parts.Count == 1 && parts[0].kind == CXCursorKind.CXCursor_NullStmt
            ? new NullStmt { Start = start, End = PastSemicolon(Is(end - 1, ';') ? end - 1 : end) }
            : UnknownStmt(children, start, end, "a statement with attributes");
    }
}
