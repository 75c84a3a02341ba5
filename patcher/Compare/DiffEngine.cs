using UpStare.Frontend.Model;
using UpStare.Instrument;

namespace UpStare.Patcher.Compare;

/// <summary>A frame mapping that the user wrote: points of an old function and where they go on.</summary>
/// <param name="OldFunction">Name or key in the old version.</param>
/// <param name="NewFunction">Name or key in the new version.</param>
/// <param name="Points">Old and new numbers.</param>
public sealed record UserMapping(string OldFunction, string NewFunction, IReadOnlyList<(int Old, int New)> Points);

/// <summary>Compares two versions of a program.</summary>
public static class DiffEngine
{
    /// <summary>Everything that differs, and what is done about it.</summary>
    /// <exception cref="PatchException">A user mapping names what does not exist.</exception>
    public static PatchPlan Compare(ProgramModel old, ProgramModel now, IReadOnlyList<UserMapping> mappings)
    {
        var findings = new List<Finding>();
        var units = new UnitMatcher(old.Units.Select(u => u.Id), now.Units.Select(u => u.Id));
        var user = new Dictionary<string, UserMapping>(StringComparer.Ordinal);
        var forced = new List<(string, string)>();
        foreach (UserMapping m in mappings)
        {
            FunctionEntry a = Resolve(old, m.OldFunction, "old");
            FunctionEntry b = Resolve(now, m.NewFunction, "new");
            CheckPoints(m, a, b);
            user[a.Key] = m;
            forced.Add((a.Key, b.Key));
        }

        foreach (UnitModel unit in now.Units)
        {
            if (unit.PlainReason is not null)
            {
                findings.Add(new Finding(Handling.Assumed, "program", unit.Id, null, $"was compiled plainly ({unit.PlainReason}): an update waits until no thread is in it"));
            }
        }

        foreach (UnitModel unit in old.Units.Where(u => u.PlainReason is null))
        {
            foreach (string key in unit.Plan.PlainPointers.Select(name => old.FindFunction(unit, name)).OfType<string>().Where(old.Functions.ContainsKey))
            {
                findings.Add(new Finding(Handling.Assumed, "function", key, old.Functions[key].Plan.Place,
                    $"only a header of the system declares it in {unit.Id}: pointers to it that are taken there go on leading to the old version"));
            }
        }

        var functions = new FunctionMatcher(old, now, units, forced);
        foreach ((string o, string n) in functions.Renamed)
        {
            findings.Add(new Finding(Handling.Assumed, "function", n, now.Functions[n].Plan.Place, $"takes the place of {o}: their bodies are alike"));
        }

        var calls = new CallGraph(old, now, functions);
        var steps = new FrameSteps(calls);
        List<TypeChange> types = CompareTypes(old, now, findings);
        var pairs = new List<FunctionPair>();
        var deleted = new List<FunctionEntry>();
        foreach (FunctionEntry f in old.Functions.Values)
        {
            if (functions.NewKey(f.Key) is not string key)
            {
                deleted.Add(f);
                bool taken = f.Plan.IsAddressTaken || old.Stubs.ContainsKey(f.Key);
                findings.Add(new Finding(taken ? Handling.Assumed : Handling.Automatic, "function", f.Key, f.Plan.Place,
                    "is gone: an update waits until no thread is in it" + (taken ? "; no pointer to it is called any more" : "")));
                continue;
            }

            FunctionEntry g = now.Functions[key];
            if (f.Plan.IsTransformed != g.Plan.IsTransformed && f.Plan.Points.Count > 0 && !g.Plan.IsTransformed)
            {
                findings.Add(new Finding(Handling.Assumed, "function", f.Key, g.Plan.Place,
                    "is plain in the new version" + (g.Plan.PinnedReason is string why ? $" ({why})" : "") + ": an update waits until no thread is in it"));
            }

            string NewName(string callee) => NewCallee(old, now, functions, f, callee);
            var pair = new FunctionPair { Old = f, New = g, IsChanged = IsChanged(f, g), IsUserMapped = user.ContainsKey(f.Key) };
            if (f.Plan.IsTransformed && g.Plan.IsTransformed)
            {
                Dictionary<int, int>? points = user.TryGetValue(f.Key, out UserMapping? m) ? m.Points.ToDictionary(p => p.Old, p => p.New) : null;
                FrameMapper.Map(pair, NewName, points, findings, steps);
            }

            pairs.Add(pair);
        }

        var added = now.Functions.Values.Where(f => functions.OldKey(f.Key) is null).ToList();
        List<VariableChange> variables = new VariableComparer(old, now, units, functions, findings).Compare();
        new ArgumentFlow(now, calls, pairs, variables).Run(findings);
        pairs.ForEach(p => FrameReport.AddSteps(p, findings));
        return new PatchPlan
        {
            Old = old,
            New = now,
            Functions = pairs,
            Added = added,
            Deleted = deleted,
            Variables = variables,
            Types = types,
            Findings = findings,
            OldFunctionKey = functions.OldKey,
        };
    }

