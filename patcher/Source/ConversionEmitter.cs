using System.Text;
using UpStare.Frontend.Model;
using UpStare.Patcher.Compare;

namespace UpStare.Patcher.Source;

/// <summary>Writes C that turns a value of an old type into one of a new type.</summary>
public sealed class ConversionEmitter
{
    private readonly TypeEmitter _old;
    private readonly TypeEmitter _new;
    private readonly StringBuilder _header;
    private readonly StringBuilder _code;
    private readonly List<Finding> _findings;
    private readonly Dictionary<(string, string), string> _functions = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    /// <summary>Creates an emitter; conversion functions go to <paramref name="code"/>, the user's places to <paramref name="header"/>.</summary>
    public ConversionEmitter(TypeEmitter old, TypeEmitter now, StringBuilder header, StringBuilder code, List<Finding> findings)
    {
        _old = old;
        _new = now;
        _header = header;
        _code = code;
        _findings = findings;
    }

    /// <summary>Statements (each with its line end) that fill the lvalue <paramref name="n"/> from the lvalue <paramref name="o"/>.</summary>
    /// <param name="o">Old lvalue.</param>
    /// <param name="n">New lvalue.</param>
    /// <param name="old">Its type.</param>
    /// <param name="now">Type of the new one.</param>
    /// <param name="what">Name for the report ("variable x of f").</param>
    /// <param name="hook">User function that settles what cannot be converted.</param>
    /// <param name="indent">Tabs in front.</param>
    /// <param name="depth">Depth of loops, for their counters.</param>
    public string Convert(string o, string n, CType old, CType now, string what, string hook, string indent, int depth = 0)
    {
        CType a = old.Canonical;
        CType b = now.Canonical;
        if (a is PointerType && b is PointerType)
        {
            return $"{indent}{n} = (void *){o};\n";
        }

        if (TypeComparer.IsArithmetic(a) && TypeComparer.IsArithmetic(b))
        {
            return a is EnumType x && b is EnumType y && !TypeComparer.SameEnum(x.Decl, y.Decl)
                ? EnumSwitch(o, n, x.Decl, y.Decl, what, indent)
                : $"{indent}{n} = {o};\n";
        }

        if (TypeComparer.SameStorage(a, b))
        {
            return a.Size < 0 ? "" : $"{indent}memcpy(&{n}, &{o}, sizeof({n}));\n";
        }

        switch (a, b)
        {
            case (RecordType { Decl.IsUnion: false } r, RecordType { Decl.IsUnion: false } s):
                return $"{indent}{Function(r.Decl, s.Decl, old, now)}(&{o}, &{n}, ctx);\n";
            case (RecordType { Decl.IsUnion: true }, RecordType { Decl.IsUnion: true }) when a.Size == b.Size:
                _findings.Add(new Finding(Handling.Assumed, "type", what, null, "a union whose members changed is copied byte by byte"));
                return $"{indent}memcpy(&{n}, &{o}, sizeof({n}));\n";
            case (ArrayType x, ArrayType y) when x.Bound == ArrayBound.Constant && y.Bound == ArrayBound.Constant:
                return Array(o, n, x, y, what, hook, indent, depth);
            default:
                _findings.Add(new Finding(Handling.NeedsUser, "type", what, null, $"cannot be converted: write {hook}") { UserFunction = hook });
                return $"{indent}/* FOR THE USER: {CNames.Comment(what)} has no automatic conversion; {hook} has to set it */\n";
        }
    }

    /// <summary>Statements that tell the runtime where the parts of an object that has a new place now are.</summary>
    public string Moved(string oldAddress, string newAddress, CType old, CType now, string indent)
    {
        var text = new StringBuilder();
        if (old.Canonical is RecordType { Decl: RecordDecl a } && now.Canonical is RecordType { Decl: RecordDecl b } && !KeepsOffsets(a, b))
        {
            text.Append($"{indent}upstare_moved(ctx, {oldAddress}, 1, {newAddress});\n");
            foreach (FieldDecl f in b.Fields)
            {
                FieldDecl? g = f.BitWidth >= 0 || f.Name.Length == 0 ? null : a.Fields.Find(x => x.Name == f.Name && x.BitWidth < 0);
                if (g is not null && g.Type.Size > 0 && (g.OffsetBits > 0 || f.OffsetBits > 0))
                {
                    text.Append($"{indent}upstare_moved(ctx, (const char *)({oldAddress}) + {g.OffsetBits / 8}, {g.Type.Size}, (char *)({newAddress}) + {f.OffsetBits / 8});\n");
                }
            }

            return text.ToString();
        }

        if (old.Canonical is ArrayType x2 && now.Canonical is ArrayType y2 && x2.Element.Size > 0 && y2.Element.Size > 0 && x2.Element.Size != y2.Element.Size)
        {
            text.Append($"{indent}for (size_t i = 0; i < {Math.Min(x2.Count, y2.Count)}; i++) {{\n");
            text.Append(Moved(
                $"(const char *)({oldAddress}) + i * {x2.Element.Size}", $"(char *)({newAddress}) + i * {y2.Element.Size}", x2.Element, y2.Element, indent + "\t"));
            return text.Append($"{indent}}}\n").ToString();
        }

        return $"{indent}upstare_moved(ctx, {oldAddress}, {Math.Max(1, old.Size)}, {newAddress});\n";
    }

