using System.Globalization;
using UpStare.Frontend.Model;

namespace UpStare.Instrument.Lowering;

/// <summary>Turns what the planning walk has met into slots and points.</summary>
internal static class SlotPlan
{
    /// <summary>Fills the function's slots and points; gives the record's size and the layout's hash.</summary>
    public static void Finish(FunctionContext f, IReadOnlyList<PlannedPoint> planned, out int size, out uint hash)
    {
        var used = new HashSet<object>(ReferenceEqualityComparer.Instance);
        foreach (PlannedPoint p in planned)
        {
            foreach (object o in p.InScope)
            {
                used.Add(o is VarDecl v ? v.Entity : o);
            }

            FindHidden(f, p);
        }

        KeepCleanedUp(f, used);

        var slots = new List<RecordVariable>();
        var members = new HashSet<string>();
        var occurrences = new Dictionary<string, int>();
        foreach (VarDecl v in f.Facts.Locals)
        {
            int occurrence = occurrences.GetValueOrDefault(v.Name);
            occurrences[v.Name] = occurrence + 1;
            if (used.Contains(v.Entity))
            {
                f.VariableTypes.TryGetValue((VarDecl)v.Entity, out VariableType? variable);
                CType type = variable?.RecordType ?? v.Type;
                bool byValue = !f.Facts.Escaping.Contains(v.Entity) && RecordLayout.CanBeByValue(type);
                Add(f, slots, members, v.Name, occurrence, type, byValue ? RecordMode.ByValue : RecordMode.InPlace, v);
            }
        }

        foreach (Temp t in f.Temps)
        {
            Add(f, slots, members, t.Name, 0, t.Type, t.Mode, null);
            f.TempSlots[t.Name] = slots[^1];
            f.Slots[t] = slots[^1];
        }

        foreach (VariableType v in f.VariableTypes.Values)
        {
            if (f.Slots.TryGetValue(v.Decl.Entity, out RecordVariable? slot))
            {
                slot.CloneText = CloneText(f, v, slot);
            }
        }

        f.SlotList = [.. slots];
        size = RecordLayout.Assign(slots);
        f.Points = Points(f, planned);
        hash = RecordLayout.Hash(slots, f.Points);
    }

    /// <summary>An inner variable that hides an outer one at a point gets another name in the hot body.</summary>
    private static void FindHidden(FunctionContext f, PlannedPoint p)
    {
        foreach (object o in p.InScope)
        {
            if (o is VarDecl v && f.IsDeclaredAgain(v.Name))
            {
                FindHiders(f, p.Offset, v);
            }
        }

        var seen = new HashSet<string>();
        foreach (object o in p.InScope)
        {
            if (o is VarDecl v && !seen.Add(v.Name) && !f.HotNames.ContainsKey(v))
            {
                Rename(f, v);
            }
        }
    }

    // Also by what the point does not record: variables of a block that a jump leaves.
    private static void FindHiders(FunctionContext f, int offset, VarDecl hidden)
    {
        bool inside = false;
        foreach (LocalScope s in f.Scopes())
        {
            if (s.Variable == hidden)
            {
                inside = true;
            }
            else if (inside && s.Variable.Name == hidden.Name && s.Start <= offset && offset < s.End)
            {
                if (!s.Variable.HasStaticLifetime)
                {
                    Rename(f, s.Variable);
                }
                else if (!f.Unit.Promoted.ContainsKey(s.Variable.Entity))
                {
                    throw new UnprintableTypeException("variable " + hidden.Name + " hidden by one that keeps its name");
                }
            }
        }
    }

    /// <summary>Where a scope is left its variable is named although the text does not: none may hide it there, in a clone neither.</summary>
    private static void KeepCleanedUp(FunctionContext f, HashSet<object> used)
    {
        foreach (Node exit in f.Facts.Cleanups?.Exits ?? [])
        {
            foreach (VarDecl v in f.Facts.Cleanups!.LeftBy(exit))
            {
                if (f.IsDeclaredAgain(v.Name))
                {
                    used.Add(v.Entity);
                    FindHiders(f, Analysis.CleanupScopes.Place(exit), v);
                }
            }
        }
    }

    private static void Rename(FunctionContext f, VarDecl v) =>
        f.HotNames.TryAdd(v, "__up_h" + f.HotNames.Count.ToString(CultureInfo.InvariantCulture) + "_" + v.Name);

    /// <summary>The variable as a clone names it: what the untyped pointer points to, seen as the type with the bounds that it has.</summary>
    private static string CloneText(FunctionContext f, VariableType v, RecordVariable slot)
    {
        var bounds = new Queue<string>(v.Bounds.Select(b => FunctionLowering.CloneName(f.TempSlots[b.Name])));
        string place = slot.Mode == RecordMode.InPlace ? "__up_p_" + slot.Member : "&" + FunctionLowering.PlainName(slot);
        string inner = v.Decl.Type.Canonical is ArrayType ? "(*)" : "*";
        return "(*(" + TypeText.OfVariable(v.Decl.Type, inner, bounds, f.Unit.RenameType) + ")" + place + ")";
    }

    private static void Add(FunctionContext f, List<RecordVariable> slots, HashSet<string> members, string name, int occurrence,
        CType type, RecordMode mode, VarDecl? decl)
    {
        string member = name;
        for (int i = occurrence; !members.Add(member); i++)
        {
            member = name + "__" + i.ToString(CultureInfo.InvariantCulture);
        }

        var slot = new RecordVariable
        {
            Index = slots.Count,
            Name = name,
            Decl = decl,
            Type = type,
            Mode = mode,
            Offset = 0,
            SlotSize = mode == RecordMode.InPlace ? 8 : (int)type.Canonical.Size,
            Member = member,
            Occurrence = occurrence,
        };
        slots.Add(slot);
        if (decl is not null)
        {
            f.Slots[decl.Entity] = slot;
        }
    }

    private static List<ContinuationPoint> Points(FunctionContext f, IReadOnlyList<PlannedPoint> planned)
    {
        var points = new List<ContinuationPoint>();
        foreach (PlannedPoint p in planned)
        {
            var inScope = new List<int>();
            foreach (object o in p.InScope)
            {
                inScope.Add(f.Slots[o is VarDecl v ? v.Entity : o].Index);
            }

            inScope.Sort();
            points.Add(new ContinuationPoint
            {
                Number = p.Number,
                Kind = p.Kind,
                Callee = p.Callee,
                NestingPath = p.Path,
                ShapeHash = Names.Hash(((int)p.Kind).ToString(CultureInfo.InvariantCulture) + p.Text),
                StatementHash = Names.Hash(p.Statement),
                Text = p.Text.Length > 120 ? p.Text[..117] + "..." : p.Text,
                Place = p.Place,
                Offset = p.Offset,
                InScope = inScope,
                Result = p.Result is null ? -1 : f.Slots[p.Result].Index,
                Buffer = p.Buffer is null ? -1 : f.Slots[p.Buffer].Index,
            });
        }

        return points;
    }
}
