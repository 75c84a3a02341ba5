using System.Globalization;
using UpStare.Frontend.Model;

namespace UpStare.Patcher.Compare;

/// <summary>The scalar parts that a type has in the new version only: those that no old value is copied to.</summary>
public static class NewParts
{
    private const int Most = 1024;

    /// <summary>Parts of a value, as they are written behind its name (".a.b[2]"), with their types.</summary>
    /// <param name="old">The old type; null: all parts are new.</param>
    /// <param name="now">The new type.</param>
    /// <returns>Null where there are too many to tell.</returns>
    public static List<(string Path, CType Type)>? Of(CType? old, CType now)
    {
        var parts = new List<(string, CType)>();
        Add(parts, old?.Canonical, now.Canonical, "");
        return parts.Count > Most ? null : parts;
    }

    private static void Add(List<(string Path, CType Type)> parts, CType? old, CType now, string path)
    {
        if (parts.Count > Most || (old is not null && TypeComparer.SameStorage(old, now)))
        {
            return;
        }

        switch (now)
        {
            case RecordType { Decl.IsUnion: false } record when old is null or RecordType { Decl.IsUnion: false }:
                var fields = new Dictionary<string, FieldDecl>(StringComparer.Ordinal);
                Flatten((old as RecordType)?.Decl, fields);
                Fields(parts, fields, record.Decl, path);
                break;
            case ArrayType { Bound: ArrayBound.Constant } array when old is null or ArrayType { Bound: ArrayBound.Constant }:
                for (long i = 0; i < array.Count && parts.Count <= Most; i++)
                {
                    CType? before = old is ArrayType a && i < a.Count ? a.Element.Canonical : null;
                    Add(parts, before, array.Element.Canonical, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"));
                }

                break;
            case not (RecordType or ArrayType) when old is null && (now is PointerType || TypeComparer.IsArithmetic(now)):
                parts.Add((path, now));
                break;
        }
    }

    private static void Fields(List<(string Path, CType Type)> parts, Dictionary<string, FieldDecl> old, RecordDecl record, string path)
    {
        foreach (FieldDecl f in record.Fields)
        {
            if (f.Name.Length > 0)
            {
                Add(parts, old.TryGetValue(f.Name, out FieldDecl? before) ? before.Type.Canonical : null, f.Type.Canonical, path + "." + f.Name);
            }
            else if (f.BitWidth < 0 && f.Type.Canonical is RecordType { Decl.IsUnion: false } inner)
            {
                Fields(parts, old, inner.Decl, path);
            }
        }
    }

    /// <summary>Named fields, those of anonymous members included.</summary>
    public static void Flatten(RecordDecl? record, Dictionary<string, FieldDecl> fields)
    {
        foreach (FieldDecl f in record?.Fields ?? [])
        {
            if (f.Name.Length > 0)
            {
                fields.TryAdd(f.Name, f);
            }
            else if (f.Type.Canonical is RecordType r && f.BitWidth < 0)
            {
                Flatten(r.Decl, fields);
            }
        }
    }
}
