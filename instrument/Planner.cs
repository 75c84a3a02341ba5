using System.Text;
using UpStare.Frontend.Model;
using UpStare.Instrument.Analysis;
using UpStare.Instrument.Emission;
using UpStare.Instrument.Lowering;

namespace UpStare.Instrument;

/// <summary>Decides everything about a unit, and writes nothing.</summary>
public static class Planner
{
    /// <summary>Whether a library call of this name may block and is made by the runtime, where it has a frame record of its own.</summary>
    public static bool IsWrappedCall(string name) => Data.Resources.Wrapped.Contains(name);

    /// <summary>The plan of a unit: a function of the text and the options alone.</summary>
    /// <param name="unit">A unit without errors.</param>
    /// <param name="options">How it is to be instrumented.</param>
    public static UnitPlan Plan(TranslationUnit unit, InstrumentOptions options)
    {
        UnitFacts facts = UnitFacts.Collect(unit);
        var plain = new LoopRules(unit, options.Points, _ => false);
        HashSet<Decl> recursive = Recursion.Find(facts);
        var calls = new CallClassifier(facts, f => recursive.Contains(f.Decl.Entity) || HasOwnPoints(f, plain, options));
        var context = new UnitContext
        {
            Unit = unit,
            Options = options,
            Source = Encoding.Latin1.GetString(unit.Text),
            Facts = facts,
            Calls = calls,
        };
        var pins = new Pins(unit, facts, options.HasExceptions, calls.IsSuspendable);
        foreach (FunctionFacts f in facts.Functions.Values)
        {
            if (f.HasPoints && f.IsReachable && !f.Decl.InSystemHeader)
            {
                f.Pinned = options.Pinned.GetValueOrDefault(f.Decl.Name);
                f.PinnedAt = f.Decl.Start;
                pins.Check(f);
            }

            if (!f.Decl.InSystemHeader && !options.Pinned.ContainsKey(f.Decl.Name) && !StaticVariables.StayInside(f) && StoredLabels.Find(f, facts) is { } labels)
            {
                f.StoredLabels = labels;
                f.StaticLocals.InsertRange(0, labels.Tokens); // other variables may begin with their addresses
                labels.Tokens.ForEach(t => facts.Of(t).IsAddressTaken = true);
            }
        }

        List<VariablePlan> variables = StaticVariables.Plan(context);
        List<StubPlan> stubs = PlanStubs(context);
        List<FunctionPlan> functions = PlanFunctions(context);
        return new UnitPlan
        {
            Unit = unit,
            Options = options,
            Functions = functions,
            Variables = variables,
            Stubs = stubs,
            PlainPointers = [.. facts.AddressTaken.OfType<FunctionDecl>().Where(f => f.Definition is null && facts.SystemEntities.Contains(f)).Select(f => f.Name)],
            Context = context,
        };
    }

    private static bool HasOwnPoints(FunctionFacts f, LoopRules rules, InstrumentOptions options)
    {
        if (options.Points == PointsPolicy.All)
        {
            return true;
        }

        var checks = new HashSet<Node>();
        rules.Collect(f.Decl.Body!, checks);
        return checks.Count > 0;
    }

    private static List<StubPlan> PlanStubs(UnitContext context)
    {
        var stubs = new List<StubPlan>();
        foreach (Decl decl in context.Unit.Decls)
        {
            if (decl is not FunctionDecl f || f.Entity != f || (context.Facts.SystemEntities.Contains(f) && f.Definition is null or { InSystemHeader: true }))
            {
                continue;
            }

            FunctionDecl shown = f.Definition ?? f;
            bool forced = context.Options.ForcedStubs.Contains(Names.FunctionKey(context.Options, shown));
            if (!forced && !context.Facts.AddressTaken.Contains(f))
            {
                continue;
            }

            if (f.Has("weak") && f.Definition is null)
            {
                continue;
            }

            var stub = new StubPlan
            {
                Key = Names.FunctionKey(context.Options, shown),
                Mangled = Names.FunctionMangled(context.Options, shown),
                Decl = shown,
            };
            stubs.Add(stub);
            context.Stubs[f.Entity] = stub;
        }

        return stubs;
    }

    private static List<FunctionPlan> PlanFunctions(UnitContext context)
    {
        var plans = new List<FunctionPlan>();
        var ordered = new List<FunctionFacts>();
        foreach (FunctionFacts f in context.Facts.Functions.Values)
        {
            if (f.IsReachable && !f.Decl.InSystemHeader)
            {
                ordered.Add(f);
            }
        }

        ordered.Sort((a, b) => a.Order.CompareTo(b.Order));
        foreach (Decl d in context.Unit.Decls)
        {
            if (d is FunctionDecl f && f.Has("noreturn") && !context.Facts.SystemEntities.Contains(f.Entity))
            {
                context.NoReturn.Add(f.Entity);
            }
        }

        foreach (FunctionFacts f in ordered)
        {
            plans.Add(PlanFunction(context, f));
        }

        return plans;
    }

