using UpStare.Frontend.Model;
using UpStare.Instrument;

namespace UpStare.Patcher.Compare;

/// <summary>
/// Finds values for parameters that the old frames do not have: where one is handed on as it is to the function that the frame
/// has called, that one's parameter tells; else the argument of the call that the calling frame is in, if it can be evaluated anew.
/// </summary>
public sealed class ArgumentFlow
{
    private const int MostSteps = 8;

    private readonly CallGraph _calls;
    private readonly Dictionary<string, VariableChange> _variables = new(StringComparer.Ordinal);
    private readonly List<FunctionPair> _frames = [];
    private readonly HashSet<FunctionPair> _takenBack = [];
    private readonly ILookup<string, FunctionPair> _framesOf;
    private readonly ProgramModel _new;
    private readonly Dictionary<string, List<(FunctionPair Caller, ContinuationPoint Point)>> _sites = new(StringComparer.Ordinal);
    private readonly Dictionary<(string, int), CallExpr?> _callExprs = [];
    private readonly Dictionary<(FunctionEntry, Decl), bool> _written = [];

    /// <param name="now">The new version.</param>
    /// <param name="calls">Both versions' calls.</param>
    /// <param name="pairs">All pairs, their frames mapped.</param>
    /// <param name="variables">What becomes of the variables of static lifetime.</param>
    public ArgumentFlow(ProgramModel now, CallGraph calls, IEnumerable<FunctionPair> pairs, IEnumerable<VariableChange> variables)
    {
        _new = now;
        _calls = calls;
        foreach (VariableChange v in variables)
        {
            if (v.New is not null)
            {
                _variables[v.New.Key] = v;
            }
        }

        foreach (FunctionPair pair in pairs)
        {
            if (pair.Old.Plan.IsTransformed && pair.New.Plan.IsTransformed)
            {
                _frames.Add(pair);
                _frames.AddRange(pair.Steps.SelectMany(s => s.Made));
            }
        }

        _framesOf = _frames.ToLookup(f => f.New.Key, StringComparer.Ordinal);
    }

    /// <summary>Fills <see cref="FunctionPair.Given"/>, and takes back frames that cannot be made without the user.</summary>
    /// <param name="findings">Takes what the values rest on.</param>
    public void Run(List<Finding> findings)
    {
        if (!_frames.Any(f => Open(f).Any()))
        {
            return;
        }

        foreach (FunctionPair caller in _frames)
        {
            foreach (int n in caller.Points.Where(n => n >= 0).Distinct())
            {
                ContinuationPoint p = caller.New.Plan.Points[n];
                if (_calls.NewFunction(caller.New, p) is FunctionEntry callee)
                {
                    if (!_sites.TryGetValue(callee.Key, out List<(FunctionPair, ContinuationPoint)>? sites))
                    {
                        _sites[callee.Key] = sites = [];
                    }

                    sites.Add((caller, p));
                }
            }
        }

        foreach (FunctionPair frame in _frames)
        {
            var found = new List<Finding>();
            foreach (SlotMapping slot in Open(frame).Where(_ => !_takenBack.Contains(frame)))
            {
                Give(frame, slot, found, findings);
            }

            findings.AddRange(_takenBack.Contains(frame) ? [] : found);
        }
    }

    /// <summary>The variable of static lifetime that a name stands for in a unit, if its value or place is the same for the whole update; else null.</summary>
    /// <param name="now">The new version.</param>
    /// <param name="unit">The unit that names it.</param>
    /// <param name="decl">The name's declaration.</param>
    public static VariableEntry? Static(ProgramModel now, UnitModel unit, VarDecl decl)
    {
        foreach (VariablePlan v in unit.Plan.Variables)
        {
            if (ReferenceEquals(v.Decl.Entity, decl.Entity))
            {
                return now.Variables.GetValueOrDefault(v.Key);
            }
        }

        return decl.IsStatic ? null : now.Variables.GetValueOrDefault(unit.KeyPrefix + decl.Name) ?? now.Variables.GetValueOrDefault(decl.Name);
    }

    /// <summary>The record variable that a declaration of the function stands for, if it is in scope at a point.</summary>
    public static RecordVariable? Local(FunctionPlan f, ContinuationPoint at, Decl decl) =>
        f.Variables.FirstOrDefault(v => v.Decl is not null && ReferenceEquals(v.Decl.Entity, decl.Entity) && at.InScope.Contains(v.Index));

    // Parameters without a value of their own.
    private static IEnumerable<SlotMapping> Open(FunctionPair frame) =>
        frame.Slots.Where(s => s.FreshAt.Count > 0 && s.OldStatic is null && s.New.Decl is { IsParameter: true });

