using System.Globalization;
using UpStare.Frontend.Model;

namespace UpStare.Patcher.Compare;

/// <summary>What a variable's declaration makes of its scalar parts.</summary>
public sealed class Initialisers
{
    // Larger objects than this are tables, which nobody initialises on the stack part by part.
    private const int MostParts = 1024;

    private readonly TranslationUnit _unit;
    private readonly Dictionary<string, string?> _parts = new(StringComparer.Ordinal);
    private readonly List<string> _wholes = [];

    private Initialisers(TranslationUnit unit) => _unit = unit;

    /// <summary>The declaration has no initialiser, or one that is not understood: nothing is known of any part.</summary>
    public bool IsUnknown { get; private set; }

    /// <summary>Reads an initialiser (C11 6.7.9, with gcc's omission of braces).</summary>
    /// <param name="unit">The unit that it stands in.</param>
    /// <param name="variable">The variable.</param>
    public static Initialisers Of(TranslationUnit unit, VarDecl variable)
    {
        var result = new Initialisers(unit);
        if (variable.Init?.Inner is InitListExpr list)
        {
            result.IsUnknown = !result.Braced(variable.Type.Canonical, "", list) || result._parts.Count > MostParts;
        }
        else
        {
            result.IsUnknown = true;
        }

        return result;
    }

    /// <summary>C text of the constant that a part is initialised with; null: with what only running code knows.</summary>
    /// <param name="path">The part, as it is written behind the variable (".a.b[2]").</param>
    /// <param name="type">Its type.</param>
    public string? Value(string path, CType type)
    {
        if (IsUnknown || _wholes.Exists(w => IsPartOf(path, w)))
        {
            return null;
        }

        return _parts.TryGetValue(path, out string? text) ? text is not null && type.Canonical is PointerType ? $"(void *)({text})" : text : "0";
    }

    private static bool IsPartOf(string part, string whole) =>
        part.StartsWith(whole, StringComparison.Ordinal) && (part.Length == whole.Length || part[whole.Length] is '.' or '[');

    // The list of an object; false where it is not understood.
    private bool Braced(CType type, string path, InitListExpr list)
    {
        if (type is not (RecordType or ArrayType))
        {
            return list.Items.Count == 1 && list.Items[0] is not DesignatedExpr && Leaf(path, list.Items[0]);
        }

        int at = 0;
        return Parts(type, path, list, ref at, true) && at == list.Items.Count;
    }

    // Consumes the items of a list that belong to one object. Without braces of its own an object takes as many as it has parts.
    private bool Parts(CType type, string path, InitListExpr list, ref int at, bool hasBraces)
    {
        if (type is RecordType { Decl: RecordDecl record })
        {
            List<FieldDecl> fields = [.. record.Fields.Where(f => f.Name.Length > 0 || f.BitWidth < 0)];
            for (int i = 0; at < list.Items.Count; i++)
            {
                if (list.Items[at] is DesignatedExpr d)
                {
                    i = hasBraces ? fields.FindIndex(f => f.Name.Length > 0 && f.Name == Designator(d)) : fields.Count;
                }

                if (i < 0)
                {
                    return false;
                }

                if (i >= fields.Count || (record.IsUnion && i > 0 && list.Items[at] is not DesignatedExpr))
                {
                    break;
                }

                FieldDecl field = fields[i];
                if (!Part(field.Type.Canonical, field.Name.Length > 0 ? path + "." + field.Name : path, list, ref at))
                {
                    return false;
                }
            }

            return true;
        }

        if (type is not ArrayType { Bound: ArrayBound.Constant } array)
        {
            return false;
        }

        for (long i = 0; at < list.Items.Count && _parts.Count <= MostParts; i++)
        {
            if (list.Items[at] is DesignatedExpr d)
            {
                if (!hasBraces)
                {
                    break;
                }

                if (d.Designators.Count != 1 || !long.TryParse(_unit.Slice(d.Designators[0]), NumberStyles.None, CultureInfo.InvariantCulture, out i)
                    || Designator(d) != "[" + i.ToString(CultureInfo.InvariantCulture) + "]")
                {
                    return false;
                }
            }

            if (i >= array.Count)
            {
                break;
            }

            if (!Part(array.Element.Canonical, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"), list, ref at))
            {
                return false;
            }
        }

        return _parts.Count <= MostParts;
    }

    private bool Part(CType type, string path, InitListExpr list, ref int at)
    {
        Expr item = list.Items[at] is DesignatedExpr d ? d.Value : list.Items[at];
        if (item is InitListExpr inner)
        {
            bool isDesignated = list.Items[at++] is DesignatedExpr;
            foreach (string part in isDesignated ? _parts.Keys.Where(p => IsPartOf(p, path)).ToList() : [])
            {
                _parts.Remove(part); // designated twice: the last list counts, as a whole
            }

            return Braced(type, path, inner);
        }

        if (type is not (RecordType or ArrayType))
        {
            at++;
            return Leaf(path, item);
        }

        if (item.Type.Canonical is RecordType || ConstantText.IsString(item))
        {
            // A structure by value, an array from a string: of their parts nothing is known.
            at++;
            _wholes.Add(path);
            return true;
        }

        return list.Items[at] is not DesignatedExpr && Parts(type, path, list, ref at, false);
    }

    private bool Leaf(string path, Expr value)
    {
        _parts[path] = ConstantText.Of(_unit, value);
        return true;
    }

    // "name" of ".name = v", "[3]" of "[3] = v"; all else gives a text that names nothing.
    private string Designator(DesignatedExpr d)
    {
        string text = _unit.Slice(d.Start, d.Value.Start).Trim();
        text = (text.EndsWith('=') ? text[..^1] : text.EndsWith(':') ? text[..^1] : text).Trim();
        return text.StartsWith('.') ? text[1..].Trim() : text.Replace(" ", "", StringComparison.Ordinal);
    }
}
