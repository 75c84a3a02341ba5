using System.Globalization;
using System.Text;
using UpStare.Frontend.Model;

namespace UpStare.Instrument;

/// <summary>Prints types as C type names (<c>int (*)[4]</c>), for use in <c>__typeof__( )</c> and casts.</summary>
internal static class TypeText
{
    /// <summary>Replaces the names of types that were declared inside a function; null where nothing is replaced.</summary>
    public delegate string? Rename(Decl decl);

    /// <summary>The type name. Throws <see cref="UnprintableTypeException"/> where C has no way to write it.</summary>
    public static string Of(CType type, Rename? rename = null) => Print(type, "", false, rename);

    /// <summary>The same as a parameter's type, where arrays may have any bounds ("int (*)[*]").</summary>
    public static string OfParameter(CType type, Rename? rename = null) => Print(type, "", false, rename, inParameter: true);

    /// <summary>The same without the qualifiers on the outside (an array's elements count as outside).</summary>
    public static string Unqualified(CType type, Rename? rename = null) => Print(type, "", true, rename);

    /// <summary>A variably modified type with these expressions for the bounds that are not constant, from the outside in.</summary>
    /// <param name="type">The type.</param>
    /// <param name="inner">What is declared ("a", "(*)"), or "".</param>
    /// <param name="bounds">The expressions.</param>
    /// <param name="rename">Names of local types.</param>
    public static string OfVariable(CType type, string inner, Queue<string> bounds, Rename? rename)
    {
        switch (type)
        {
            case ArrayType a:
                string bound = a.Bound == ArrayBound.Variable ? bounds.Dequeue()
                    : a.Bound == ArrayBound.Constant ? a.Count.ToString(CultureInfo.InvariantCulture) : "";
                return OfVariable(a.Element, inner + "[" + bound + "]", bounds, rename);
            case PointerType { Pointee: ArrayType array } p:
                return OfVariable(array, "(*" + PointerQualifiers(p.Qualifiers) + inner + ")", bounds, rename);
            case PointerType { Pointee: PointerType } p:
                return OfVariable(p.Pointee, "*" + PointerQualifiers(p.Qualifiers) + inner, bounds, rename);
            default:
                return Print(type, inner, false, rename);
        }
    }

    /// <summary>The type that a value of this type has: arrays and functions become pointers.</summary>
    public static CType Decayed(CType type) => type.Canonical switch
    {
        ArrayType a => new PointerType { Pointee = a.Element, Size = 8, Align = 8 },
        FunctionType => new PointerType { Pointee = type, Size = 8, Align = 8 },
        _ => type,
    };

    private static string Print(CType type, string inner, bool drop, Rename? rename, bool inParameter = false)
    {
        switch (type)
        {
            case PointerType p:
                return PrintPointer(p, inner, drop, rename, inParameter);
            case ArrayType a:
                if (a.Bound == ArrayBound.Variable && !inParameter)
                {
                    throw new UnprintableTypeException("variable-length array");
                }

                string bound = a.Bound == ArrayBound.Constant ? a.Count.ToString(CultureInfo.InvariantCulture)
                    : a.Bound == ArrayBound.Variable ? "*" : "";
                return Print(a.Element, inner + "[" + bound + "]", drop, rename, inParameter);
            case FunctionType f:
                return Print(f.Return, inner + Parameters(f, rename), false, rename);
            case TypedefType t when drop && NeedsStrip(t):
                return Print(t.Decl.Underlying.Canonical, inner, true, rename);
        }

        return Words(type, drop, rename) + (inner.Length == 0 ? "" : " " + inner);
    }

    private static bool NeedsStrip(TypedefType t)
    {
        CType c = t.Decl.Underlying.Canonical;
        if (c.Qualifiers != Qualifiers.None)
        {
            return true;
        }

        while (c is ArrayType a)
        {
            c = a.Element;
            if (c.Qualifiers != Qualifiers.None || c.Canonical.Qualifiers != Qualifiers.None)
            {
                return true;
            }
        }

        return false;
    }

    private static string PrintPointer(PointerType p, string inner, bool drop, Rename? rename, bool inParameter)
    {
        string text = "*" + (drop ? "" : PointerQualifiers(p.Qualifiers)) + inner;
        bool wrap = p.Pointee is ArrayType or FunctionType;
        return Print(p.Pointee, wrap ? "(" + text + ")" : text, false, rename, inParameter);
    }

    private static string Words(CType type, bool drop, Rename? rename)
    {
        string name = type switch
        {
            BuiltinType b => b.Spelling,
            RecordType r => Record(r.Decl, rename),
            EnumType e => e.Decl.Tag.Length == 0 ? "int" : "enum " + (rename?.Invoke(e.Decl) ?? e.Decl.Tag),
            TypedefType t => rename?.Invoke(t.Decl) ?? t.Decl.Name,
            ComplexType c => "_Complex " + Print(c.Element, "", true, rename),
            VectorType v => "__typeof__(" + Print(v.Element, "", true, rename) + " __attribute__((vector_size("
                + v.Size.ToString(CultureInfo.InvariantCulture) + "))))",
            UnknownType u => throw new UnprintableTypeException(u.Spelling),
            _ => throw new UnprintableTypeException(type.GetType().Name),
        };
        return drop ? name : Leading(type.Qualifiers) + name;
    }

    private static string Record(RecordDecl decl, Rename? rename)
    {
        if (decl.Tag == "__va_list_tag")
        {
            return "__typeof__(((struct { __builtin_va_list a; } *)0)->a[0])";
        }

        if (decl.Tag.Length == 0)
        {
            throw new UnprintableTypeException("unnamed record");
        }

        return (decl.IsUnion ? "union " : "struct ") + (rename?.Invoke(decl) ?? decl.Tag);
    }

    private static string Parameters(FunctionType f, Rename? rename)
    {
        if (f.HasNoPrototype)
        {
            return "()";
        }

        if (f.Parameters.Count == 0)
        {
            return "(void)";
        }

        var text = new StringBuilder("(");
        for (int i = 0; i < f.Parameters.Count; i++)
        {
            text.Append(i == 0 ? "" : ", ").Append(Print(f.Parameters[i], "", false, rename, inParameter: true));
        }

        return text.Append(f.IsVariadic ? ", ...)" : ")").ToString();
    }

    private static string Leading(Qualifiers q) =>
        ((q & Qualifiers.Const) != 0 ? "const " : "") + ((q & Qualifiers.Volatile) != 0 ? "volatile " : "")
        + ((q & Qualifiers.Atomic) != 0 ? "_Atomic " : "");

    private static string PointerQualifiers(Qualifiers q)
    {
        string text = ((q & Qualifiers.Const) != 0 ? " const" : "") + ((q & Qualifiers.Volatile) != 0 ? " volatile" : "")
            + ((q & Qualifiers.Restrict) != 0 ? " __restrict" : "") + ((q & Qualifiers.Atomic) != 0 ? " _Atomic" : "");
        return text.Length == 0 ? "" : text + " ";
    }
}

/// <summary>A type that cannot be written in C.</summary>
internal sealed class UnprintableTypeException(string spelling) : Exception("type cannot be written: " + spelling);
