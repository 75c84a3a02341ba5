using UpStare.Frontend.Interop;
using UpStare.Frontend.Model;
using UpStare.Frontend.Text;

namespace UpStare.Frontend.Parsing;

internal sealed unsafe partial class UnitReader
{
    private readonly Dictionary<nint, CType> _types = [];
    private readonly Queue<(RecordDecl Record, CXCursor Cursor)> _unfilled = new();
    private bool _filling;

    private CType TypeOf(CXCursor cursor) => TypeOf(clang.getCursorType(cursor));

    private CType TypeOf(CXType type)
    {
        CType result = Convert(type);
        FillRecords();
        return result;
    }

    private CType Convert(CXType type)
    {
        if (type.data0 == null)
        {
            return new UnknownType { Spelling = "" };
        }

        if (_types.TryGetValue((nint)type.data0, out CType? known))
        {
            return known;
        }

        CType made = Make(type);

        // A function's type can be asked for with and without the qualifiers of its sugar; only the first result is kept.
        return _types.TryAdd((nint)type.data0, made) ? made : _types[(nint)type.data0];
    }

    private CType Make(CXType type)
    {
        Qualifiers qualifiers = (clang.isConstQualifiedType(type) != 0 ? Qualifiers.Const : 0)
            | (clang.isVolatileQualifiedType(type) != 0 ? Qualifiers.Volatile : 0)
            | (clang.isRestrictQualifiedType(type) != 0 ? Qualifiers.Restrict : 0);
        switch (type.kind)
        {
            case CXTypeKind.CXType_Elaborated:
                return Sugar(clang.Type_getNamedType(type), qualifiers);
            case CXTypeKind.CXType_Attributed:
                return Sugar(clang.Type_getModifiedType(type), qualifiers);
            case CXTypeKind.CXType_Atomic:
                return Sugar(clang.Type_getValueType(type), qualifiers | Qualifiers.Atomic);
            case CXTypeKind.CXType_Unexposed or CXTypeKind.CXType_Auto:
                CXType canonical = clang.getCanonicalType(type);
                return canonical.kind is CXTypeKind.CXType_Unexposed or CXTypeKind.CXType_Auto ? Unknown(type, qualifiers) : Convert(canonical);
        }

        long size = Math.Max(-1, clang.Type_getSizeOf(type));
        long align = Math.Max(-1, clang.Type_getAlignOf(type));
        switch (type.kind)
        {
            case CXTypeKind.CXType_Pointer:
                return new PointerType { Pointee = Convert(clang.getPointeeType(type)), Qualifiers = qualifiers, Size = size, Align = align };
            case CXTypeKind.CXType_ConstantArray:
                return new ArrayType
                {
                    Element = Convert(clang.getArrayElementType(type)),
                    Bound = ArrayBound.Constant,
                    Count = clang.getArraySize(type),
                    Size = size,
                    Align = align,
                };
            case CXTypeKind.CXType_IncompleteArray:
                return new ArrayType { Element = Convert(clang.getArrayElementType(type)), Bound = ArrayBound.Incomplete, Align = align };
            case CXTypeKind.CXType_VariableArray:
                return new ArrayType { Element = Convert(clang.getArrayElementType(type)), Bound = ArrayBound.Variable };
            case CXTypeKind.CXType_FunctionProto or CXTypeKind.CXType_FunctionNoProto:
                return Function(type);
            case CXTypeKind.CXType_Record:
                return new RecordType { Decl = RecordOf(Definition(clang.getTypeDeclaration(type))), Qualifiers = qualifiers, Size = size, Align = align };
            case CXTypeKind.CXType_Enum:
                return new EnumType { Decl = EnumOf(Definition(clang.getTypeDeclaration(type))), Qualifiers = qualifiers, Size = size, Align = align };
            case CXTypeKind.CXType_Typedef:
                return new TypedefType { Decl = TypedefOf(clang.getTypeDeclaration(type)), Qualifiers = qualifiers, Size = size, Align = align };
            case CXTypeKind.CXType_Vector or CXTypeKind.CXType_ExtVector:
                return new VectorType
                {
                    Element = Convert(clang.getElementType(type)),
                    Count = clang.getNumElements(type),
                    Qualifiers = qualifiers,
                    Size = size,
                    Align = align,
                };
            case CXTypeKind.CXType_Complex:
                return new ComplexType { Element = Convert(clang.getElementType(type)), Qualifiers = qualifiers, Size = size, Align = align };
            default:
                return Builtin(type.kind) is { } spelling
                    ? new BuiltinType { Spelling = spelling, Qualifiers = qualifiers, Size = spelling == "void" ? -1 : size, Align = spelling == "void" ? -1 : align }
                    : Unknown(type, qualifiers);
        }
    }

