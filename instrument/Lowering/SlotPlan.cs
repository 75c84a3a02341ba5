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

        var slots = new List<RecordVariable>();
        var members = new HashSet<string>();
        var occurrences = new Dictionary<string, int>();
        foreach (VarDecl v in f.Facts.Locals)
        {
            int occurrence = occurrences.GetValueOrDefault(v.Name);
            occurrences[v.Name] = occurrence + 1;
            if (used.Contains(v.Entity))
            {
                RecordMode mode = f.IsByValue((VarDecl)v.Entity) ? RecordMode.ByValue : RecordMode.InPlace;
                Add(f, slots, members, v.Name, occurrence, v.Type, mode, v);
            }
        }

        foreach (Temp t in f.Temps)
        {
            Add(f, slots, members, t.Name, 0, t.Type, t.Mode, null);
            f.TempSlots[t.Name] = slots[^1];
            f.Slots[t] = slots[^1];
        }

        f.SlotList = [.. slots];
        size = RecordLayout.Assign(slots);
        f.Points = Points(f, planned);
        hash = RecordLayout.Hash(slots, f.Points);
    }

    /// <summary>An inner variable that hides an outer one at a point gets another name in the hot body.</summary>
    private static void FindHidden(FunctionContext f, PlannedPoint p)
    {
        var seen = new HashSet<string>();
        foreach (object o in p.InScope)
        {
            if (o is VarDecl v && !seen.Add(v.Name) && !f.HotNames.ContainsKey(v))
            {
                f.HotNames[v] = "__up_h" + f.HotNames.Count.ToString(CultureInfo.InvariantCulture) + "_" + v.Name;
            }
        }
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
                Text = p.Text.Length > 120 ? p.Text[..117] + "..." : p.Text,
                Place = p.Place,
                Offset = p.Offset,
                InScope = inScope,
                Result = p.Result is null ? -1 : f.Slots[p.Result].Index,
            });
        }

        return points;
    }
}
