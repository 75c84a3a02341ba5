using UpStare.Frontend.Model;
using UpStare.Instrument.Data;

namespace UpStare.Instrument.Analysis;

/// <summary>Tells which calls can be on a stack while an update happens, and which functions therefore have continuation points.</summary>
internal sealed class CallClassifier
{
    private readonly UnitFacts _facts;

    /// <summary>Runs the fixpoint over the call graph.</summary>
    /// <param name="facts">The unit's facts; <see cref="FunctionFacts.HasPoints"/> is filled.</param>
    /// <param name="ownPoints">Whether a function has points of its own, calls apart (loops, entries, backward gotos).</param>
    public CallClassifier(UnitFacts facts, Func<FunctionFacts, bool> ownPoints)
    {
        _facts = facts;
        foreach (FunctionFacts f in facts.Functions.Values)
        {
            f.HasPoints = !f.Decl.InSystemHeader && ownPoints(f);
        }

        bool changed = true;
        while (changed)
        {
            changed = false;
            foreach (FunctionFacts f in facts.Functions.Values)
            {
                if (!f.HasPoints && f.Calls.Exists(IsSuspendable))
                {
                    f.HasPoints = true;
                    changed = true;
                }
            }
        }
    }

    /// <summary>Whether a check has to stand after this call.</summary>
    public bool IsSuspendable(CallExpr call)
    {
        FunctionDecl? f = call.Function;
        if (f is null)
        {
            return true;
        }

        if (IsBuiltin(f.Name))
        {
            return false;
        }

        bool system = _facts.SystemEntities.Contains(f.Entity);
        if (system && (Resources.Pure.Contains(f.Name) || Resources.NoReturn.Contains(f.Name)))
        {
            return false;
        }

        if (_facts.Functions.TryGetValue(f.Entity, out FunctionFacts? known))
        {
            return known.HasPoints;
        }

        return !IsImplicitPure(f);
    }

    /// <summary>A call that never comes back although no check stands after it (exit, longjmp).</summary>
    public bool IsSystemNoReturn(CallExpr call) =>
        call.Function is { } f && _facts.SystemEntities.Contains(f.Entity) && Resources.NoReturn.Contains(f.Name);

    /// <summary>A call of setjmp in one of its names.</summary>
    public bool IsSetJmp(CallExpr call) =>
        call.Function is { Name: "setjmp" or "_setjmp" or "sigsetjmp" or "__sigsetjmp" or "__sigsetjmp_cancel" } f && !_facts.Functions.ContainsKey(f.Entity);

    /// <summary>alloca in one of its names.</summary>
    public static bool IsAlloca(CallExpr call) =>
        call.Function is { Name: "alloca" or "__builtin_alloca" or "__builtin_alloca_with_align" };

    /// <summary>A builtin that only asks about its argument: gcc does not evaluate what stands there.</summary>
    public static bool OnlyAsks(CallExpr call) => call.Function is
    {
        Name: "__builtin_constant_p" or "__builtin_classify_type" or "__builtin_object_size" or "__builtin_dynamic_object_size"
    };

    private bool IsImplicitPure(FunctionDecl f) =>
        !_facts.FirstDeclared.ContainsKey(f.Entity) && (Resources.Pure.Contains(f.Name) || Resources.NoReturn.Contains(f.Name));

    private static bool IsBuiltin(string name) =>
        name.StartsWith("__builtin_", StringComparison.Ordinal) || name.StartsWith("__atomic_", StringComparison.Ordinal)
        || name.StartsWith("__sync_", StringComparison.Ordinal) || name is "alloca";
}
