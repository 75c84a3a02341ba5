using System.Globalization;
using UpStare.Frontend.Model;
using UpStare.Instrument.Lowering;

namespace UpStare.Instrument.Emission;

/// <summary>Which of the two texts of a unit is written.</summary>
internal enum TextKind
{
    Hot,
    Clone,
}

/// <summary>Edits of file-level declarations: storage classes, labels, initialisers, attributes.</summary>
internal sealed class UnitEdits(UnitContext context, TextKind kind, EditSet edits)
{
    /// <summary>What the unit's text has to begin with.</summary>
    public string Head { get; private set; } = "";

    /// <summary>Makes all edits.</summary>
    public void Make()
    {
        var attributes = new AttributeEdits(context, kind, edits);
        attributes.Make();
        Head = attributes.HasWeakReference ? "#pragma GCC optimize (\"no-tree-pta\")\n" : "";
        int groupStart = -1;
        foreach (Decl decl in context.Unit.Decls)
        {
            if (decl is not VarDecl v || v.InSystemHeader || !context.Variables.TryGetValue(v.Entity, out VariablePlan? plan))
            {
                continue;
            }

            bool first = v.GroupStart != groupStart;
            groupStart = v.GroupStart;
            if (plan.Kind != VariableKind.Private)
            {
                Edit(v, plan, first);
            }
        }
    }

    /// <summary>Whether this text only declares a variable.</summary>
    private bool IsDeclaredOnly(VariablePlan plan) => kind == TextKind.Clone || IsImported(context, plan);

    /// <summary>Whether the storage of the older version is used.</summary>
    public static bool IsImported(UnitContext context, VariablePlan plan) =>
        context.Options.Mode == InstrumentMode.Patch && context.Options.BindVariable is { } bind && bind(plan.Key) == VariableBinding.Import;

    private void Edit(VarDecl v, VariablePlan plan, bool first)
    {
        bool declared = IsDeclaredOnly(plan);
        if (v.IsStatic)
        {
            if (first)
            {
                ReplaceStatic(v, declared ? "extern" : "      ");
            }

            edits.Insert(v.DeclaratorEnd, Label(plan));
        }
        else if (declared && first && v.IsDefinition && v.Storage != StorageClass.Extern)
        {
            edits.Insert(Specifiers(v), "extern ");
        }

        if (declared && v.Init is not null)
        {
            int equals = LastEquals(v);
            edits.Blank(equals, v.Init.End);
            CompleteArray(v);
        }
    }

    /// <summary>The asm label and visibility of a static variable that is shared.</summary>
    public string Label(VariablePlan plan) => IsImported(context, plan)
        ? $" __asm__(\"{plan.Symbol}\") __attribute__((weak))"
        : $" __asm__(\"{plan.Symbol}\") __attribute__((visibility(\"hidden\")))";

    private void ReplaceStatic(VarDecl v, string with)
    {
        int at = Tokens.Find(edits.Source, v.GroupStart, v.NameStart, "static");
        if (at >= 0)
        {
            edits.Replace(at, at + "static".Length, with);
        }
        else if (with == "extern")
        {
            edits.Insert(Specifiers(v), "extern ");
        }
    }

    /// <summary>Where a storage class may be put: behind __extension__.</summary>
    private int Specifiers(VarDecl v)
    {
        int at = v.GroupStart;
        while (string.CompareOrdinal(edits.Source, at, "__extension__", 0, "__extension__".Length) == 0)
        {
            at = Tokens.SkipSpace(edits.Source, at + "__extension__".Length);
        }

        return at;
    }

    private int LastEquals(VarDecl v)
    {
        int at = v.Init!.Start - 1;
        while (at > v.NameStart && edits.Source[at] != '=')
        {
            at--;
        }

        return at;
    }

    /// <summary>An array whose bound came from the initialiser gets it written.</summary>
    private void CompleteArray(VarDecl v)
    {
        if (v.Type.Canonical is not ArrayType { Bound: ArrayBound.Constant } a)
        {
            return;
        }

        int open = Tokens.SkipSpace(edits.Source, v.NameStart + v.Name.Length);
        if (open >= v.DeclaratorEnd || edits.Source[open] != '[')
        {
            return;
        }

        int close = Tokens.SkipSpace(edits.Source, open + 1);
        if (edits.Source[close] == ']')
        {
            edits.Insert(close, a.Count.ToString(CultureInfo.InvariantCulture));
        }
    }
}
