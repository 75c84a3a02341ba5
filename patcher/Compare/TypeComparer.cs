using UpStare.Frontend.Model;

namespace UpStare.Patcher.Compare;

/// <summary>
/// Compares types of two versions by what their storage means: size, fields by name and offset, scalar kinds. What a
/// pointer points to does not change the pointer, so it is not looked at (which also keeps the comparison finite).
/// </summary>
public static class TypeComparer
{
    /// <summary>Whether an object of one type can be used as one of the other as it stands.</summary>
    public static bool SameStorage(CType a, CType b)
    {
        a = a.Canonical;
        b = b.Canonical;
        switch (a)
        {
            case PointerType:
                return b is PointerType;
            case FunctionType:
                return b is FunctionType;
            case BuiltinType x:
                return b is BuiltinType y && x.Spelling == y.Spelling && a.Size == b.Size;
            case ArrayType x:
                return b is ArrayType ay && x.Bound == ay.Bound && x.Count == ay.Count && SameStorage(x.Element, ay.Element);
            case VectorType x:
                return b is VectorType vy && x.Count == vy.Count && SameStorage(x.Element, vy.Element);
            case ComplexType x:
                return b is ComplexType cy && SameStorage(x.Element, cy.Element);
            case EnumType x:
                return b is EnumType ey && a.Size == b.Size && SameEnum(x.Decl, ey.Decl);
            case RecordType x:
                return b is RecordType ry && SameRecord(x.Decl, ry.Decl);
            case UnknownType x:
                return b is UnknownType uy && x.Spelling == uy.Spelling && a.Size == b.Size;
            default:
                return false;
        }
    }

    /// <summary>Same kind, size and fields (names, places, storage).</summary>
    public static bool SameRecord(RecordDecl a, RecordDecl b)
    {
        if (ReferenceEquals(a, b))
        {
            return true;
        }

        if (a.IsUnion != b.IsUnion || a.Size != b.Size || a.Align != b.Align || a.Fields.Count != b.Fields.Count)
        {
            return false;
        }

        if (a.Fields.Count == 0 && !SameTag(a, b))
        {
            return false;
        }

        for (int i = 0; i < a.Fields.Count; i++)
        {
            FieldDecl f = a.Fields[i];
            FieldDecl g = b.Fields[i];
            if (f.Name != g.Name || f.OffsetBits != g.OffsetBits || f.BitWidth != g.BitWidth || !SameStorage(f.Type, g.Type))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Every constant of the old one has the same value in the new one (constants may be added).</summary>
    public static bool SameEnum(EnumDecl old, EnumDecl now)
    {
        foreach (EnumConstantDecl c in old.Constants)
        {
            EnumConstantDecl? d = now.Constants.Find(k => k.Name == c.Name);
            if (d is not null && d.Value != c.Value)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a variable of this type cannot be written (const, or an array of const).</summary>
    public static bool IsConst(CType type) => type.Qualifiers.HasFlag(Qualifiers.Const) || type switch
    {
        TypedefType t => IsConst(t.Decl.Underlying),
        ArrayType a => IsConst(a.Element),
        _ => false,
    };

    /// <summary>Integers, enumerations and floating types: what C converts by assignment.</summary>
    public static bool IsArithmetic(CType type) => type.Canonical is EnumType or ComplexType || (type.Canonical is BuiltinType b && !b.IsVoid && !b.Spelling.Contains("va_list", StringComparison.Ordinal));

    /// <summary>Whether a value of one type says nothing about one of the other: number, pointer and structure.</summary>
    public static bool AreUnrelated(CType a, CType b)
    {
        return Kind(a) is int x and > 0 && Kind(b) is int y and > 0 && x != y;
        static int Kind(CType t) => t.Canonical is RecordType ? 1 : t.Canonical is PointerType ? 2 : IsArithmetic(t) ? 3 : 0;
    }

    /// <summary>Offsets of the data pointers inside one object of the type. Unions have none (which member is alive is not known).</summary>
    public static List<int> PointerOffsets(CType type)
    {
        var offsets = new List<int>();
        Collect(type.Canonical, 0, offsets);
        return offsets;
    }

    private static void Collect(CType type, long at, List<int> offsets)
    {
        switch (type)
        {
            case PointerType p when p.Pointee.Canonical is not FunctionType:
                offsets.Add((int)at);
                break;
            case ArrayType { Bound: ArrayBound.Constant } a when a.Element.Size > 0 && Holds(a.Element):
                for (long i = 0; i < a.Count; i++)
                {
                    Collect(a.Element.Canonical, at + (i * a.Element.Size), offsets);
                }

                break;
            case RecordType { Decl.IsUnion: false } r:
                foreach (FieldDecl f in r.Decl.Fields)
                {
                    if (f.BitWidth < 0)
                    {
                        Collect(f.Type.Canonical, at + (f.OffsetBits / 8), offsets);
                    }
                }

                break;
        }
    }

    private static bool Holds(CType type) => type.Canonical switch
    {
        PointerType p => p.Pointee.Canonical is not FunctionType,
        ArrayType a => Holds(a.Element),
        RecordType { Decl.IsUnion: false } r => r.Decl.Fields.Exists(f => Holds(f.Type)),
        _ => false,
    };

    private static bool SameTag(RecordDecl a, RecordDecl b) => a.Tag == b.Tag || (a.IsUnnamed && b.IsUnnamed);
}