    private CType Sugar(CXType inner, Qualifiers qualifiers)
    {
        CType type = Convert(inner);
        return CTypes.WithQualifiers(type, type.Qualifiers | qualifiers);
    }

    private static UnknownType Unknown(CXType type, Qualifiers qualifiers) =>
        new() { Spelling = clang.Take(clang.getTypeSpelling(type)), Qualifiers = qualifiers };

    private FunctionType Function(CXType type)
    {
        int count = type.kind == CXTypeKind.CXType_FunctionProto ? clang.getNumArgTypes(type) : 0;
        var parameters = new CType[Math.Max(0, count)];
        for (int i = 0; i < parameters.Length; i++)
        {
            parameters[i] = CTypes.Decay(Convert(clang.getArgType(type, (uint)i)));
        }

        return new FunctionType
        {
            Return = Convert(clang.getResultType(type)),
            Parameters = parameters,
            IsVariadic = type.kind == CXTypeKind.CXType_FunctionProto && clang.isFunctionTypeVariadic(type) != 0,
            HasNoPrototype = type.kind == CXTypeKind.CXType_FunctionNoProto,
        };
    }

    private static string? Builtin(CXTypeKind kind) => kind switch
    {
        CXTypeKind.CXType_Void => "void",
        CXTypeKind.CXType_Bool => "_Bool",
        CXTypeKind.CXType_Char_U or CXTypeKind.CXType_Char_S => "char",
        CXTypeKind.CXType_UChar => "unsigned char",
        CXTypeKind.CXType_SChar => "signed char",
        CXTypeKind.CXType_UShort => "unsigned short",
        CXTypeKind.CXType_Short => "short",
        CXTypeKind.CXType_UInt => "unsigned int",
        CXTypeKind.CXType_Int => "int",
        CXTypeKind.CXType_ULong => "unsigned long",
        CXTypeKind.CXType_Long => "long",
        CXTypeKind.CXType_ULongLong => "unsigned long long",
        CXTypeKind.CXType_LongLong => "long long",
        CXTypeKind.CXType_UInt128 => "unsigned __int128",
        CXTypeKind.CXType_Int128 => "__int128",
        CXTypeKind.CXType_Float => "float",
        CXTypeKind.CXType_Double => "double",
        CXTypeKind.CXType_LongDouble => "long double",
        CXTypeKind.CXType_Float128 => "__float128",
        CXTypeKind.CXType_Half or CXTypeKind.CXType_Float16 => "_Float16",
        CXTypeKind.CXType_BFloat16 => "__bf16",
        _ => null,
    };

    private static CXCursor Definition(CXCursor decl)
    {
        CXCursor definition = clang.getCursorDefinition(decl);
        return definition.IsNull || definition.data0 == null ? clang.getCanonicalCursor(decl) : definition;
    }

    private RecordDecl RecordOf(CXCursor cursor)
    {
        if (_decls.TryGetValue((nint)cursor.data0, out Decl? known) && known is RecordDecl already)
        {
            return already;
        }

        bool complete = clang.isCursorDefinition(cursor) != 0;
        CXType type = clang.getCursorType(cursor);
        var record = new RecordDecl
        {
            IsUnion = cursor.kind == CXCursorKind.CXCursor_UnionDecl,
            IsComplete = complete,
            Size = complete ? Math.Max(-1, clang.Type_getSizeOf(type)) : -1,
            Align = complete ? Math.Max(-1, clang.Type_getAlignOf(type)) : -1,
        };
        Register(record, cursor);
        record.Tag = TagAt(cursor, record);
        record.Name = record.Tag;
        if (record.End > 0)
        {
            ReadTypeAttributes(record);
        }

        record.IsAnonymousMember = record.Tag.Length == 0 && Is(SkipTo(record.End), ';');
        record.IsUnnamed = !record.IsAnonymousMember
            && (record.Tag.Length == 0 || record.Tag.StartsWith(TextPreparer.TagPrefix, StringComparison.Ordinal));
        if (complete)
        {
            _unfilled.Enqueue((record, cursor));
        }

        return record;
    }