    private void Give(FunctionPair frame, SlotMapping slot, List<Finding> findings, List<Finding> ofAll)
    {
        var told = new List<string>();
        List<int> open = [.. slot.FreshAt.Select(o => frame.Points[o]).Distinct()];
        foreach (int n in open.ToList())
        {
            if (HandedOn(frame.New, n, slot.New, 0) is { } given)
            {
                frame.Given.Add(given);
                open.Remove(n);
                told.Add($"it is what {given.Other.Name} has been called with");
            }
        }

        bool all = open.Count == 0 || FromCallers(frame, slot, open, told);
        if (frame.IsMade && !(all && (open.Count == 0 || !IsSetBefore(frame, slot))) && IsNeeded(frame, slot) && TakeBack(frame, ofAll))
        {
            return;
        }

        string what = $"parameter {slot.New.Name} has no old value at {slot.FreshAt.Count} point(s): ";
        ContinuationPoint? deciding = all || !frame.Points.Any(p => p >= 0) ? null : FrameReport.Decides(frame, slot);
        SourcePlace place = frame.New.Plan.Place;
        if (deciding is not null)
        {
            findings.Add(new Finding(Handling.NeedsUser, "function", frame.New.Key, frame.New.Plan.Points[frame.Points[deciding.Number]].Place,
                $"variable {slot.New.Name} is new, and a loop around point {deciding.Number} ({deciding.Text}) goes on for as long as it says")
            {
                UserFunction = PatchPlan.FrameHook(frame.IsMade ? frame.New.Name : frame.Old.Name),
            });
            return;
        }

        List<string> ways = [.. told.Distinct()];
        string zero = slot.Initialiser ?? "zero";
        findings.Add(new Finding(Handling.Assumed, "function", frame.New.Key, place,
            what + (ways.Count == 0 ? $"it starts as {zero}" : FrameReport.Some(ways, "; ", 4) + (all ? "" : $"; else it starts as {zero}"))));
    }

    private static bool IsSetBefore(FunctionPair made, SlotMapping slot) =>
        slot.FreshAt.Exists(o => VariableUse.IsSetBefore(made.New.Plan, made.New.Plan.Points[made.Points[o]], slot.New));

    private static bool IsNeeded(FunctionPair made, SlotMapping slot) =>
        slot.FreshAt.Exists(o => VariableUse.IsNeededAfter(made.New.Plan, made.New.Unit.Plan.Unit, made.New.Plan.Points[made.Points[o]], (VarDecl)slot.New.Decl!));

    // Of a frame that is made only one.
    private IEnumerable<(FunctionPair Caller, ContinuationPoint Point)> Callers(FunctionPair frame)
    {
        IEnumerable<(FunctionPair Caller, ContinuationPoint Point)> all = _sites.GetValueOrDefault(frame.New.Key) ?? [];
        if (!frame.IsMade)
        {
            return all;
        }

        foreach (FunctionPair pair in _frames)
        {
            if (pair.Steps.Find(s => s.Made.Contains(frame)) is FrameStep step)
            {
                int i = step.Made.TakeWhile(m => m != frame).Count();
                FunctionPair caller = i == 0 ? pair : step.Made[i - 1];
                return [(caller, caller.New.Plan.Points[caller.Points[step.Point]])];
            }
        }

        return [];
    }

    // A frame that cannot be filled is not made, and the place has no counterpart; the user's own mapping stands.
    private bool TakeBack(FunctionPair made, List<Finding> findings)
    {
        foreach (FunctionPair pair in _frames)
        {
            if (pair.Steps.Find(s => s.Made.Contains(made)) is FrameStep step)
            {
                if (pair.IsUserMapped)
                {
                    return false;
                }

                pair.Steps.Remove(step);
                _takenBack.UnionWith(step.Made);
                pair.Points[step.Point] = -1;
                ContinuationPoint p = pair.Old.Plan.Points[step.Point];
                findings.Add(new Finding(Handling.Assumed, "function", pair.New.Key, pair.New.Plan.Place,
                    $"point {p.Number} ({p.Text}, {p.Place}): what a frame of {made.New.Name} would start with is not known: no mapping, an update waits until no thread is there"));
            }
        }

        return true;
    }

    private bool FromCallers(FunctionPair frame, SlotMapping slot, List<int> points, List<string> told)
    {
        List<(FunctionPair Caller, ContinuationPoint Point)> sites = [.. Callers(frame)];
        bool all = sites.Count > 0 && (frame.IsMade || !frame.New.Plan.IsAddressTaken);
        var done = new HashSet<(string, int)>();
        foreach ((FunctionPair caller, ContinuationPoint p) in sites)
        {
            if (!done.Add((caller.New.Key, p.Number)))
            {
                continue;
            }

            if (Argument(caller.New, p, frame.New, slot.New) is Expr argument && IsPassable(slot.New.Type, argument.Type)
                && ArgumentText.Of(caller.New.Unit.Plan.Unit, argument, d => Name(caller.New, p, d)) is not null)
            {
                frame.Given.Add(new GivenParameter(slot.New, points, caller.New, p.Number, null, argument));
                told.Add($"it takes what is passed at {p.Place}, evaluated now: {SourceTokens.Normalise(caller.New.Unit.Plan.Unit, argument)}");
            }
            else
            {
                all = false;
            }
        }

        return all;
    }

    private static bool IsPassable(CType parameter, CType argument) =>
        (TypeComparer.IsArithmetic(parameter) && TypeComparer.IsArithmetic(argument))
        || (parameter.Canonical is PointerType && argument.Canonical is PointerType or ArrayType or FunctionType or BuiltinType)
        || (parameter.Canonical is RecordType && argument.Canonical is RecordType && TypeComparer.SameStorage(parameter, argument));

