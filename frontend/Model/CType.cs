namespace UpStare.Frontend.Model;

/// <summary>Type qualifiers that stand directly on a type.</summary>
[Flags]
public enum Qualifiers
{
    None = 0,
    Const = 1,
    Volatile = 2,
    Restrict = 4,
    Atomic = 8,
}

/// <summary>
/// A C type. <see cref="Size"/> and <see cref="Align"/> are in bytes, -1 where C gives none (incomplete types,
/// functions, variable-length arrays).
/// </summary>
public abstract class CType
{
    /// <summary>Qualifiers that stand directly on this type.</summary>
    public Qualifiers Qualifiers { get; init; }

    /// <summary>sizeof in bytes, or -1.</summary>
    public long Size { get; init; } = -1;

    /// <summary>_Alignof in bytes, or -1.</summary>
    public long Align { get; init; } = -1;

    /// <summary>This type with typedefs and typeof stripped (its own qualifiers kept).</summary>
    public virtual CType Canonical => this;
}

/// <summary>void, _Bool, char, int, double, __int128, va_list's builtin record ... by clang's spelling.</summary>
public sealed class BuiltinType : CType
{
    /// <summary>The spelling that gcc accepts, without qualifiers ("unsigned long").</summary>
    public required string Spelling { get; init; }

    public bool IsVoid => Spelling == "void";
}

public sealed class PointerType : CType
{
    public required CType Pointee { get; init; }
}

public enum ArrayBound
{
    Constant,
    Incomplete,
    Variable,
}

public sealed class ArrayType : CType
{
    public required CType Element { get; init; }

    public required ArrayBound Bound { get; init; }

    /// <summary>Number of elements where <see cref="Bound"/> is constant, else -1.</summary>
    public long Count { get; init; } = -1;
}

public sealed class FunctionType : CType
{
    public required CType Return { get; init; }

    public required IReadOnlyList<CType> Parameters { get; init; }

    public bool IsVariadic { get; init; }

    /// <summary>An old-style declaration without a prototype: <c>int f();</c>.</summary>
    public bool HasNoPrototype { get; init; }
}

public sealed class RecordType : CType
{
    public required RecordDecl Decl { get; init; }
}

public sealed class EnumType : CType
{
    public required EnumDecl Decl { get; init; }
}

public sealed class TypedefType : CType
{
    public required TypedefDecl Decl { get; init; }

    public override CType Canonical =>
        Decl.Underlying.Canonical is var type && Qualifiers == Qualifiers.None ? type : CTypes.WithQualifiers(type, type.Qualifiers | Qualifiers);
}

public sealed class VectorType : CType
{
    public required CType Element { get; init; }

    public required long Count { get; init; }
}

public sealed class ComplexType : CType
{
    public required CType Element { get; init; }
}

/// <summary>A type that this model cannot take apart; only its spelling is known and it must not be emitted.</summary>
public sealed class UnknownType : CType
{
    public required string Spelling { get; init; }
}