    /// <summary>Fields come after the record itself, one record after the other, so that records can refer to themselves.</summary>
    private void FillRecords()
    {
        if (_filling)
        {
            return;
        }

        _filling = true;
        while (_unfilled.TryDequeue(out (RecordDecl Record, CXCursor Cursor) next))
        {
            foreach (CXCursor child in CursorChildren.Fields(clang.getCursorType(next.Cursor)))
            {
                (int start, int end) = ExtentOf(child);
                CType type = Convert(clang.getCursorType(child));
                var field = new FieldDecl
                {
                    Type = WithAtomic(type, BeforeAtomic(start), end),
                    OffsetBits = clang.Cursor_getOffsetOfField(child),
                    BitWidth = clang.getFieldDeclBitWidth(child),
                };
                Register(field, child);
                SetName(field, child);
                if (type.Canonical is RecordType { Decl.IsAnonymousMember: true })
                {
                    field.Name = "";
                    field.NameStart = -1;
                }

                next.Record.Fields.Add(field);
            }
        }

        _filling = false;
    }

    private EnumDecl EnumOf(CXCursor cursor)
    {
        if (_decls.TryGetValue((nint)cursor.data0, out Decl? known) && known is EnumDecl already)
        {
            return already;
        }

        var result = new EnumDecl { Integer = Convert(clang.getEnumDeclIntegerType(cursor)) };
        Register(result, cursor);
        result.Tag = TagAt(cursor, result);
        result.Name = result.Tag;
        if (result.End > 0)
        {
            ReadTypeAttributes(result);
        }

        result.IsUnnamed = result.Tag.Length == 0 || result.Tag.StartsWith(TextPreparer.TagPrefix, StringComparison.Ordinal);
        foreach (CXCursor child in CursorChildren.Of(cursor))
        {
            if (child.kind == CXCursorKind.CXCursor_EnumConstantDecl)
            {
                var constant = new EnumConstantDecl { Value = clang.getEnumConstantDeclValue(child) };
                Register(constant, child);
                SetName(constant, child);
                result.Constants.Add(constant);
            }
        }

        return result;
    }

    private TypedefDecl TypedefOf(CXCursor cursor)
    {
        if (_decls.TryGetValue((nint)cursor.data0, out Decl? known) && known is TypedefDecl already)
        {
            return already;
        }

        CType underlying = Convert(clang.getTypedefDeclUnderlyingType(cursor));
        (int start, int end) = ExtentOf(cursor);
        var result = new TypedefDecl { Underlying = WithAtomic(underlying, BeforeAtomic(start), end) };
        Register(result, cursor);
        SetName(result, cursor);
        return result;
    }

    private string TagAt(CXCursor cursor, Decl decl)
    {
        int at = OffsetOf(clang.getCursorLocation(cursor));
        if (at < 0)
        {
            return clang.Take(clang.getCursorSpelling(cursor)); // a record of the compiler itself (__va_list_tag)
        }

        if (at >= _text.Length || !CText.IsWord(_text[at]) || IsWord(at, "struct"u8) || IsWord(at, "union"u8) || IsWord(at, "enum"u8))
        {
            return "";
        }

        decl.NameStart = at;
        return Slice(at, CText.TokenEnd(_text, at));
    }

    /// <summary>
    /// _Atomic was blanked out for clang: it goes back on the pointer behind whose star it stands, else on the type at the
    /// bottom of the declarator.
    /// </summary>
    private CType WithAtomic(CType type, int start, int end)
    {
        foreach (int at in _atomics)
        {
            if (at >= start && at < end)
            {
                int stars = 0;
                for (int i = SkipTo(at + 7); i < end; i = SkipTo(CText.TokenEnd(_text, i)))
                {
                    stars += Is(i, '*') ? 1 : 0;
                }

                type = AddAtomic(type, stars);
            }
        }

        return type;
    }

    /// <summary>clang's extents begin behind an _Atomic that was blanked out.</summary>
    private int BeforeAtomic(int start)
    {
        for (int at; _atomics.Count > 0 && (at = WordBefore(start, "_Atomic"u8)) >= 0;)
        {
            start = at;
        }

        return start;
    }

    /// <summary>Start of the declarator that holds the name at <paramref name="name"/>: behind the comma before it.</summary>
    private int AfterComma(int name)
    {
        while (name > 0 && _text[name - 1] != ',')
        {
            name--;
        }

        return name;
    }

    private static CType AddAtomic(CType type, int starsBehind)
    {
        if (starsBehind > 0 && type is PointerType pointer)
        {
            return new PointerType { Pointee = AddAtomic(pointer.Pointee, starsBehind - 1), Qualifiers = type.Qualifiers, Size = type.Size, Align = type.Align };
        }

        return type is ArrayType array
            ? new ArrayType { Element = AddAtomic(array.Element, starsBehind), Bound = array.Bound, Count = array.Count, Size = type.Size, Align = type.Align }
            : CTypes.WithQualifiers(type, type.Qualifiers | Qualifiers.Atomic);
    }
}