    private static FunctionPlan PlanFunction(UnitContext context, FunctionFacts f)
    {
        InstrumentOptions options = context.Options;
        string key = Names.FunctionKey(options, f.Decl);
        string mangled = Names.FunctionMangled(options, f.Decl);
        SourcePlace place = context.Unit.PlaceOf(f.Decl.NameStart >= 0 ? f.Decl.NameStart : f.Decl.Start);
        if (f.HasPoints && f.Pinned is null)
        {
            try
            {
                return PlanTransformed(context, f, key, mangled, place);
            }
            catch (UnprintableTypeException e)
            {
                f.Pinned = e.Message;
                f.PinnedAt = f.Decl.Start;
                context.Functions.Remove(f.Decl.Entity);
            }
        }

        return new FunctionPlan
        {
            Key = key,
            Mangled = mangled,
            Decl = f.Decl,
            Place = place,
            IsTransformed = false,
            PinnedReason = f.HasPoints ? f.Pinned : null,
            PinnedPlace = f.HasPoints && f.Pinned is not null ? context.Unit.PlaceOf(f.PinnedAt) : null,
            IsAddressTaken = context.Facts.AddressTaken.Contains(f.Decl.Entity),
        };
    }

    private static void NameLocalTypes(UnitContext context, FunctionContext function)
    {
        foreach (Decl t in function.Facts.LocalTypes)
        {
            string own = t is RecordDecl r ? r.Tag : t is EnumDecl e ? e.Tag : t.Name;
            string unique = "__up_lt" + context.LocalTypeNames.Count.ToString(System.Globalization.CultureInfo.InvariantCulture) + "_"
                + function.Decl.Name + "_" + own;
            string key = (t is TypedefDecl ? "" : "tag ") + own;
            if (own.Length == 0 || context.LocalTypeNames.ContainsKey(t.Entity) || t is RecordDecl { IsAnonymousMember: true })
            {
                continue;
            }

            // Two types of one name in sibling scopes would need scopes here.
            if (!function.LiftedNames.TryAdd(key, unique))
            {
                throw new UnprintableTypeException("two types of one name inside the function");
            }

            context.LocalTypeNames[t.Entity] = unique;
            foreach (EnumConstantDecl c in (t as EnumDecl)?.Constants ?? [])
            {
                string name = unique + "_" + c.Name;
                context.LocalTypeNames[c.Entity] = name;

                // Of equal ones (static assertions of the old kind: enum { ok = 1 / !!(condition) }) either may be meant.
                if (!function.LiftedNames.TryAdd(c.Name, name) && function.Facts.LocalTypes.Exists(
                    other => other is EnumDecl e2 && e2.Constants.Exists(c2 => c2.Name == c.Name && c2.Value != c.Value)))
                {
                    throw new UnprintableTypeException("two enumerators of one name inside the function");
                }
            }
        }
    }

    private static FunctionPlan PlanTransformed(UnitContext context, FunctionFacts f, string key, string mangled, SourcePlace place)
    {
        var checks = new HashSet<Node>();
        new LoopRules(context.Unit, context.Options.Points, context.Calls.IsSuspendable).Collect(f.Decl.Body!, checks);
        var function = new FunctionContext
        {
            Unit = context,
            Facts = f,
            Key = key,
            Mangled = mangled,
            Checks = checks,
            HasEntryPoint = context.Options.Points == PointsPolicy.All,
            UsesVaStart = f.Calls.Exists(c => c.Function?.Name == "__builtin_va_start"),
            UsesAlloca = f.Calls.Exists(CallClassifier.IsAlloca),
        };
        context.Functions[f.Decl.Entity] = function;
        NameLocalTypes(context, function);
        var lowering = new FunctionLowering(context, function, LoweringMode.Plan, new EditSet(context.Source), new ExternSet(context.Options.Mode));
        lowering.Body();
        SlotPlan.Finish(function, lowering.Planned, out int size, out uint hash);
        return new FunctionPlan
        {
            Key = key,
            Mangled = mangled,
            Decl = f.Decl,
            Place = place,
            IsTransformed = true,
            IsAddressTaken = context.Facts.AddressTaken.Contains(f.Decl.Entity),
            Variables = function.SlotList,
            Points = function.Points,
            RecordSize = size,
            LayoutHash = hash,
        };
    }
}
