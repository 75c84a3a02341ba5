using UpStare.Frontend.Model;
using UpStare.Instrument;

namespace UpStare.Patcher.Compare;

/// <summary>Decides, for a pair of functions, which points correspond and where each variable of the new record gets its value.</summary>
public static partial class FrameMapper
{
    /// <summary>Fills the pair's points and slots.</summary>
    /// <param name="pair">The functions.</param>
    /// <param name="newName">Name that a callee has in the new version.</param>
    /// <param name="fixedPoints">Points that the user gave, or null.</param>
    /// <param name="findings">Takes what is assumed or missing.</param>
    /// <param name="steps">Finds frames that only one version has; null: every frame has its counterpart.</param>
    public static void Map(FunctionPair pair, Func<string, string> newName, IReadOnlyDictionary<int, int>? fixedPoints, List<Finding> findings, FrameSteps? steps = null)
    {
        FunctionPlan old = pair.Old.Plan;
        FunctionPlan now = pair.New.Plan;
        if (fixedPoints is null && !pair.IsChanged && old.LayoutHash == now.LayoutHash && old.Points.Count == now.Points.Count && SameCallees(old, now, newName))
        {
            pair.IsIdentity = true;
            pair.Points = [.. Enumerable.Range(0, old.Points.Count)];
            return;
        }

        if (pair.IsUserMapped && pair.Old.Name != pair.New.Name)
        {
            // Another function takes over: only what the user says corresponds.
            pair.Points = new int[old.Points.Count];
            Array.Fill(pair.Points, -1);
            foreach ((int o, int n) in fixedPoints ?? new Dictionary<int, int>())
            {
                pair.Points[o] = n;
            }
        }
        else
        {
            pair.Points = PointMapper.Map(old.Points, now.Points, newName, fixedPoints);
        }

        steps?.Find(pair, o => fixedPoints?.ContainsKey(o) == true);
        var slots = new List<SlotMapping>();
        var taken = new HashSet<RecordVariable>();
        foreach (RecordVariable v in now.Variables)
        {
            RecordVariable? o = IsTemporary(v) ? null : FindOld(old, v, taken);
            if (o is not null)
            {
                taken.Add(o);
            }

            var slot = new SlotMapping { New = v, Old = o };
            if (v.Decl is { Init: Expr init })
            {
                slot.Initialiser = ConstantText.Of(pair.New.Unit.Plan.Unit, init);
            }

            slots.Add(slot);
        }

        MapTemporaries(pair, old, now, slots, findings);
        RefuseUnknownSizes(pair, old, now, slots, findings);
        pair.Steps.RemoveAll(s => pair.Points[s.Point] < 0);
        foreach (SlotMapping slot in slots)
        {
            TakeFromLeftOut(pair, old, now, slot);
            Place(pair, old, now, slot);
            FindStatic(pair, slot);
            Initialise(pair, slot, findings);
        }

        pair.Slots = slots;
        if (!pair.IsChanged && pair.Steps.Count == 0 && now.RecordSize == old.RecordSize && IsStraight(pair, old, now))
        {
            pair.IsIdentity = true;
        }

        FrameReport.Add(pair, slots, findings);
    }

    /// <summary>Whether a record variable is one of the normalisation, not the user's.</summary>
    public static bool IsTemporary(RecordVariable v) => v.Decl is null;

