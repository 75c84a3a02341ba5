using UpStare.Frontend.Interop;
using UpStare.Frontend.Model;
using UpStare.Frontend.Text;

namespace UpStare.Frontend.Parsing;

internal sealed unsafe partial class UnitReader
{
    /// <summary>All file-level declarations.</summary>
    public List<Decl> ReadAll()
    {
        CXCursor[] cursors = CursorChildren.Of(_clang.Root);
        var result = new List<Decl>(cursors.Length);
        int end = 0;
        for (int i = 0; i < cursors.Length;)
        {
            (int start, _) = ExtentOf(cursors[i]);
            if (start < 0 || !cursors[i].IsDeclaration)
            {
                i++;
                continue;
            }

            int next = i + 1;
            for (int last = start; next < cursors.Length; next++)
            {
                (int following, _) = ExtentOf(cursors[next]);
                if (following > last || !cursors[next].IsDeclaration)
                {
                    break;
                }

                last = following;
            }

            end = ReadGroup(cursors.AsSpan(i, next - i), end, result);
            i = next;
        }

        return result;
    }

    /// <summary>
    /// Reads the declarations between two semicolons.
    /// </summary>
    /// <param name="cursors">In the order of the text; tags defined in the specifiers come first.</param>
    /// <param name="after">End of what stands before.</param>
    /// <param name="result">Takes the declarations.</param>
    /// <returns>The end of the group.</returns>
    private int ReadGroup(ReadOnlySpan<CXCursor> cursors, int after, List<Decl> result)
    {
        int first = result.Count;
        int groupStart = int.MaxValue;
        foreach (CXCursor cursor in cursors)
        {
            groupStart = Math.Min(groupStart, ExtentOf(cursor).Start);
        }

        groupStart = Math.Min(groupStart, FirstToken(after));
        int previousEnd = -1;
        bool previousIsTag = false;
        foreach (CXCursor cursor in cursors)
        {
            int leadingEnd = result.Count > first && !previousIsTag ? FirstDeclarator(result, first) : -1;
            Decl decl = ReadDecl(cursor, groupStart, leadingEnd);
            if (previousEnd >= 0)
            {
                int start = SkipTo(previousEnd);
                if (!previousIsTag)
                {
                    start = CText.Find(_text, start, ",;"u8);
                    start = Is(start, ',') ? SkipTo(start + 1) : start;
                }

                decl.Start = Math.Clamp(start, previousEnd, Math.Max(previousEnd, decl.End));
            }

            previousIsTag = decl is RecordDecl or EnumDecl;
            previousEnd = Math.Max(previousEnd, decl.End);
            result.Add(decl);
        }

        int groupEnd = GroupEnd(result[^1], previousEnd);
        for (int i = first; i < result.Count; i++)
        {
            result[i].GroupStart = groupStart;
            result[i].GroupEnd = groupEnd;
        }

        return groupEnd;
    }

    private static int FirstDeclarator(List<Decl> decls, int first)
    {
        for (int i = first; i < decls.Count; i++)
        {
            if (decls[i] is not (RecordDecl or EnumDecl) && decls[i].NameStart >= 0)
            {
                return decls[i].NameStart;
            }
        }

        return -1;
    }

    private int FirstToken(int after)
    {
        int at = SkipTo(after);
        while (Is(at, ';'))
        {
            at = SkipTo(at + 1);
        }

        return at;
    }

    private int GroupEnd(Decl last, int end)
    {
        // A stray semicolon is a declaration of its own.
        if (last is FunctionDecl { Body: not null } || (last is OtherDecl && Is(end - 1, ';')))
        {
            return end;
        }

        int semicolon = CText.Find(_text, end, ";"u8);
        return Is(semicolon, ';') ? semicolon + 1 : end;
    }

    private Decl ReadDecl(CXCursor cursor, int groupStart, int leadingEnd)
    {
        switch (cursor.kind)
        {
            case CXCursorKind.CXCursor_FunctionDecl:
                return ReadFunction(cursor, groupStart, leadingEnd);
            case CXCursorKind.CXCursor_VarDecl:
                return ReadVariable(cursor, groupStart, leadingEnd);
            case CXCursorKind.CXCursor_StructDecl or CXCursorKind.CXCursor_UnionDecl:
                RecordDecl record = RecordOf(cursor);
                FillRecords();
                return record;
            case CXCursorKind.CXCursor_EnumDecl:
                return EnumOf(cursor);
            case CXCursorKind.CXCursor_TypedefDecl:
                TypedefDecl typedef = TypedefOf(cursor);
                FillRecords();
                return typedef;
            default:
                var other = new OtherDecl();
                Register(other, cursor);
                if (cursor.kind == CXCursorKind.CXCursor_StaticAssert && _functionDepth > 0)
                {
                    List<Expr> parts = Sorted(ExprParts(CursorChildren.Of(cursor)));
                    other.Condition = new UnevaluatedExpr { Operands = parts, Type = new BuiltinType { Spelling = "int", Size = 4, Align = 4 }, Start = other.Start, End = other.End };
                }

                return other;
        }
    }

