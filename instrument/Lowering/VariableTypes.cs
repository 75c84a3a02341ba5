using System.Globalization;
using UpStare.Frontend.Model;

namespace UpStare.Instrument.Lowering;

/// <summary>
/// A variable of a variably modified type: an array whose bounds only the running program knows, or a pointer to one. The record
/// keeps the bounds beside it. In the hot body the variable stays as the user wrote it. A clone, which C forbids to jump into its
/// scope, has an untyped pointer in its place, and casts it to the type wherever the variable is named.
/// </summary>
internal sealed class VariableType(VarDecl decl, IReadOnlyList<Temp> bounds)
{
    public VarDecl Decl { get; } = decl;

    /// <summary>One for each bound that is not constant, from the outside in.</summary>
    public IReadOnlyList<Temp> Bounds { get; } = bounds;

    public bool IsArray => Decl.Type.Canonical is ArrayType;

    /// <summary>What the record keeps: the array's place, or the pointer's value.</summary>
    public CType RecordType => IsArray ? Decl.Type : s_pointer;

    private static readonly PointerType s_pointer = new() { Pointee = new BuiltinType { Spelling = "void" }, Size = 8, Align = 8 };

    /// <summary>Whether a type is variably modified.</summary>
    public static bool Is(CType type) => type.Canonical switch
    {
        ArrayType a => a.Bound == ArrayBound.Variable || Is(a.Element),
        PointerType p => Is(p.Pointee),
        _ => false,
    };

    /// <summary>How many bounds of a type are not constant.</summary>
    public static int Count(CType type) => type switch
    {
        ArrayType a => (a.Bound == ArrayBound.Variable ? 1 : 0) + Count(a.Element),
        PointerType p => Count(p.Pointee),
        // Its bounds were evaluated where the typedef stands.
        _ when Is(type) => throw new UnprintableTypeException("typedef of a variable-length array"),
        _ => 0,
    };

    /// <summary>The alignment that storage for the array has, in bits.</summary>
    public long AlignmentInBits()
    {
        CType element = Decl.Type.Canonical;
        while (element.Canonical is ArrayType a)
        {
            element = a.Element;
        }

        return 8 * Math.Max(Decl.Has("aligned") ? 64 : 16, element.Canonical.Align);
    }

    /// <summary>Expressions for the bounds of a variable that is in scope by its own name: "sizeof(a) / sizeof(a[0])".</summary>
    /// <param name="name">The variable.</param>
    public IEnumerable<string> Measures(string name)
    {
        CType type = Decl.Type;
        for (string at = name; type is ArrayType or PointerType;)
        {
            string inner = type is ArrayType ? "(" + at + ")[0]" : "(*" + at + ")";
            if (type is ArrayType { Bound: ArrayBound.Variable })
            {
                // Elements without size have no count either.
                yield return string.Create(CultureInfo.InvariantCulture, $"sizeof({inner}) ? sizeof({at}) / sizeof({inner}) : 0");
            }

            at = inner;
            type = type is ArrayType a ? a.Element : ((PointerType)type).Pointee;
        }
    }

    /// <summary>
    /// The expression of each bound in the declarator, in the order of <see cref="Bounds"/>: brackets behind the name belong to the
    /// arrays of the type from the outside in. A literal, which an array of variable-length arrays may have, is not in the tree: its
    /// place in the text alone.
    /// </summary>
    /// <param name="unit">The text.</param>
    public IReadOnlyList<(Expr? Node, int Start, int End)> Expressions(TranslationUnit unit)
    {
        var found = new List<(Expr?, int, int)>();
        CType type = Decl.Type;
        int at = Decl.NameStart + Decl.Name.Length;
        for (; type is ArrayType or PointerType; type = type is ArrayType a ? a.Element : ((PointerType)type).Pointee)
        {
            if (type is not ArrayType array)
            {
                continue;
            }

            int open = at;
            while (open < Decl.DeclaratorEnd && unit.Slice(open, open + 1) is not ("[" or "("))
            {
                open++;
            }

            int close = Closing(unit, open);
            if (array.Bound == ArrayBound.Variable)
            {
                found.Add((Decl.Bounds.FirstOrDefault(b => b.Start > open && b.End <= close), open + 1, close));
            }

            at = close + 1;
        }

        return found;
    }

    private int Closing(TranslationUnit unit, int open)
    {
        int depth = 0;
        for (int at = open; at < Decl.DeclaratorEnd; at++)
        {
            string c = unit.Slice(at, at + 1);
            depth += c is "[" or "(" ? 1 : c is "]" or ")" ? -1 : 0;
            if (depth == 0 && at > open)
            {
                return at;
            }
        }

        throw new UnprintableTypeException("variable-length array in a declarator that is not understood");
    }
}
