using UpStare.Frontend.Model;
using UpStare.Instrument.Lowering;

namespace UpStare.Instrument.Emission;

/// <summary>
/// Blanks attributes in the user's declarations that would let gcc drop checks (noreturn, const, pure, leaf), and those that
/// must not happen twice (constructors in patches, aliases in clone units). An alias of a variable whose storage is the older
/// version's, which this unit does not define, becomes a weakref: gcc then still knows that both are the same.
/// </summary>
internal sealed class AttributeEdits(UnitContext context, TextKind kind, EditSet edits)
{
    /// <summary>An alias has become a weakref, which gcc does not follow when it finds out where pointers may point.</summary>
    public bool HasWeakReference { get; private set; }

    private bool _inTransformed;

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
                _inTransformed = d is FunctionDecl { Body: not null } && context.Functions.ContainsKey(d.Entity);
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
            else if (depth == 3 && c == '"' && nameStart >= 0 && edits.Source.AsSpan(nameStart, nameEnd - nameStart).Trim('_') is "alias"
                && AliasedVariable(edits.Source.AsSpan(from + 1, to - from - 2)) is { } target)
            {
                if (UnitEdits.IsImported(context, target))
                {
                    edits.Replace(nameStart, to, "weakref(\"" + target.Symbol + "\"");
                    MakeStatic(from);
                    HasWeakReference = true;
                }
                else if (kind == TextKind.Hot && target.Decl.IsStatic && target.Kind != VariableKind.Private)
                {
                    // a static variable that is shared has a new symbol
                    edits.Replace(from, to, "\"" + target.Symbol + "\"");
                }
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

    private VariablePlan? AliasedVariable(ReadOnlySpan<char> name)
    {
        foreach (VariablePlan v in context.Variables.Values)
        {
            if (v.Function is null && name.SequenceEqual(v.Decl.Name))
            {
                return v;
            }
        }

        return null;
    }

    /// <summary>The variable that an attribute at this offset belongs to gets internal linkage, as a weakref has to have.</summary>
    private void MakeStatic(int offset)
    {
        VarDecl? alias = null;
        foreach (Decl d in context.Unit.Decls)
        {
            alias = d is VarDecl v && v.GroupStart >= 0 && v.GroupStart < offset ? v : alias;
        }

        int at = alias is null ? -1 : Tokens.Find(edits.Source, alias.GroupStart, offset, "extern");
        if (at >= 0)
        {
            edits.Replace(at, at + "extern".Length, "static");
        }
    }

    private bool IsDropped(ReadOnlySpan<char> name) => name switch
    {
        // A transformed function calls what it names itself.
        "cleanup" => _inTransformed,
        "noreturn" or "const" or "pure" or "leaf" => true,
        "constructor" or "destructor" => context.Options.Mode == InstrumentMode.Patch,
        "alias" or "ifunc" => kind == TextKind.Clone,
        _ => false,
    };
}