    private static FunctionEntry Resolve(ProgramModel program, string name, string which)
    {
        if (program.Functions.TryGetValue(name, out FunctionEntry? f))
        {
            return f;
        }

        var found = program.Functions.Values.Where(e => e.Name == name).ToList();
        return found.Count == 1
            ? found[0]
            : throw new PatchException(PatchError.Usage, $"mapping names {name}, of which the {which} version has {(found.Count == 0 ? "none" : "several (use unit:name)")}");
    }

    private static void CheckPoints(UserMapping m, FunctionEntry a, FunctionEntry b)
    {
        foreach ((int o, int n) in m.Points)
        {
            if (o < 0 || o >= a.Plan.Points.Count || n < -1 || n >= b.Plan.Points.Count)
            {
                throw new PatchException(PatchError.Usage,
                    $"mapping {m.OldFunction} -> {m.NewFunction}: {{{o}, {n}}} is out of range ({a.Plan.Points.Count} and {b.Plan.Points.Count} points)");
            }
        }
    }

    private static string NewCallee(ProgramModel old, ProgramModel now, FunctionMatcher functions, FunctionEntry caller, string callee)
    {
        string key = old.FindFunction(caller.Unit, callee) ?? callee;
        return functions.NewKey(key) is string n && now.Functions.TryGetValue(n, out FunctionEntry? f) ? f.Name : callee;
    }

    private static bool IsChanged(FunctionEntry a, FunctionEntry b)
    {
        if (SourceTokens.Normalise(a.Unit.Plan.Unit, a.Plan.Decl) != SourceTokens.Normalise(b.Unit.Plan.Unit, b.Plan.Decl)
            || a.Plan.Variables.Count != b.Plan.Variables.Count)
        {
            return true;
        }

        for (int i = 0; i < a.Plan.Variables.Count; i++)
        {
            RecordVariable x = a.Plan.Variables[i];
            RecordVariable y = b.Plan.Variables[i];
            if (x.Name != y.Name || x.Mode != y.Mode || !TypeComparer.SameStorage(x.Type, y.Type))
            {
                return true;
            }
        }

        return false;
    }

    // Named record types of both versions, by tag (or typedef name); the first of a name counts.
    private static List<TypeChange> CompareTypes(ProgramModel old, ProgramModel now, List<Finding> findings)
    {
        Dictionary<string, RecordDecl> before = Records(old);
        var changes = new List<TypeChange>();
        foreach ((string name, RecordDecl b) in Records(now))
        {
            if (!before.TryGetValue(name, out RecordDecl? a) || TypeComparer.SameRecord(a, b) || a.IsUnion != b.IsUnion)
            {
                continue;
            }

            var fields = b.Fields.Select(f => (a.Fields.Find(g => g.Name == f.Name && g.Name.Length > 0), f)).ToList();
            changes.Add(new TypeChange
            {
                Name = name,
                Old = a,
                New = b,
                Fields = fields!,
                Removed = a.Fields.Where(f => f.Name.Length > 0 && !b.Fields.Exists(g => g.Name == f.Name)).ToList(),
            });
        }

        foreach (TypeChange t in changes)
        {
            string added = string.Join(", ", t.Fields.Where(f => f.Old is null).Select(f => f.New.Name));
            string removed = string.Join(", ", t.Removed.Select(f => f.Name));
            string what = $"size {t.Old.Size} -> {t.New.Size}"
                + (added.Length > 0 ? $", new: {added} (zero, or the initialiser)" : "")
                + (removed.Length > 0 ? $", gone: {removed}" : "");
            Finding? heap = HeapUse.Find(old, t, what);
            findings.Add(heap ?? new Finding(Handling.Automatic, "type", t.Name, null, what + "; fields are copied by name"));
        }

        return changes;
    }

    private static Dictionary<string, RecordDecl> Records(ProgramModel program)
    {
        var records = new Dictionary<string, RecordDecl>(StringComparer.Ordinal);
        foreach (UnitModel unit in program.Units)
        {
            foreach (Decl decl in unit.Plan.Unit.Decls)
            {
                RecordDecl? record = decl as RecordDecl ?? ((decl as TypedefDecl)?.Underlying.Canonical as RecordType)?.Decl;
                if (record is { IsComplete: true } && !decl.InSystemHeader)
                {
                    string name = record.IsUnnamed ? decl is TypedefDecl t ? t.Name : "" : (record.IsUnion ? "union " : "struct ") + record.Tag;
                    if (name.Length > 0)
                    {
                        records.TryAdd(name, record);
                    }
                }
            }
        }

        return records;
    }
}