    // Whether generated code can name it; what its name is does not matter here.
    private NameText? Name(FunctionEntry f, ContinuationPoint at, Decl decl)
    {
        switch (decl)
        {
            case FunctionDecl g:
                return _new.FindFunction(f.Unit, g.Name) is not null ? new NameText(null, "p") : null;
            case VarDecl { HasStaticLifetime: true, IsThreadLocal: false } v:
                return Static(_new, f.Unit, v) is VariableEntry entry && entry.Plan.Kind == VariableKind.Shared && _variables.TryGetValue(entry.Key, out VariableChange? change)
                    && change.Action is VariableAction.Keep or VariableAction.Define && change.Reinit is null ? new NameText("v", null) : null;
            default:
                return Local(f.Plan, at, decl) is RecordVariable r && r.Type.Size > 0 && r.Type.Canonical is not UnknownType
                    ? r.Mode == RecordMode.ByValue ? new NameText("v", null) : new NameText(null, "p") : null;
        }
    }

    // A parameter that a call hands on as it is.
    private GivenParameter? HandedOn(FunctionEntry f, int point, RecordVariable parameter, int depth)
    {
        if (depth > MostSteps || parameter.Mode != RecordMode.ByValue || _calls.NewFunction(f, f.Plan.Points[point]) is not FunctionEntry callee
            || Call(f, f.Plan.Points[point]) is not CallExpr call || HasEffect(call))
        {
            return null;
        }

        for (int i = 0; i < call.Arguments.Count && i < callee.Plan.Decl.Parameters.Count; i++)
        {
            if (call.Arguments[i].Inner is DeclRefExpr { Decl: VarDecl v } && ReferenceEquals(v.Entity, parameter.Decl!.Entity)
                && callee.Plan.Variables.FirstOrDefault(x => ReferenceEquals(x.Decl?.Entity, callee.Plan.Decl.Parameters[i].Entity)) is RecordVariable source
                && source.Mode == RecordMode.ByValue && TypeComparer.SameStorage(source.Type, parameter.Type) && IsKnown(callee, source, depth + 1))
            {
                return new GivenParameter(parameter, [point], callee, -1, source, null);
            }
        }

        return null;
    }

    // Whether a parameter of a frame is what the call that made it has passed, however the frame came to be.
    private bool IsKnown(FunctionEntry f, RecordVariable parameter, int depth)
    {
        bool any = false;
        foreach (FunctionPair frame in _framesOf[f.Key])
        {
            any = true;
            if (IsWritten(f, parameter.Decl!))
            {
                return false;
            }

            if (frame.IsIdentity)
            {
                continue;
            }

            if (frame.Slots.FirstOrDefault(s => s.New == parameter) is not SlotMapping slot)
            {
                return false;
            }

            if (slot.LeftOut.Count > 0 || slot.FreshAt.Exists(o => HandedOn(f, frame.Points[o], parameter, depth) is null))
            {
                return false;
            }

            if (slot.CopyAt.Count > 0 && !(slot.Old is { Decl: { IsParameter: true } decl, Mode: RecordMode.ByValue }
                && TypeComparer.SameStorage(slot.Old.Type, parameter.Type) && !IsWritten(frame.Old, decl)))
            {
                return false;
            }
        }

        return any;
    }

    private Expr? Argument(FunctionEntry caller, ContinuationPoint at, FunctionEntry callee, RecordVariable parameter)
    {
        if (callee.Plan.Decl.IsKAndR || Call(caller, at) is not CallExpr call || HasEffect(call))
        {
            return null;
        }

        for (int i = 0; i < call.Arguments.Count && i < callee.Plan.Decl.Parameters.Count; i++)
        {
            if (ReferenceEquals(callee.Plan.Decl.Parameters[i].Entity, parameter.Decl!.Entity))
            {
                return call.Arguments[i];
            }
        }

        return null;
    }

    private CallExpr? Call(FunctionEntry f, ContinuationPoint at)
    {
        if (!_callExprs.TryGetValue((f.Key, at.Number), out CallExpr? call))
        {
            call = VariableUse.Call(f.Plan, at);
            _callExprs[(f.Key, at.Number)] = call;
        }

        return call;
    }

    // Evaluated again, one argument would see what another has done.
    private static bool HasEffect(CallExpr call) => call.Arguments.Any(a => VariableUse.Any(a, n => n is AssignExpr or StmtExpr or VaArgExpr or UnknownExpr
        or UnaryExpr { Op: UnaryOp.PreIncrement or UnaryOp.PreDecrement or UnaryOp.PostIncrement or UnaryOp.PostDecrement }));

    private bool IsWritten(FunctionEntry f, Decl variable)
    {
        if (!_written.TryGetValue((f, variable.Entity), out bool written))
        {
            written = f.Plan.Decl.Body is Node body && VariableUse.Any(body, n => VariableUse.Changes(n, variable));
            _written[(f, variable.Entity)] = written;
        }

        return written;
    }
}
