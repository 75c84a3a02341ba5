namespace UpStare.Frontend.Model;

/// <summary>
/// Whether types of two versions of a program are the same: same layout, same fields in name, place and type, all the way
/// down. Records that refer to themselves are the same if nothing else tells them apart. One object remembers what it has
/// compared; use one for a pair of versions.
/// </summary>
public sealed class TypeEquality
{
    private readonly Dictionary<(Decl Old, Decl New), bool> _known = [];
    private int _open; // comparisons that rest on an assumption about a record further out

    /// <summary>Compares two types; typedefs and qualifiers on the types themselves do not count, qualifiers below do.</summary>
    public bool Same(CType old, CType @new) => Compare(old.Canonical, @new.Canonical, qualifiers: false);

    /// <summary>Compares two records or enumerations.</summary>
    public bool Same(Decl old, Decl @new) => (old, @new) switch
    {
        (RecordDecl a, RecordDecl b) => Records(a, b),
        (EnumDecl a, EnumDecl b) => Enums(a, b),
        (TypedefDecl a, TypedefDecl b) => Same(a.Underlying, b.Underlying),
        _ => false,
    };

    private bool Compare(CType old, CType @new, bool qualifiers)
    {
        old = old.Canonical;
        @new = @new.Canonical;
        if (qualifiers && old.Qualifiers != @new.Qualifiers)
        {
            return false;
        }

        switch (old, @new)
        {
            case (BuiltinType a, BuiltinType b):
                return a.Spelling == b.Spelling && a.Size == b.Size;
            case (PointerType a, PointerType b):
                return Compare(a.Pointee, b.Pointee, qualifiers: true);
            case (ArrayType a, ArrayType b):
                return a.Bound == b.Bound && a.Count == b.Count && Compare(a.Element, b.Element, qualifiers);
            case (FunctionType a, FunctionType b):
                return Functions(a, b);
            case (RecordType a, RecordType b):
                return Records(a.Decl, b.Decl);
            case (EnumType a, EnumType b):
                return Enums(a.Decl, b.Decl);
            case (VectorType a, VectorType b):
                return a.Count == b.Count && Compare(a.Element, b.Element, qualifiers: false);
            case (ComplexType a, ComplexType b):
                return Compare(a.Element, b.Element, qualifiers: false);
            default:
                return false; // different kinds, or unknown: nothing can be said for them
        }
    }

    private bool Functions(FunctionType old, FunctionType @new)
    {
        if (old.IsVariadic != @new.IsVariadic || old.HasNoPrototype != @new.HasNoPrototype
            || old.Parameters.Count != @new.Parameters.Count || !Compare(old.Return, @new.Return, qualifiers: false))
        {
            return false;
        }

        for (int i = 0; i < old.Parameters.Count; i++)
        {
            if (!Compare(old.Parameters[i], @new.Parameters[i], qualifiers: false))
            {
                return false;
            }
        }

        return true;
    }

    private bool Records(RecordDecl old, RecordDecl @new)
    {
        if (ReferenceEquals(old, @new))
        {
            return true;
        }

        if (_known.TryGetValue((old, @new), out bool known))
        {
            return known;
        }

        // Assumed the same while it is looked into. A positive answer that rests on such an assumption holds only if the
        // outermost one does: all of them are forgotten when it turns out wrong.
        _known[(old, @new)] = true;
        _open++;
        bool same = Fields(old, @new);
        _open--;
        if (!same)
        {
            if (_open == 0)
            {
                Forget();
            }

            _known[(old, @new)] = false;
        }

        return same;
    }

    private void Forget()
    {
        foreach (KeyValuePair<(Decl Old, Decl New), bool> pair in _known)
        {
            if (pair.Value)
            {
                _known.Remove(pair.Key);
            }
        }
    }

    private bool Fields(RecordDecl old, RecordDecl @new)
    {
        if (old.IsUnion != @new.IsUnion || old.Tag != @new.Tag || old.IsComplete != @new.IsComplete || old.Size != @new.Size
            || old.Align != @new.Align || old.Fields.Count != @new.Fields.Count)
        {
            return false;
        }

        for (int i = 0; i < old.Fields.Count; i++)
        {
            FieldDecl a = old.Fields[i];
            FieldDecl b = @new.Fields[i];
            if (a.Name != b.Name || a.OffsetBits != b.OffsetBits || a.BitWidth != b.BitWidth || !Compare(a.Type, b.Type, qualifiers: true))
            {
                return false;
            }
        }

        return true;
    }

    private bool Enums(EnumDecl old, EnumDecl @new)
    {
        if (ReferenceEquals(old, @new))
        {
            return true;
        }

        if (old.Tag != @new.Tag || old.Constants.Count != @new.Constants.Count)
        {
            return false;
        }

        for (int i = 0; i < old.Constants.Count; i++)
        {
            if (old.Constants[i].Name != @new.Constants[i].Name || old.Constants[i].Value != @new.Constants[i].Value)
            {
                return false;
            }
        }

        return old.Integer is null == @new.Integer is null && (old.Integer is null || Compare(old.Integer, @new.Integer!, qualifiers: false));
    }
}
