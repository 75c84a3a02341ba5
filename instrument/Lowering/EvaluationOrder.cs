using UpStare.Frontend.Model;

namespace UpStare.Instrument.Lowering;

/// <summary>Where gcc's order of evaluation is not that of the text (measured with gcc 12; tests/UpStare.Instrument.Tests, EvaluationOrder).</summary>
internal static class EvaluationOrder
{
    /// <summary>
    /// Whether the left operand is read after the right one has been evaluated: folding puts a plain variable last in
    /// commutative operations and comparisons, and makes <c>-a + b</c> into <c>b - a</c>.
    /// </summary>
    public static bool ReadsLeftLast(BinaryExpr b)
    {
        Expr right = b.Right.Inner;
        bool negated = right is UnaryExpr { Op: UnaryOp.Minus };
        if (b.Op == "+" && b.Left.Inner is UnaryExpr { Op: UnaryOp.Minus } minus)
        {
            return minus.Operand.Inner is DeclRefExpr or MemberExpr or SubscriptExpr or UnaryExpr { Op: UnaryOp.Dereference };
        }

        bool commutes = b.Op switch
        {
            "+" => !negated && b.Type.Canonical is not PointerType,
            "-" => negated,
            "*" or "&" or "|" or "^" or "==" or "!=" or "<" or ">" or "<=" or ">=" => true,
            _ => false,
        };
        return commutes && Stripped(b.Left) is DeclRefExpr { Decl: VarDecl } left && StaysAsItIs(left.Type.Canonical, b.Right.Type.Canonical);
    }

    /// <summary>The items of an initialiser list in the order in which gcc evaluates them: that of the fields or elements.</summary>
    public static List<Expr> Items(InitListExpr list, TranslationUnit unit)
    {
        var items = new List<(Expr Item, long At)>();
        long at = 0;
        bool sorted = true;
        foreach (Expr item in list.Items)
        {
            if (item is DesignatedExpr d)
            {
                long place = Place(d, list.Type.Canonical, unit);
                if (place < 0)
                {
                    return [.. list.Items];
                }

                at = place;
            }

            sorted &= items.Count == 0 || items[^1].At <= at;
            items.Add((item, at));
            at++;
        }

        var order = new List<Expr>();
        if (!sorted)
        {
            // Insertion sort: short lists, equal places keep their order.
            for (int i = 1; i < items.Count; i++)
            {
                for (int j = i; j > 0 && items[j - 1].At > items[j].At; j--)
                {
                    (items[j - 1], items[j]) = (items[j], items[j - 1]);
                }
            }
        }

        foreach ((Expr item, long _) in items)
        {
            order.Add(item);
        }

        return order;
    }

    private static Expr Stripped(Expr e)
    {
        e = e.Inner;
        while (e is CastExpr c && IsInteger(c.Type.Canonical) && IsInteger(c.Operand.Type.Canonical)
            && c.Type.Canonical.Size == c.Operand.Type.Canonical.Size)
        {
            e = c.Operand.Inner;
        }

        return e;
    }

    /// <summary>Whether the usual conversions leave the variable's representation alone (then gcc still sees the variable itself).</summary>
    private static bool StaysAsItIs(CType left, CType right)
    {
        if (left is PointerType)
        {
            return true;
        }

        if (IsInteger(left))
        {
            return left.Size >= 4 && IsInteger(right) && left.Size >= right.Size;
        }

        return IsInteger(right) || left.Size >= right.Size;
    }

    private static bool IsInteger(CType type) => type is EnumType
        || (type is BuiltinType b && b.Spelling is not ("float" or "double" or "long double" or "__float128" or "_Float128" or "_Float16"));

    private static long Place(DesignatedExpr d, CType aggregate, TranslationUnit unit)
    {
        string text = unit.Slice(d).TrimStart();
        if (aggregate is not RecordType record || !text.StartsWith('.'))
        {
            return d.Designators.Count > 0 && long.TryParse(unit.Slice(d.Designators[0]), out long index) ? index : -1;
        }

        text = text[1..].TrimStart();
        int end = 0;
        while (end < text.Length && Emission.Tokens.IsWord(text[end]))
        {
            end++;
        }

        return FieldIndex(record.Decl, text[..end]);
    }

    private static long FieldIndex(RecordDecl record, string name)
    {
        for (int i = 0; i < record.Fields.Count; i++)
        {
            FieldDecl f = record.Fields[i];
            if (f.Name == name || (f.Name.Length == 0 && f.Type.Canonical is RecordType inner && FieldIndex(inner.Decl, name) >= 0))
            {
                return i;
            }
        }

        return -1;
    }
}
