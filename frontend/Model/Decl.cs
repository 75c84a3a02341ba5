namespace UpStare.Frontend.Model;

/// <summary>A declaration. Redeclarations of one entity are separate objects that share <see cref="Entity"/>.</summary>
public abstract class Decl : Node
{
    private Decl? _entity;

    /// <summary>The name, or "" where there is none.</summary>
    public string Name { get; set; } = "";

    /// <summary>Offset of the name in the text (-1 where there is none).</summary>
    public int NameStart { get; set; } = -1;

    /// <summary>The first declaration of the same entity in this file: the identity by which references compare.</summary>
    public Decl Entity
    {
        get => _entity ?? this;
        set => _entity = value;
    }

    /// <summary>
    /// First byte of the whole declaration this one is part of (its specifiers and leading attributes). <see cref="Node.Start"/>
    /// is the same for the first declarator; for a later one, or one behind a struct body, it is the declarator's own first byte.
    /// </summary>
    public int GroupStart { get; set; } = -1;

    /// <summary>One past the whole declaration: behind its semicolon, or behind the closing brace of a function's body.</summary>
    public int GroupEnd { get; set; } = -1;

    /// <summary>In a system header (<see cref="Text.LineMap.IsSystem"/>), and without a state that outlives a call.</summary>
    public bool InSystemHeader { get; set; }

    /// <summary>Declared at file level (false: inside a function).</summary>
    public bool IsFileLevel { get; set; }

    /// <summary>Names of the attributes seen, without underscores ("noreturn", "constructor", "alias", "weak" ...).</summary>
    public IReadOnlyList<string> Attributes { get; set; } = [];

    /// <summary>Whether an attribute of this name stands on this declaration.</summary>
    public bool Has(string attribute) => Attributes.Contains(attribute);
}

public sealed class FunctionDecl : Decl
{
    public required FunctionType Type { get; init; }

    public required IReadOnlyList<VarDecl> Parameters { get; init; }

    /// <summary>The body, for a definition; else null.</summary>
    public CompoundStmt? Body { get; set; }

    /// <summary>As written on this declaration; linkage is <see cref="IsStatic"/>.</summary>
    public StorageClass Storage { get; set; }

    /// <summary>Internal linkage (from any declaration of the entity).</summary>
    public bool IsStatic { get; set; }

    public bool IsInline { get; set; }

    /// <summary>Defined in the K and R style (parameter declarations between ) and {).</summary>
    public bool IsKAndR { get; set; }

    /// <summary>The definition in this file, if there is one.</summary>
    public FunctionDecl? Definition { get; set; }

    /// <summary>The name given by an asm label, if any.</summary>
    public string? AsmName { get; set; }

    public override IEnumerable<Node> Children => Body is null ? [] : [Body];
}

/// <summary>A variable or parameter, of a file or of a function.</summary>
public sealed class VarDecl : Decl
{
    public required CType Type { get; init; }

    public bool IsParameter { get; set; }

    /// <summary>As written on this declaration.</summary>
    public StorageClass Storage { get; set; }

    /// <summary>Internal linkage or a static local.</summary>
    public bool IsStatic { get; set; }

    /// <summary>Lives for the whole run (file level, static or extern).</summary>
    public bool HasStaticLifetime { get; set; }

    public bool IsThreadLocal { get; set; }

    /// <summary>The specifiers of its alignment as written, each followed by a blank: "_Alignas(8) ", "__attribute__((aligned(64))) "; or "".</summary>
    public string Alignment { get; set; } = "";

    /// <summary>Expressions in the declarator that are evaluated at run time: bounds of variable-length arrays.</summary>
    public IReadOnlyList<Expr> Bounds { get; set; } = [];

    /// <summary>The initialiser as written, or null.</summary>
    public Expr? Init { get; set; }

    /// <summary>Name of the function that attribute cleanup gives: it is called when an automatic variable's scope is left. Null: none.</summary>
    public string? Cleanup { get; set; }

    /// <summary>A declaration that defines storage (an initialiser, or a tentative definition).</summary>
    public bool IsDefinition { get; set; }

    /// <summary>The name given by an asm label (also a register variable's register), if any.</summary>
    public string? AsmName { get; set; }

    /// <summary>Offset one past this variable's declarator (name, brackets, parentheses; before asm, attributes and '=').</summary>
    public int DeclaratorEnd { get; set; } = -1;

    public override IEnumerable<Node> Children => Init is null ? Bounds : [.. Bounds, Init];
}

public sealed class FieldDecl : Decl
{
    public required CType Type { get; init; }

    /// <summary>Offset in bits from the start of the record.</summary>
    public long OffsetBits { get; init; }

    /// <summary>Width in bits of a bit-field, else -1.</summary>
    public int BitWidth { get; init; } = -1;
}

/// <summary>A struct or union. Unnamed ones are given a name by the frontend (see <see cref="Tag"/>).</summary>
public sealed class RecordDecl : Decl
{
    public bool IsUnion { get; init; }

    /// <summary>The tag by which the type can be written; for an unnamed record the tag the frontend wrote into the text, "" in a for's declaration.</summary>
    public string Tag { get; set; } = "";

    /// <summary>The user wrote no tag.</summary>
    public bool IsUnnamed { get; set; }

    /// <summary>An anonymous member (<c>struct { ... };</c> inside another record): no tag is written into the text.</summary>
    public bool IsAnonymousMember { get; set; }

    public bool IsComplete { get; set; }

    public long Size { get; set; } = -1;

    public long Align { get; set; } = -1;

    /// <summary>Fields in order; filled after the declaration itself, so that records can refer to themselves.</summary>
    public List<FieldDecl> Fields { get; } = [];
}

public sealed class EnumDecl : Decl
{
    /// <summary>See <see cref="RecordDecl.Tag"/>.</summary>
    public string Tag { get; set; } = "";

    public bool IsUnnamed { get; set; }

    /// <summary>The integer type behind the enumeration.</summary>
    public CType? Integer { get; set; }

    public List<EnumConstantDecl> Constants { get; } = [];
}

public sealed class EnumConstantDecl : Decl
{
    public long Value { get; init; }
}

public sealed class TypedefDecl : Decl
{
    public required CType Underlying { get; init; }
}

/// <summary>What declares nothing: _Static_assert, an asm statement at file level, a stray semicolon.</summary>
public sealed class OtherDecl : Decl
{
    /// <summary>What an assertion in a function says, which may name its variables; null elsewhere.</summary>
    public UnevaluatedExpr? Condition { get; set; }

    public override IEnumerable<Node> Children => Condition is null ? [] : [Condition];
}