    /// <summary>Offsets and identity. A declaration is found by the address of clang's object from here on.</summary>
    private void Register(Decl decl, CXCursor cursor)
    {
        (int start, int end) = ExtentOf(cursor);
        decl.Start = BeforeAtomic(Math.Max(0, start));
        decl.End = Math.Max(decl.Start, end);
        decl.InSystemHeader = start < 0 || _lines.IsSystem(start);
        decl.IsFileLevel = _functionDepth == 0;
        _decls[(nint)cursor.data0] = decl;
        CXCursor canonical = clang.getCanonicalCursor(cursor);
        if (canonical.data0 != cursor.data0 && _decls.TryGetValue((nint)canonical.data0, out Decl? entity))
        {
            decl.Entity = entity;
        }
    }

    private void SetName(Decl decl, CXCursor cursor)
    {
        int at = OffsetOf(clang.getCursorLocation(cursor));
        if (at < 0)
        {
            decl.Name = clang.Take(clang.getCursorSpelling(cursor));
        }
        else if (at < _text.Length && CText.IsWord(_text[at]) && at < decl.End)
        {
            // Unnamed parameters and bit-fields are placed at another token.
            int end = CText.TokenEnd(_text, at);
            string spelling = clang.Take(clang.getCursorSpelling(cursor));
            if (spelling.Length > 0 && _text.AsSpan(at, end - at).SequenceEqual(System.Text.Encoding.UTF8.GetBytes(spelling)))
            {
                decl.Name = Slice(at, end);
                decl.NameStart = at;
            }
        }
    }

    private static StorageClass Storage(CXCursor cursor) => clang.Cursor_getStorageClass(cursor) switch
    {
        CX_StorageClass.CX_SC_Extern or CX_StorageClass.CX_SC_PrivateExtern => StorageClass.Extern,
        CX_StorageClass.CX_SC_Static => StorageClass.Static,
        CX_StorageClass.CX_SC_Register => StorageClass.Register,
        CX_StorageClass.CX_SC_Auto => StorageClass.Auto,
        _ => StorageClass.None,
    };

    private VarDecl ReadVariable(CXCursor cursor, int groupStart, int leadingEnd)
    {
        int end = ExtentOf(cursor).End;
        bool isParameter = cursor.kind == CXCursorKind.CXCursor_ParmDecl;
        CType type = WithAtomic(TypeOf(cursor), groupStart, leadingEnd >= 0 ? leadingEnd : end);
        if (leadingEnd >= 0)
        {
            type = WithAtomic(type, OffsetOf(clang.getCursorLocation(cursor)) is var name && CText.IsWord(_text[name]) ? AfterComma(name) : end, end);
        }

        StorageClass storage = Storage(cursor);
        var variable = new VarDecl
        {
            Type = isParameter ? CTypes.Decay(type) : type,
            IsParameter = isParameter,
            Storage = storage,
            IsStatic = storage == StorageClass.Static || clang.getCursorLinkage(cursor) == CXLinkageKind.CXLinkage_Internal,
            IsThreadLocal = clang.getCursorTLSKind(cursor) != 0,
        };
        Register(variable, cursor);
        SetName(variable, cursor);
        variable.HasStaticLifetime = !isParameter && (_functionDepth == 0 ? storage != StorageClass.Register : storage is StorageClass.Static or StorageClass.Extern);
        variable.DeclaratorEnd = DeclaratorEnd(variable, groupStart);
        ReadAttributes(variable, groupStart, leadingEnd, variable.DeclaratorEnd, out string? asmName);
        variable.AsmName = asmName;
        variable.Alignment = _alignment;
        variable.Cleanup = _cleanup is not null && !variable.HasStaticLifetime && !isParameter ? _cleanup : null;
        if (!isParameter)
        {
            ReadBounds(variable, cursor);
            CXCursor init = clang.Cursor_getVarDeclInitializer(cursor);
            if (!init.IsNull && init.IsExpression)
            {
                variable.Init = ReadExpr(init);
            }

            variable.IsDefinition = variable.Init is not null || (storage != StorageClass.Extern && (variable.HasStaticLifetime || _functionDepth > 0));
            if (variable is { IsDefinition: true, HasStaticLifetime: true })
            {
                // What a header defines is the program's, wherever the header comes from (SYSLOG_NAMES): so is a function that keeps something.
                variable.InSystemHeader = false;
                _keepsState = _functionDepth > 0;
            }
        }
        else
        {
            variable.IsDefinition = true;
        }

        return variable;
    }