    private static bool SameCallees(FunctionPlan old, FunctionPlan now, Func<string, string> newName)
    {
        for (int i = 0; i < old.Points.Count; i++)
        {
            if (PointMapper.Score(old.Points[i], now.Points[i], newName) == 0)
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsStraight(FunctionPair pair, FunctionPlan old, FunctionPlan now)
    {
        // The layout hash is over the text of the points too; what counts is where the variables stand.
        if (old.Variables.Count != now.Variables.Count || old.Points.Count != now.Points.Count)
        {
            return false;
        }

        for (int i = 0; i < old.Variables.Count; i++)
        {
            RecordVariable x = old.Variables[i];
            RecordVariable y = now.Variables[i];
            if (x.Offset != y.Offset || x.SlotSize != y.SlotSize || x.Mode != y.Mode || x.Name != y.Name)
            {
                return false;
            }
        }

        for (int i = 0; i < pair.Points.Length; i++)
        {
            if (pair.Points[i] != i)
            {
                return false;
            }
        }

        return true;
    }

    private static RecordVariable? FindOld(FunctionPlan old, RecordVariable v, HashSet<RecordVariable> taken)
    {
        RecordVariable? other = null;
        foreach (RecordVariable o in old.Variables)
        {
            if (IsTemporary(o) || o.Name != v.Name || taken.Contains(o))
            {
                continue;
            }

            if (o.Occurrence == v.Occurrence && TypeComparer.SameStorage(o.Type, v.Type))
            {
                return o;
            }

            if (other is null || (o.Occurrence == v.Occurrence && other.Occurrence != v.Occurrence))
            {
                other = o;
            }
        }

        return other;
    }

    // Temporaries belong to points: the result of a call to the result of its counterpart, those that are alive at a point in
    // order. A point where the new version needs one that the old has not, or has in a type that tells nothing about the
    // new one, is not mapped; the point's own result is an exception: while the call still runs there is none yet.
    private static void MapTemporaries(FunctionPair pair, FunctionPlan old, FunctionPlan now, List<SlotMapping> slots, List<Finding> findings)
    {
        var byIndex = slots.ToDictionary(s => s.New.Index);
        var oldByIndex = old.Variables.ToDictionary(v => v.Index);
        var sites = new Dictionary<int, ContinuationPoint>(); // setjmp's own two temporaries, and where they belong
        foreach (ContinuationPoint p in now.Points.Where(p => p.Kind == PointKind.SetJmp))
        {
            sites[p.Result] = sites[p.Buffer] = p;
        }

        for (int o = 0; o < pair.Points.Length; o++)
        {
            int n = pair.Points[o];
            if (n < 0)
            {
                continue;
            }

            var free = new List<RecordVariable>();
            foreach (int i in old.Points[o].InScope)
            {
                if (IsTemporary(oldByIndex[i]))
                {
                    free.Add(oldByIndex[i]);
                }
            }

            foreach (int i in now.Points[n].InScope)
            {
                SlotMapping slot = byIndex[i];
                if (!IsTemporary(slot.New))
                {
                    continue;
                }

                ContinuationPoint? site = sites.GetValueOrDefault(i);
                int source = (site?.Number ?? Writer(now, n, i)) is int writer and >= 0 ? Array.IndexOf(pair.Points, writer) : -1;
                int kept = source < 0 ? -1 : site?.Buffer == i ? old.Points[source].Buffer : old.Points[source].Result;
                RecordVariable? from = kept >= 0 ? free.Find(t => t.Index == kept) : null;
                from ??= site is null ? free.Find(t => t.Name == slot.New.Name && IsWide(t) && t.Mode == slot.New.Mode) : null;
                from ??= source >= 0 || IsWide(slot.New) ? null : free.Find(t => t.Mode == slot.New.Mode && !IsWide(t) && TypeComparer.SameStorage(t.Type, slot.New.Type));
                if (from is not null && !TypeComparer.AreUnrelated(from.Type, slot.New.Type))
                {
                    slot.ByPoint[o] = from;
                    free.Remove(from);
                }
                else if (i != now.Points[n].Result && !MayStartEmpty(slot.New))
                {
                    pair.Points[o] = -1;
                    findings.Add(new Finding(Handling.Assumed, "function", pair.New.Key, now.Points[n].Place,
                        $"point {o} ({old.Points[o].Text}) needs a value here that the old version has not computed: no mapping, an update waits until no thread is there"));
                    break;
                }
            }
        }
    }

    // A variable-length array that the old frame does not have cannot be made.
    private static void RefuseUnknownSizes(FunctionPair pair, FunctionPlan old, FunctionPlan now, List<SlotMapping> slots, List<Finding> findings)
    {
        foreach (SlotMapping s in slots)
        {
            for (int o = 0; o < pair.Points.Length && s.New.Type.Size < 0 && !IsTemporary(s.New); o++)
            {
                int n = pair.Points[o];
                if (n >= 0 && now.Points[n].InScope.Contains(s.New.Index) && (s.Old is null || !old.Points[o].InScope.Contains(s.Old.Index)))
                {
                    pair.Points[o] = -1;
                    findings.Add(new Finding(Handling.Assumed, "function", pair.New.Key, now.Points[n].Place,
                        $"point {o} ({old.Points[o].Text}): the variable-length array {s.New.Name} is new here: no mapping, an update waits until no thread is there"));
                }
            }
        }
    }

    // The point whose result a temporary holds at a point: the last one before it that writes it (temporaries are used again).
    private static int Writer(FunctionPlan f, int point, int temporary)
    {
        for (int k = point; k >= 0; k--)
        {
            if (f.Points[k].Result == temporary)
            {
                return k;
            }
        }

        return -1;
    }

    // Temporaries that live in the whole function have names of their own (instrument/Lowering).
    private static bool IsWide(RecordVariable v) => v.Name.StartsWith("__up_", StringComparison.Ordinal) && !v.Name.StartsWith("__up_t", StringComparison.Ordinal);

    // The frame's stack pointer and what setjmp keeps: nothing, where the old frame had none.
    private static bool MayStartEmpty(RecordVariable v) =>
        v.Name == "__up_sp" || v.Name.StartsWith("__up_jb", StringComparison.Ordinal) || v.Name.StartsWith("__up_js", StringComparison.Ordinal);

    private static void Place(FunctionPair pair, FunctionPlan old, FunctionPlan now, SlotMapping slot)
    {
        for (int o = 0; o < pair.Points.Length; o++)
        {
            int n = pair.Points[o];
            if (n < 0 || !now.Points[n].InScope.Contains(slot.New.Index))
            {
                continue;
            }

            RecordVariable? from = slot.ByPoint.GetValueOrDefault(o) ?? slot.Old;
            if (from is not null && old.Points[o].InScope.Contains(from.Index))
            {
                slot.CopyAt.Add(o);
            }
            else if (!slot.LeftOut.ContainsKey(o) && now.Points[n].Result != slot.New.Index && !(IsTemporary(slot.New) && MayStartEmpty(slot.New)))
            {
                slot.FreshAt.Add(o);
            }
        }
    }

    // A static variable of the function that is an automatic one now: its value goes on in the frame.
    private static void FindStatic(FunctionPair pair, SlotMapping slot)
    {
        if (slot.FreshAt.Count == 0 || slot.New.Decl is not { IsParameter: false } || slot.New.Type.Size <= 0)
        {
            return;
        }

        foreach (VariablePlan v in pair.Old.Unit.Plan.Variables)
        {
            if (v.Function == pair.Old.Key && v.Decl.Name == slot.New.Name && v.Kind == VariableKind.Shared && TypeComparer.SameStorage(v.Decl.Type, slot.New.Type))
            {
                slot.OldStatic = slot.OldStatic is null ? v.Key : "";
            }
        }

        slot.OldStatic = slot.OldStatic == "" ? null : slot.OldStatic; // several of one name
    }

    // Members that the old version does not have take what the new declaration says, as if it had been passed just now.
    private static void Initialise(FunctionPair pair, SlotMapping slot, List<Finding> findings)
    {
        if (slot.New.Decl is not VarDecl variable || slot.New.Type.Canonical is not (RecordType or ArrayType))
        {
            return;
        }

        TranslationUnit unit = pair.New.Unit.Plan.Unit;
        var values = Initialisers.Of(unit, variable);
        if (slot.FreshAt.Count > 0)
        {
            Constants(NewParts.Of(null, slot.New.Type), values, slot.AllParts);
        }

        if (slot.CopyAt.Count == 0 || slot.Old is null || NewParts.Of(slot.Old.Type, slot.New.Type) is not { Count: > 0 } parts)
        {
            return;
        }

        List<string> unknown = Constants(parts, values, slot.NewParts);
        SourcePlace place = unit.PlaceOf(variable.Start);
        if (unknown.Count < parts.Count)
        {
            findings.Add(new Finding(Handling.Assumed, "function", pair.New.Key, place,
                $"new members of variable {slot.New.Name} start as its declaration says: "
                + FrameReport.Some([.. parts.Where(p => !unknown.Contains(p.Path)).Select(p => $"{p.Path.TrimStart('.')} = {values.Value(p.Path, p.Type)}")])));
        }

        if (unknown.Count > 0)
        {
            findings.Add(new Finding(Handling.Assumed, "function", pair.New.Key, place,
                $"new members of variable {slot.New.Name} start as zero, whatever the code sets them to that has been passed: " + FrameReport.Some([.. unknown.Select(p => p.TrimStart('.'))])));
        }
    }

    // Fills the values that are not zero; returns the parts that no constant is known of.
    private static List<string> Constants(List<(string Path, CType Type)>? parts, Initialisers values, List<(string, string)> constants)
    {
        var unknown = new List<string>();
        foreach ((string path, CType type) in parts ?? [])
        {
            if (values.Value(path, type) is not string value)
            {
                unknown.Add(path);
            }
            else if (value != "0")
            {
                constants.Add((path, value));
            }
        }

        return unknown;
    }
}
