using UpStare.Frontend.Model;

namespace UpStare.Patcher.Source;

/// <summary>The x86-64 System V layout of a record without attributes.</summary>
public static class Layout
{
    /// <summary>Whether the record's fields stand where a plain declaration would put them.</summary>
    public static bool IsNatural(RecordDecl record)
    {
        long at = 0;
        long align = 1;
        foreach (FieldDecl f in record.Fields)
        {
            long size = f.Type.Canonical is ArrayType { Bound: not ArrayBound.Constant } ? 0 : f.Type.Size;
            long own = f.Type.Align;
            if (size < 0 || own <= 0 || f.BitWidth == 0)
            {
                return false;
            }

            if (f.Name.Length == 0 && f.Type.Canonical is RecordType { Decl: RecordDecl inner } && !IsNatural(inner))
            {
                return false;
            }

            if (record.IsUnion)
            {
                at = Math.Max(at, f.BitWidth >= 0 ? (f.BitWidth + 7) / 8 * 8 : size * 8);
            }
            else if (f.BitWidth >= 0)
            {
                if ((at % (size * 8)) + f.BitWidth > size * 8)
                {
                    at = Up(at, size * 8);
                }

                if (f.OffsetBits != at)
                {
                    return false;
                }

                at += f.BitWidth;
            }
            else
            {
                at = Up(at, own * 8);
                if (f.OffsetBits != at)
                {
                    return false;
                }

                at += size * 8;
            }

            align = Math.Max(align, own);
        }

        return record.Align == align && record.Size == Up(at, align * 8) / 8;
    }

    private static long Up(long value, long to) => (value + to - 1) / to * to;
}