    private void ReadBounds(VarDecl variable, CXCursor cursor)
    {
        for (CType type = variable.Type.Canonical; type is ArrayType or PointerType;)
        {
            if (type is ArrayType { Bound: ArrayBound.Variable })
            {
                var bounds = new List<CXCursor>();
                foreach (CXCursor child in CursorChildren.Of(cursor))
                {
                    if (child.IsExpression && ExtentOf(child) is var (start, end) && start > variable.NameStart && end <= variable.DeclaratorEnd)
                    {
                        bounds.Add(child);
                    }
                }

                variable.Bounds = Sorted(bounds).FindAll(bound => bound is not LiteralExpr);
                return;
            }

            type = type is ArrayType array ? array.Element.Canonical : ((PointerType)type).Pointee.Canonical;
        }
    }

    private FunctionDecl ReadFunction(CXCursor cursor, int groupStart, int leadingEnd)
    {
        CType type = TypeOf(cursor);
        int count = Math.Max(0, clang.Cursor_getNumArguments(cursor));
        var parameters = new VarDecl[count];
        _functionDepth++;
        for (int i = 0; i < count; i++)
        {
            CXCursor parameter = clang.Cursor_getArgument(cursor, (uint)i);
            parameters[i] = ReadVariable(parameter, BeforeAtomic(ExtentOf(parameter).Start), -1);
        }

        _functionDepth--;
        var function = new FunctionDecl
        {
            Type = type.Canonical as FunctionType ?? ImplicitFunctionType(type),
            Parameters = parameters,
            Storage = Storage(cursor),
            IsStatic = clang.getCursorLinkage(cursor) == CXLinkageKind.CXLinkage_Internal,
            IsInline = clang.Cursor_isFunctionInlined(cursor) != 0,
        };
        Register(function, cursor);
        SetName(function, cursor);
        if (function.NameStart < 0)
        {
            MarkImplicit(function);
            return function;
        }

        int declaratorEnd = DeclaratorEnd(function, groupStart);
        ReadAttributes(function, groupStart, leadingEnd, declaratorEnd, out string? asmName);
        function.AsmName = asmName;
        if (clang.isCursorDefinition(cursor) != 0)
        {
            ReadBody(function, cursor);
            function.IsKAndR = IsKAndR(function);
            function.Definition = function;
            ((FunctionDecl)function.Entity).Definition = function;
        }
        else
        {
            function.Definition = ((FunctionDecl)function.Entity).Definition;
        }

        return function;
    }

    private static FunctionType ImplicitFunctionType(CType type) => new() { Return = type, Parameters = [], HasNoPrototype = true };

    /// <summary>A function of the compiler, or one that is called without a declaration.</summary>
    private static void MarkImplicit(FunctionDecl function)
    {
        function.IsFileLevel = true;
        function.Start = function.End = 0;
        function.InSystemHeader = function.Name.StartsWith("__builtin_", StringComparison.Ordinal)
            || function.Name.StartsWith("__sync_", StringComparison.Ordinal) || function.Name.StartsWith("__atomic_", StringComparison.Ordinal);
    }

    private void ReadBody(FunctionDecl function, CXCursor cursor)
    {
        CXCursor[] children = CursorChildren.Of(cursor);
        if (children.Length == 0 || children[^1].kind != CXCursorKind.CXCursor_CompoundStmt)
        {
            return;
        }

        _functionDepth++;
        _keepsState = false;
        (int start, int end) = ExtentOf(children[^1]);
        CompoundStmt body;
        string? problem;
        try
        {
            body = (CompoundStmt)ReadStmt(children[^1]);
            problem = ModelChecker.Check(body, _text);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            body = new CompoundStmt { Body = [], Start = start, End = end };
            problem = "the parser failed: " + exception.Message;
        }

        if (problem is not null)
        {
            body = Whole(start, end, problem, []);
        }
        else if (TakeErrors(start, end) is { } error)
        {
            body = Whole(start, end, error, body.Body);
        }

        _functionDepth--;
        function.InSystemHeader &= !_keepsState;
        function.Body = body;
        function.End = Math.Max(function.End, body.End);
    }

    private static CompoundStmt Whole(int start, int end, string reason, IReadOnlyList<Node> parts) => new()
    {
        Start = start,
        End = end,
        Body = [new UnknownStmt { Start = Math.Min(start + 1, end), End = Math.Max(start + 1, end - 1), Reason = reason, Parts = parts }],
    };

    /// <summary>Errors inside a body make that function unknown, not the file. Returns the first.</summary>
    private string? TakeErrors(int start, int end)
    {
        string? first = null;
        for (int i = 0; i < _errors.Count; i++)
        {
            if (_errors[i].Offset >= start && _errors[i].Offset < end)
            {
                first ??= _errors[i].Message;
                _errors.RemoveAt(i--);
            }
        }

        return first;
    }

    private bool IsKAndR(FunctionDecl function)
    {
        if (function.Parameters.Count == 0)
        {
            return false;
        }

        int open = SkipTo(CText.TokenEnd(_text, function.NameStart));
        while (Is(open, ')'))
        {
            open = SkipTo(open + 1);
        }

        // A parameter that is an int by default is declared in neither place, and stands inside.
        int close = CText.Matching(_text, open);
        return function.Type.HasNoPrototype || function.Parameters.Any(p => p.Start >= close);
    }
}
