using UpStare.Frontend.Model;
using UpStare.Instrument;

namespace UpStare.Patcher.Compare;

/// <summary>Frames that only one version has.</summary>
public static partial class FrameMapper
{
    /// <summary>How the frame of a function that stands between two frames of the new version only is filled.</summary>
    /// <param name="caller">The pair whose old frame is called from.</param>
    /// <param name="from">The old frame's point.</param>
    /// <param name="function">The new version's function.</param>
    /// <param name="at">The call that it is in.</param>
    /// <param name="isForced">The user wants it: variables may start with anything.</param>
    /// <returns>From the old caller to the new function; its parameters are open. Null: such a frame cannot be made.</returns>
    public static FunctionPair? Make(FunctionPair caller, ContinuationPoint from, FunctionEntry function, ContinuationPoint at, bool isForced)
    {
        FunctionPlan now = function.Plan;
        TranslationUnit unit = function.Unit.Plan.Unit;
        if (now.Decl.Type.IsVariadic || now.Variables.Any(v => v.Name.StartsWith("__up_j", StringComparison.Ordinal)))
        {
            return null;
        }

        var made = new FunctionPair { Old = caller.Old, New = function, IsChanged = true, IsMade = true, Points = new int[caller.Old.Plan.Points.Count] };
        Array.Fill(made.Points, -1);
        made.Points[from.Number] = at.Number;
        var slots = new List<SlotMapping>();
        foreach (RecordVariable v in now.Variables)
        {
            bool isHere = at.InScope.Contains(v.Index);
            if (isHere && ((v.Type.Size < 0 && v.Name != "__up_sp") || (IsTemporary(v) && v.Index != at.Result && !MayStartEmpty(v))))
            {
                return null;
            }

            RecordVariable? old = null;
            if (isHere && v.Decl is VarDecl { IsParameter: false } local)
            {
                // Code that has moved into a function of its own takes its variables along.
                bool isLent = VariableUse.IsLent(now, at, v);
                bool isOpen = isLent || VariableUse.IsSetBefore(now, at, v) || (local.Init is not null && !IsConstant(unit, local));
                RecordVariable? same = SameInScope(caller.Old.Plan, from, v);
                old = isOpen || !caller.New.Plan.Variables.Any(x => x.Name == v.Name) ? same : null;
                if (old is not null && local.Cleanup is not null && caller.New.Plan.Variables.Any(x => x.Name == v.Name))
                {
                    return null; // both would clean it up
                }

                if (isOpen && old is null && !isForced && (isLent || VariableUse.IsNeededAfter(now, unit, at, local)))
                {
                    return null;
                }
            }

            var slot = new SlotMapping { New = v, Old = old };
            if (v.Decl is { Init: Expr init })
            {
                slot.Initialiser = ConstantText.Of(unit, init);
            }

            Place(made, caller.Old.Plan, now, slot);
            FindStatic(made, slot);
            if (!isForced && v.Decl is { IsParameter: false } variable && slot.FreshAt.Count > 0 && slot.OldStatic is null
                && !(slot.Initialiser is not null && LoopControl.IsUntouched(now, at, variable))
                && LoopControl.Decides(now, unit, at, variable, slot.Initialiser, true))
            {
                return null;
            }

            slots.Add(slot);
        }

        made.Slots = slots;
        return made;
    }

    /// <summary>
    /// Whether a frame can go on without one that it called, at a point of the new function: each variable there has a value, from
    /// its own old frame or from the other, and nothing on the stack is lost to which somebody may have a pointer.
    /// </summary>
    public static bool CanTakeOver(FunctionPair pair, ContinuationPoint from, ContinuationPoint to, FunctionEntry leftOut, ContinuationPoint at)
    {
        FunctionPlan now = pair.New.Plan;
        foreach (RecordVariable v in leftOut.Plan.Variables)
        {
            bool isBound = at.InScope.Contains(v.Index) && (v.Mode == RecordMode.InPlace || v.Decl?.Cleanup is not null);
            if (isBound && !now.Variables.Any(n => IsTakenOver(pair, from, to, n) && IsSame(v, n) && n.Decl!.Cleanup == v.Decl!.Cleanup))
            {
                return false;
            }
        }

        return now.Variables.All(n => !IsTakenOver(pair, from, to, n) || SameInScope(leftOut.Plan, at, n) is not null
            || (n.Decl is { Init: Expr init } && ConstantText.Of(pair.New.Unit.Plan.Unit, init) is not null));
    }

    private static bool IsConstant(TranslationUnit unit, VarDecl v) => ConstantText.Of(unit, v.Init) is not null
        || (v.Init is InitListExpr && NewParts.Of(null, v.Type) is { } parts && Initialisers.Of(unit, v) is var values && parts.All(p => values.Value(p.Path, p.Type) is not null));

    // Of the user's variables, those in scope that the old frame does not have.
    private static bool IsTakenOver(FunctionPair pair, ContinuationPoint from, ContinuationPoint to, RecordVariable n) =>
        !IsTemporary(n) && to.InScope.Contains(n.Index) && !pair.Old.Plan.Variables.Any(o => o.Name == n.Name && from.InScope.Contains(o.Index));

    private static void TakeFromLeftOut(FunctionPair pair, FunctionPlan old, FunctionPlan now, SlotMapping slot)
    {
        foreach (FrameStep step in pair.Steps)
        {
            ContinuationPoint to = now.Points[pair.Points[step.Point]];
            if (step.LeftOut is FunctionEntry f && IsTakenOver(pair, old.Points[step.Point], to, slot.New)
                && SameInScope(f.Plan, f.Plan.Points[step.LeftOutPoint], slot.New) is RecordVariable v)
            {
                slot.LeftOut[step.Point] = v;
            }
        }
    }

    private static RecordVariable? SameInScope(FunctionPlan f, ContinuationPoint at, RecordVariable v)
    {
        RecordVariable? found = null;
        foreach (RecordVariable o in f.Variables)
        {
            if (at.InScope.Contains(o.Index) && IsSame(o, v))
            {
                found = found is null || o.Occurrence == v.Occurrence ? o : found;
            }
        }

        return found;
    }

    private static bool IsSame(RecordVariable a, RecordVariable b) =>
        !IsTemporary(a) && !IsTemporary(b) && a.Name == b.Name && a.Mode == b.Mode && a.Type.Size > 0 && TypeComparer.SameStorage(a.Type, b.Type);
}
