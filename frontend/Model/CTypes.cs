namespace UpStare.Frontend.Model;

/// <summary>Small operations on types.</summary>
public static class CTypes
{
    /// <summary>The type with exactly these qualifiers.</summary>
    public static CType WithQualifiers(CType type, Qualifiers qualifiers)
    {
        if (type.Qualifiers == qualifiers)
        {
            return type;
        }

        return type switch
        {
            BuiltinType t => new BuiltinType { Spelling = t.Spelling, Qualifiers = qualifiers, Size = t.Size, Align = t.Align },
            PointerType t => new PointerType { Pointee = t.Pointee, Qualifiers = qualifiers, Size = t.Size, Align = t.Align },
            ArrayType t => new ArrayType { Element = t.Element, Bound = t.Bound, Count = t.Count, Qualifiers = qualifiers, Size = t.Size, Align = t.Align },
            RecordType t => new RecordType { Decl = t.Decl, Qualifiers = qualifiers, Size = t.Size, Align = t.Align },
            EnumType t => new EnumType { Decl = t.Decl, Qualifiers = qualifiers, Size = t.Size, Align = t.Align },
            TypedefType t => new TypedefType { Decl = t.Decl, Qualifiers = qualifiers, Size = t.Size, Align = t.Align },
            VectorType t => new VectorType { Element = t.Element, Count = t.Count, Qualifiers = qualifiers, Size = t.Size, Align = t.Align },
            ComplexType t => new ComplexType { Element = t.Element, Qualifiers = qualifiers, Size = t.Size, Align = t.Align },
            UnknownType t => new UnknownType { Spelling = t.Spelling, Qualifiers = qualifiers, Size = t.Size, Align = t.Align },
            _ => type,
        };
    }

    /// <summary>What a parameter of this type really is: arrays and functions become pointers.</summary>
    public static CType Decay(CType type) => type.Canonical switch
    {
        ArrayType array => new PointerType { Pointee = array.Element, Size = 8, Align = 8 },
        FunctionType function => new PointerType { Pointee = function, Size = 8, Align = 8 },
        _ => type,
    };

    /// <summary>Whether a typedef, or what it stands for, carries these qualifiers.</summary>
    public static Qualifiers AllQualifiers(CType type) =>
        type is TypedefType typedef ? type.Qualifiers | AllQualifiers(typedef.Decl.Underlying) : type.Qualifiers;
}
