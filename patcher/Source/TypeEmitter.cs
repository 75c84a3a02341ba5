using System.Globalization;
using System.Text;
using UpStare.Frontend.Model;

namespace UpStare.Patcher.Source;

/// <summary>
/// Writes the types of one version as C under prefixed tags ("old_", "new_"), each definition once and after those it needs,
/// with assertions of its size and offsets: a layout that was not written right must not compile.
/// </summary>
public sealed class TypeEmitter
{
    private readonly string _prefix;
    private readonly StringBuilder _definitions;
    private readonly Dictionary<RecordDecl, string> _tags = [];
    private readonly Dictionary<string, List<RecordDecl>> _byName = new(StringComparer.Ordinal);
    private readonly HashSet<string> _defined = new(StringComparer.Ordinal);

    /// <summary>Creates an emitter that appends definitions to <paramref name="definitions"/>.</summary>
    public TypeEmitter(string prefix, StringBuilder definitions)
    {
        _prefix = prefix;
        _definitions = definitions;
    }

    /// <summary>A declarator: the type around <paramref name="name"/> (which may itself be a declarator such as "*p").</summary>
    public string Declare(CType type, string name) => Declare(type, name, true);

    /// <summary>The printed tag of a record ("struct old_point"); its definition is written if it is not yet.</summary>
    public string Record(RecordDecl record, string? typedefName = null)
    {
        string tag = TagOf(record, typedefName);
        if (_defined.Add(tag))
        {
            Define(record, tag);
        }

        return Keyword(record) + tag;
    }

    /// <summary>Writes a record that is not a type of the program: members with given places.</summary>
    /// <param name="tag">The whole tag.</param>
    /// <param name="header">Text of the first member ("struct __up_header __up_h"), or null.</param>
    /// <param name="headerSize">Its size.</param>
    /// <param name="members">Declarators with place and size.</param>
    /// <param name="size">Size of the record.</param>
    public void DefineFrame(string tag, string? header, int headerSize, IEnumerable<(string Declarator, string Name, int Offset, int Size)> members, int size)
    {
        var text = new StringBuilder($"struct {tag} {{\n");
        if (header is not null)
        {
            text.Append($"\t{header};\n");
        }

        int at = headerSize;
        int pad = 0;
        var asserts = new StringBuilder();
        foreach ((string declarator, string name, int offset, int bytes) in members)
        {
            if (offset > at)
            {
                text.Append($"\tchar __up_pad{pad++}[{offset - at}];\n");
            }

            text.Append($"\t{declarator};\n");
            asserts.Append($"_Static_assert(offsetof(struct {tag}, {name}) == {offset}, \"{name}\");\n");
            at = offset + bytes;
        }

        if (size > at)
        {
            text.Append($"\tchar __up_pad{pad}[{size - at}];\n");
        }

        text.Append("} __attribute__((packed, aligned(16)));\n").Append(asserts);
        text.Append($"_Static_assert(sizeof(struct {tag}) == {size}, \"{tag}\");\n\n");
        _definitions.Append(text);
    }

    private static string Keyword(RecordDecl record) => record.IsUnion ? "union " : "struct ";

    private string Declare(CType type, string name, bool complete)
    {
        string? typedefName = (type as TypedefType)?.Decl.Name;
        switch (type.Canonical)
        {
            case BuiltinType b:
                return $"{b.Spelling} {name}";
            case PointerType p:
                return Pointer(p, name);
            case ArrayType a when a.Bound == ArrayBound.Constant:
                return Declare(a.Element, $"{name}[{a.Count}]", complete);
            case ArrayType a:
                return Declare(a.Element, $"{name}[]", complete);
            case RecordType r:
                return (complete ? Record(r.Decl, typedefName) : Keyword(r.Decl) + TagOf(r.Decl, typedefName)) + " " + name;
            case EnumType e:
                return e.Decl.Integer is CType integer ? Declare(integer, name, complete) : $"int {name}";
            case ComplexType c:
                return "_Complex " + Declare(c.Element, name, complete);
            case VectorType v:
                return Declare(v.Element, name, complete) + $" __attribute__((vector_size({v.Size})))";
            case FunctionType:
                return $"void {name}(void)";
            default:
                return $"unsigned char {name}[{Math.Max(0, type.Size)}]";
        }
    }

