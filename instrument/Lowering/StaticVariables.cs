using System.Globalization;
using UpStare.Frontend.Model;
using UpStare.Instrument.Analysis;

namespace UpStare.Instrument.Lowering;

/// <summary>Decides which variables of static lifetime are shared by the hot unit, the clone unit and later patches.</summary>
internal static class StaticVariables
{
    /// <summary>Plans of all variables that this unit defines; fills the context's tables.</summary>
    public static List<VariablePlan> Plan(UnitContext context)
    {
        var plans = new List<VariablePlan>();
        HashSet<Decl> shared = SharedStatics(context);
        Dictionary<Decl, VarDecl> definitions = Definitions(context);
        foreach (Decl decl in context.Unit.Decls)
        {
            if (decl is VarDecl v && !v.InSystemHeader && !context.Variables.ContainsKey(v.Entity)
                && definitions.TryGetValue(v.Entity, out VarDecl? definition))
            {
                VariablePlan plan = FileLevel(context, definition, shared);
                context.Variables[v.Entity] = plan;
                plans.Add(plan);
            }
        }

        foreach (FunctionFacts f in context.Facts.Functions.Values)
        {
            if (f.IsReachable && !f.Decl.InSystemHeader)
            {
                PlanLocals(context, f, plans);
            }
        }

        return plans;
    }

    /// <summary>The defining declaration of each variable: the one with the initialiser, else the first.</summary>
    private static Dictionary<Decl, VarDecl> Definitions(UnitContext context)
    {
        var found = new Dictionary<Decl, VarDecl>();
        foreach (Decl d in context.Unit.Decls)
        {
            if (d is VarDecl { IsDefinition: true } v && (v.Init is not null || !found.ContainsKey(v.Entity)))
            {
                found[v.Entity] = v;
            }
        }

        return found;
    }

    /// <summary>Statics that cannot stay private; declarators of one declaration share their fate.</summary>
    private static HashSet<Decl> SharedStatics(UnitContext context)
    {
        var shared = new HashSet<Decl>();
        var statics = new List<VarDecl>();
        foreach (Decl d in context.Unit.Decls)
        {
            if (d is VarDecl { IsStatic: true, InSystemHeader: false } v)
            {
                statics.Add(v);
                if (NeedsSharing(context, v))
                {
                    shared.Add(v.Entity);
                }
            }
        }

        bool changed = true;
        while (changed)
        {
            changed = false;
            for (int i = 1; i < statics.Count; i++)
            {
                if (statics[i].GroupStart == statics[i - 1].GroupStart && shared.Contains(statics[i].Entity) != shared.Contains(statics[i - 1].Entity))
                {
                    changed |= shared.Add(statics[i].Entity) | shared.Add(statics[i - 1].Entity);
                }
            }
        }

        return shared;
    }

    private static bool NeedsSharing(UnitContext context, VarDecl v)
    {
        VariableFacts f = context.Facts.Of(v);
        bool isVolatile = (v.Type.Canonical.Qualifiers & Qualifiers.Volatile) != 0 || (v.Type.Qualifiers & Qualifiers.Volatile) != 0;
        return f.IsWritten || f.IsAddressTaken || (f.IsUsed && (isVolatile || v.Has("section") || HasAliases(context)));
    }

    /// <summary>Whether any variable of the unit is an alias: a static one may then be written under another name.</summary>
    private static bool HasAliases(UnitContext context)
    {
        foreach (Decl d in context.Unit.Decls)
        {
            if (d is VarDecl { InSystemHeader: false } v && v.Has("alias"))
            {
                return true;
            }
        }

        return false;
    }

    private static VariablePlan FileLevel(UnitContext context, VarDecl definition, HashSet<Decl> shared)
    {
        bool isPrivate = definition.IsStatic && !shared.Contains(definition.Entity);
        string name = definition.Name;
        return new VariablePlan
        {
            Key = Names.VariableKey(context.Options, definition),
            Symbol = definition.IsStatic ? "upstare_v_" + context.Options.SymbolHash + "_" + name : definition.AsmName ?? name,
            Decl = definition,
            Kind = isPrivate ? VariableKind.Private : definition.IsThreadLocal ? VariableKind.ThreadLocal : VariableKind.Shared,
            Place = context.Unit.PlaceOf(definition.NameStart),
        };
    }

    private static void PlanLocals(UnitContext context, FunctionFacts f, List<VariablePlan> plans)
    {
        var occurrences = new Dictionary<string, int>();
        for (int i = 0; i < f.StaticLocals.Count; i++)
        {
            VarDecl v = f.StaticLocals[i];
            int occurrence = occurrences.GetValueOrDefault(v.Name);
            occurrences[v.Name] = occurrence + 1;
            string number = occurrence == 0 ? "" : "__" + (occurrence + 1).ToString(CultureInfo.InvariantCulture);
            string unique = f.Decl.Name + "__" + v.Name + number;
            bool isPrivate = !f.StaticLocals.Exists(o => o.GroupStart == v.GroupStart && NeedsSharing(context, o)) || (f.StoredLabels is null && HoldsLabels(v))
                || StayInside(f);
            var plan = new VariablePlan
            {
                Key = Names.StaticLocalKey(context.Options, f.Decl.Name, v.Name, occurrence),
                Symbol = "upstare_v_" + context.Options.SymbolHash + "_" + unique,
                Decl = v,
                Kind = isPrivate ? VariableKind.Private : v.IsThreadLocal ? VariableKind.ThreadLocal : VariableKind.Shared,
                Function = Names.FunctionKey(context.Options, f.Decl),
                Place = context.Unit.PlaceOf(v.NameStart),
                LabelIndex = f.StoredLabels is { } labels && labels.Tokens.IndexOf(v) is >= 0 and int index ? index : null,
            };
            plans.Add(plan);
            context.Variables[v.Entity] = plan;
            if (!isPrivate)
            {
                context.Promoted[v.Entity] = new PromotedLocal { Decl = v, Name = "__up_s_" + unique, Plan = plan };
            }
        }

        if (f.StoredLabels is { } stored)
        {
            ReplaceLabels(context, f, stored);
        }
    }

    /// <summary>Whether a function's static variables have to stay in it: their types may be its own, and only transformed functions have theirs lifted.</summary>
    public static bool StayInside(FunctionFacts f) => f.LocalTypes.Count > 0 && (!f.HasPoints || f.Pinned is not null);

    private static void ReplaceLabels(UnitContext context, FunctionFacts f, StoredLabels labels)
    {
        context.LabelTables[f.Decl.Body!] = labels.Declaration();
        foreach (Node n in f.Interesting)
        {
            if (n is AddrLabelExpr a)
            {
                context.LabelAddresses[a] = $"((void *)&{context.Promoted[labels.Token(a)].Name})";
            }
            else if (n is IndirectGotoStmt g)
            {
                context.TokenJumps.Add(g);
            }
        }
    }

    private static bool HoldsLabels(VarDecl v) => v.Init is not null && Walk.Any(v.Init, n => n is AddrLabelExpr);
}