    private static bool KeepsOffsets(RecordDecl a, RecordDecl b) => a.Fields.TrueForAll(f =>
        b.Fields.Find(g => g.Name == f.Name) is not FieldDecl g || g.OffsetBits == f.OffsetBits);

    private string Array(string o, string n, ArrayType x, ArrayType y, string what, string hook, string indent, int depth)
    {
        long count = Math.Min(x.Count, y.Count);
        if (y.Count < x.Count)
        {
            _findings.Add(new Finding(Handling.Assumed, "type", what, null, $"the array is shorter now: elements {y.Count} to {x.Count - 1} are dropped"));
        }

        if (TypeComparer.SameStorage(x.Element, y.Element))
        {
            return $"{indent}memcpy(&{n}, &{o}, {count} * sizeof({n}[0]));\n";
        }

        string i = "i" + depth;
        return $"{indent}for (size_t {i} = 0; {i} < {count}; {i}++) {{\n"
            + Convert($"{o}[{i}]", $"{n}[{i}]", x.Element, y.Element, what, hook, indent + "\t", depth + 1)
            + $"{indent}}}\n";
    }

    private string EnumSwitch(string o, string n, EnumDecl old, EnumDecl now, string what, string indent)
    {
        _findings.Add(new Finding(Handling.Assumed, "type", what, null, "constants of the enumeration have other numbers: values are translated by name"));
        var text = new StringBuilder($"{indent}switch ({o}) {{\n");
        var seen = new HashSet<long>();
        foreach (EnumConstantDecl c in old.Constants)
        {
            if (now.Constants.Find(k => k.Name == c.Name) is EnumConstantDecl d && seen.Add(c.Value))
            {
                text.Append($"{indent}case {c.Value}: {n} = {d.Value}; break; /* {c.Name} */\n");
            }
        }

        return text.Append($"{indent}default: {n} = {o};\n{indent}}}\n").ToString();
    }

    private string Function(RecordDecl a, RecordDecl b, CType old, CType now)
    {
        string x = _old.Record(a, (old as TypedefType)?.Decl.Name);
        string y = _new.Record(b, (now as TypedefType)?.Decl.Name);
        if (_functions.TryGetValue((x, y), out string? name))
        {
            return name;
        }

        string type = y["struct new_".Length..];
        for (int i = 2; !_names.Add(type); i++)
        {
            type = y["struct new_".Length..] + "_" + i;
        }

        name = "convert_" + type;
        string hook = "user_type_" + type;
        _functions[(x, y)] = name;
        var body = new StringBuilder();
        Fields(a, b, body, type, hook);
        _header.Append($"/* After the fields of {x} were copied by name; o: old, n: new. */\nvoid {hook}(const {x} *o, {y} *n, struct upstare_context *ctx) __attribute__((weak, visibility(\"hidden\")));\n");
        _code.Append($"static void {name}(const {x} *o, {y} *n, struct upstare_context *ctx)\n{{\n\t(void)ctx;\n{body}\tif ({hook})\n\t\t{hook}(o, n, ctx);\n}}\n\n");
        return name;
    }

    private void Fields(RecordDecl a, RecordDecl b, StringBuilder body, string type, string hook)
    {
        var old = new Dictionary<string, FieldDecl>(StringComparer.Ordinal);
        NewParts.Flatten(a, old);
        var now = new Dictionary<string, FieldDecl>(StringComparer.Ordinal);
        NewParts.Flatten(b, now);
        foreach (FieldDecl f in b.Fields)
        {
            if (f.Name.Length == 0 && f.Type.Canonical is RecordType { Decl.IsUnion: true } u && f.BitWidth < 0)
            {
                FieldDecl? same = a.Fields.Find(g => g.Name.Length == 0 && g.BitWidth < 0 && TypeComparer.SameStorage(g.Type, f.Type));
                string? first = u.Decl.Fields.Find(x => x.Name.Length > 0)?.Name;
                if (same is null || first is null)
                {
                    _findings.Add(new Finding(Handling.NeedsUser, "type", type, null, $"an unnamed union in it changed: write {hook}") { UserFunction = hook });
                    body.Append($"\t/* FOR THE USER: the unnamed union has no automatic conversion */\n");
                }
                else
                {
                    body.Append($"\tmemcpy((char *)n + {f.OffsetBits / 8}, (const char *)o + {same.OffsetBits / 8}, {f.Type.Size});\n");
                }

                foreach (string name in NamesIn(u.Decl))
                {
                    now.Remove(name);
                }
            }
        }

        foreach ((string name, FieldDecl f) in now)
        {
            if (old.TryGetValue(name, out FieldDecl? g))
            {
                body.Append(Convert("o->" + name, "n->" + name, g.Type, f.Type, $"{type}.{name}", hook, "\t"));
            }
            else
            {
                body.Append($"\t/* n->{name} is new: zero, or its initialiser */\n");
            }
        }
    }

    private static IEnumerable<string> NamesIn(RecordDecl record)
    {
        var names = new Dictionary<string, FieldDecl>(StringComparer.Ordinal);
        NewParts.Flatten(record, names);
        return names.Keys;
    }
}
