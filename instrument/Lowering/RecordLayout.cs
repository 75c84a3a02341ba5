using System.Globalization;
using System.Text;
using UpStare.Frontend.Model;

namespace UpStare.Instrument.Lowering;

/// <summary>Where variables stand in a frame record.</summary>
internal static class RecordLayout
{
    /// <summary>Bytes of struct __up_header.</summary>
    public const int HeaderSize = 16;

    private const int LargestByValue = 64;
    private const int LargestAlignment = 16;

    /// <summary>Whether values of this type are copied (if their address is nowhere taken).</summary>
    public static bool CanBeByValue(CType type)
    {
        CType c = type.Canonical;
        if (c.Size <= 0 || Math.Max(c.Align, type.Align) > LargestAlignment || ((type.Qualifiers | c.Qualifiers) & Qualifiers.Atomic) != 0)
        {
            return false;
        }

        return c switch
        {
            BuiltinType or PointerType or EnumType or ComplexType => true,
            VectorType => c.Size <= LargestAlignment,
            RecordType r => c.Size <= LargestByValue && r.Decl.Align <= LargestAlignment && !HasFixedMember(r.Decl),
            _ => false,
        };
    }

    /// <summary>Of a member of this type: a typedef may have another alignment than what it stands for.</summary>
    private static long Align(CType type) => type.Align > 0 ? type.Align : type.Canonical.Align;

    /// <summary>Whether a record holds a member that cannot be assigned or must not be copied.</summary>
    public static bool HasFixedMember(RecordDecl record)
    {
        foreach (FieldDecl f in record.Fields)
        {
            CType type = f.Type;
            while (type.Canonical is ArrayType a)
            {
                if (a.Bound != ArrayBound.Constant)
                {
                    return true;
                }

                type = a.Element;
            }

            const Qualifiers Fixed = Qualifiers.Const | Qualifiers.Atomic | Qualifiers.Volatile;
            if (((type.Qualifiers | type.Canonical.Qualifiers) & Fixed) != 0
                || (type.Canonical is RecordType inner && HasFixedMember(inner.Decl)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Sets the offsets in the order of the list; returns the record's size.</summary>
    public static int Assign(IReadOnlyList<RecordVariable> variables)
    {
        long at = HeaderSize;
        foreach (RecordVariable v in variables)
        {
            long align = v.Mode == RecordMode.InPlace ? 8 : Math.Max(1, Align(v.Type));
            at = (at + align - 1) / align * align;
            v.Offset = (int)at;
            at += v.SlotSize;
        }

        return (int)((at + 15) / 16 * 16);
    }

    /// <summary>Hash of slots and points.</summary>
    public static uint Hash(IReadOnlyList<RecordVariable> variables, IReadOnlyList<ContinuationPoint> points)
    {
        var text = new StringBuilder();
        foreach (RecordVariable v in variables)
        {
            text.Append(CultureInfo.InvariantCulture, $"{v.Member},{v.Offset},{v.SlotSize},{(int)v.Mode};");
        }

        foreach (ContinuationPoint p in points)
        {
            text.Append(CultureInfo.InvariantCulture, $"{(int)p.Kind},{p.Callee},{p.NestingPath},{p.ShapeHash:x};");
        }

        return Names.Hash(text.ToString());
    }
}
