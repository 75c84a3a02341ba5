using UpStare.Frontend.Model;
using UpStare.Instrument.Lowering;

namespace UpStare.Instrument.Emission;

/// <summary>
/// Blanks attributes in the user's declarations that would let gcc drop checks (noreturn, const, pure, leaf), and those that
/// must not happen twice (constructors in patches, aliases in clone units).
/// </summary>
internal sealed class AttributeEdits(UnitContext context, TextKind kind, EditSet edits)
{
    /// <summary>Makes the edits, one region of the user's text after the other.</summary>
    public void Make()
    {
        int end = 0;
        foreach (Decl d in context.Unit.Decls)
        {
            if (!d.InSystemHeader && d.End > end)
            {
                // From the end of the declaration before: attributes may stand in front of what clang counts as its start.
                int start = Math.Max(end, d.GroupStart >= 0 ? Math.Min(d.GroupStart, d.Start) : d.Start);
                Scan(start, DeclarationEnd(d));
            }

            end = Math.Max(end, DeclarationEnd(d));
        }
    }

    private int DeclarationEnd(Decl d)
    {
        if (d is FunctionDecl { Body: not null })
        {
            return d.End;
        }

        return Math.Max(d.End, d.GroupEnd);
    }

    private void Scan(int start, int end)
    {
        int at = start;
        while (at < end)
        {
            (int from, int to) = Tokens.Next(edits.Source, at, end);
            if (from >= end)
            {
                return;
            }

            ReadOnlySpan<char> token = edits.Source.AsSpan(from, to - from);
            if (token is "_Noreturn")
            {
                edits.Blank(from, to);
            }
            else if (token is "__attribute__" or "__attribute")
            {
                to = ScanList(to, end);
            }

            at = to;
        }
    }

    private int ScanList(int at, int end)
    {
        int depth = 0;
        int nameStart = -1;
        int nameEnd = -1;
        bool drop = false;
        while (at < end)
        {
            (int from, int to) = Tokens.Next(edits.Source, at, end);
            if (from >= end)
            {
                return end;
            }

            char c = edits.Source[from];
            at = to;
            if (c == '(')
            {
                depth++;
            }
            else if (c == ')')
            {
                depth--;
                if (depth <= 1 && drop)
                {
                    edits.Blank(nameStart, nameEnd);
                    drop = false;
                }

                if (depth == 0)
                {
                    return to;
                }

                nameEnd = to;
            }
            else if (c == ',' && depth == 2)
            {
                if (drop)
                {
                    edits.Blank(nameStart, nameEnd);
                    drop = false;
                }
            }
            else if (depth == 3 && c == '"' && nameStart >= 0 && edits.Source.AsSpan(nameStart, nameEnd - nameStart).Trim('_') is "alias")
            {
                Retarget(from, to);
            }
            else if (depth == 2 && Tokens.IsWord(c))
            {
                nameStart = from;
                nameEnd = to;
                drop = IsDropped(edits.Source.AsSpan(from, to - from).Trim('_'));
            }
        }

        return end;
    }

    /// <summary>An alias of a static variable that is shared is one of its new symbol.</summary>
    private void Retarget(int from, int to)
    {
        if (kind == TextKind.Clone)
        {
            return;
        }

        ReadOnlySpan<char> target = edits.Source.AsSpan(from + 1, to - from - 2);
        foreach (VariablePlan v in context.Variables.Values)
        {
            if (v.Decl.IsStatic && v.Function is null && v.Kind != VariableKind.Private && target.SequenceEqual(v.Decl.Name))
            {
                edits.Replace(from, to, "\"" + v.Symbol + "\"");
                return;
            }
        }
    }

    private bool IsDropped(ReadOnlySpan<char> name) => name switch
    {
        "noreturn" or "const" or "pure" or "leaf" => true,
        "constructor" or "destructor" => context.Options.Mode == InstrumentMode.Patch,
        "alias" or "ifunc" => kind == TextKind.Clone,
        _ => false,
    };
}
