using System.Text;

namespace UpStare.Frontend.Model;

/// <summary>Changes the names that <see cref="TypePrinter"/> writes: gets the declaration and its name, gives the name to write.</summary>
public delegate string TypeNaming(Decl decl, string name);

/// <summary>Writes types as C declarations that gcc takes.</summary>
public static class TypePrinter
{
    /// <summary>
    /// A declaration of <paramref name="name"/> with this type, or the type alone where the name is "". No semicolon.
    /// </summary>
    /// <param name="type">Any type for which <see cref="CanPrint"/> holds.</param>
    /// <param name="name">A name, or a declarator to put in its place.</param>
    /// <param name="naming">Renames struct, union and enum tags and typedefs, or null.</param>
    /// <exception cref="NotSupportedException">The type cannot be written down.</exception>
    public static string Declare(CType type, string name, TypeNaming? naming = null) =>
        new Writer(naming, strict: true).Declare(type, name);

    /// <summary>Like <see cref="Declare"/> for people: also shows what cannot be written down.</summary>
    public static string Describe(CType type, string name) => new Writer(null, strict: false).Declare(type, name);

    /// <summary>Whether the type can be written down (at file level: no bound of a variable-length array, no unknown part).</summary>
    public static bool CanPrint(CType type) => type switch
    {
        UnknownType => false,
        PointerType t => CanPrint(t.Pointee),
        ArrayType t => t.Bound != ArrayBound.Variable && CanPrint(t.Element),
        FunctionType t => CanPrint(t.Return) && t.Parameters.All(CanPrint),
        VectorType t => CanPrint(t.Element),
        ComplexType t => CanPrint(t.Element),
        RecordType t => t.Decl.Tag.Length > 0,
        EnumType t => t.Decl.Tag.Length > 0,
        _ => true,
    };

    /// <summary>"const volatile " and so on, with a blank behind each.</summary>
    private static string Prefix(Qualifiers qualifiers)
    {
        if (qualifiers == Qualifiers.None)
        {
            return "";
        }

        var text = new StringBuilder();
        text.Append(qualifiers.HasFlag(Qualifiers.Const) ? "const " : "");
        text.Append(qualifiers.HasFlag(Qualifiers.Volatile) ? "volatile " : "");
        text.Append(qualifiers.HasFlag(Qualifiers.Restrict) ? "__restrict " : "");
        text.Append(qualifiers.HasFlag(Qualifiers.Atomic) ? "_Atomic " : "");
        return text.ToString();
    }

    private sealed class Writer(TypeNaming? naming, bool strict)
    {
        public string Declare(CType type, string declarator)
        {
            switch (type)
            {
                case PointerType pointer:
                    string star = "*" + Prefix(pointer.Qualifiers) + declarator;
                    return Declare(pointer.Pointee, pointer.Pointee is ArrayType or FunctionType ? "(" + star.TrimEnd() + ")" : star.TrimEnd());
                case ArrayType array:
                    string bound = array.Bound switch
                    {
                        ArrayBound.Constant => array.Count.ToString(),
                        ArrayBound.Incomplete => "",
                        _ => strict ? throw new NotSupportedException("a variable-length array") : "*",
                    };
                    CType element = array.Qualifiers == Qualifiers.None
                        ? array.Element
                        : CTypes.WithQualifiers(array.Element, array.Element.Qualifiers | array.Qualifiers);
                    return Declare(element, $"{declarator}[{bound}]");
                case FunctionType function:
                    return Declare(function.Return, $"{declarator}({Parameters(function)})");
                default:
                    string specifiers = Prefix(type.Qualifiers) + Specifier(type);
                    return declarator.Length == 0 ? specifiers : specifiers + " " + declarator;
            }
        }

        private string Parameters(FunctionType function)
        {
            if (function.HasNoPrototype)
            {
                return "";
            }

            if (function.Parameters.Count == 0)
            {
                return function.IsVariadic ? "..." : "void";
            }

            var text = new StringBuilder();
            foreach (CType parameter in function.Parameters)
            {
                text.Append(text.Length > 0 ? ", " : "").Append(Declare(parameter, ""));
            }

            return text.Append(function.IsVariadic ? ", ..." : "").ToString();
        }

        private string Specifier(CType type)
        {
            switch (type)
            {
                case BuiltinType builtin:
                    return builtin.Spelling;
                case TypedefType typedef:
                    return Name(typedef.Decl, typedef.Decl.Name);
                case RecordType { Decl.Tag: "__va_list_tag" }:
                    return "__typeof__(**(__builtin_va_list *)0)"; // gcc gives it no name
                case RecordType record:
                    return (record.Decl.IsUnion ? "union " : "struct ") + Tag(record.Decl, record.Decl.Tag);
                case EnumType enumeration:
                    return "enum " + Tag(enumeration.Decl, enumeration.Decl.Tag);
                case ComplexType complex:
                    return "_Complex " + Declare(complex.Element, "");
                case VectorType vector:
                    return $"__typeof__({Declare(vector.Element, "")} __attribute__((vector_size({vector.Size}))))";
                case UnknownType unknown when !strict:
                    return $"<{unknown.Spelling}>";
                default:
                    throw new NotSupportedException("a type that cannot be written down");
            }
        }

        private string Tag(Decl decl, string tag)
        {
            if (tag.Length == 0)
            {
                return strict ? throw new NotSupportedException("an anonymous member's type") : "<anonymous>";
            }

            return Name(decl, tag);
        }

        // The compiler's own types (no place in the text) are never renamed.
        private string Name(Decl decl, string name) => naming is null || (decl.NameStart < 0 && decl.End == 0) ? name : naming(decl, name);
    }
}