    private string Pointer(PointerType pointer, string name)
    {
        CType target = pointer.Pointee.Canonical;
        switch (target)
        {
            case FunctionType:
                return $"void (*{name})(void)";
            case ArrayType { Bound: ArrayBound.Constant }:
                return Declare(pointer.Pointee, $"(*{name})", true);
            case ArrayType or UnknownType:
                return $"void *{name}";
            default:
                return Declare(pointer.Pointee, "*" + name, false);
        }
    }

    private string TagOf(RecordDecl record, string? typedefName)
    {
        record = record.Entity as RecordDecl ?? record;
        if (_tags.TryGetValue(record, out string? known))
        {
            return known;
        }

        string name = record.IsUnnamed && typedefName is not null ? typedefName : record.Tag.Length > 0 ? record.Tag : "unnamed";
        if (!_byName.TryGetValue(name, out List<RecordDecl>? same))
        {
            _byName[name] = same = [];
        }

        // One tag may mean different types in different units; units that agree share one definition.
        int number = same.FindIndex(r => (!r.IsComplete && !record.IsComplete) || Compare.TypeComparer.SameRecord(r, record));
        if (number < 0)
        {
            same.Add(record);
            number = same.Count - 1;
        }

        string tag = _prefix + CNames.Identifier(name) + (number == 0 ? "" : "_" + (number + 1).ToString(CultureInfo.InvariantCulture));
        _tags[record] = tag;
        return tag;
    }

    private void Define(RecordDecl record, string tag)
    {
        string keyword = Keyword(record);
        if (!record.IsComplete && record.Size < 0)
        {
            return;
        }

        // Members first: they write the definitions that this one needs.
        bool natural = Layout.IsNatural(record);
        string? body = record.Fields.Count == 0 ? null : natural ? NaturalBody(record, "\t") : PackedBody(record);
        var text = new StringBuilder($"{keyword}{tag} {{\n");
        text.Append(body ?? (record.Size > 0 ? $"\tunsigned char bytes[{record.Size}];\n" : ""));
        text.Append('}');
        if (!natural || body is null)
        {
            text.Append($" __attribute__(({(body is null ? "" : "packed, ")}aligned({Math.Max(1, record.Align)})))");
        }

        text.Append($";\n_Static_assert(sizeof({keyword}{tag}) == {Math.Max(0, record.Size)}, \"{tag}\");\n");
        foreach (FieldDecl f in record.Fields)
        {
            if (body is not null && f.BitWidth < 0 && f.Name.Length > 0)
            {
                text.Append($"_Static_assert(offsetof({keyword}{tag}, {f.Name}) == {f.OffsetBits / 8}, \"{f.Name}\");\n");
            }
        }

        _definitions.Append(text).Append('\n');
    }

    private string NaturalBody(RecordDecl record, string indent)
    {
        var text = new StringBuilder();
        foreach (FieldDecl f in record.Fields)
        {
            text.Append(indent).Append(Member(f, indent)).Append(";\n");
        }

        return text.ToString();
    }

    private string Member(FieldDecl f, string indent)
    {
        if (f.Name.Length == 0 && f.Type.Canonical is RecordType { Decl: RecordDecl inner })
        {
            return $"{Keyword(inner)}{{\n{NaturalBody(inner, indent + "\t")}{indent}}}";
        }

        return f.BitWidth >= 0 ? Declare(f.Type, f.Name + " : " + f.BitWidth) : Declare(f.Type, f.Name);
    }

    // In a packed structure a member stands where the one before it ends, to the bit: gaps are written out.
    private string PackedBody(RecordDecl record)
    {
        var text = new StringBuilder();
        long at = 0;
        foreach (FieldDecl f in record.Fields)
        {
            if (!record.IsUnion)
            {
                for (long gap = f.OffsetBits - at; gap > 0; gap -= 32)
                {
                    text.Append($"\tunsigned int : {Math.Min(32, gap)};\n");
                }
            }

            text.Append('\t').Append(Member(f, "\t")).Append(";\n");
            at = f.OffsetBits + (f.BitWidth >= 0 ? f.BitWidth : Math.Max(0, f.Type.Size) * 8);
        }

        for (long gap = (record.Size * 8) - at; gap > 0 && !record.IsUnion; gap -= 32)
        {
            text.Append($"\tunsigned int : {Math.Min(32, gap)};\n");
        }

        return text.ToString();
    }
}
