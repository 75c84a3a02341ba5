using UpStare.Patcher.Compare;

namespace UpStare.Patcher.Report;

/// <summary>The report as lines for a terminal.</summary>
public static class TextReport
{
    /// <summary>Writes it.</summary>
    public static void Write(PatchPlan plan, TextWriter to, bool colours)
    {
        string Mark(Handling h)
        {
            string word = ReportModel.Word(h);
            string colour = h switch
            {
                Handling.Automatic => "\x1b[32m",
                Handling.Assumed => "\x1b[33m",
                _ => "\x1b[31m",
            };
            return colours ? colour + word + "\x1b[0m" : word;
        }

        (int mapped, int all) = ReportModel.Points(plan);
        to.WriteLine($"{plan.Old.Name}: {plan.Old.Functions.Count} functions, {all} continuation points, {mapped} mapped");
        List<FunctionPair> changed = [.. plan.Functions.Where(p => p.IsChanged)];
        if (changed.Count + plan.Added.Count + plan.Deleted.Count > 0)
        {
            to.WriteLine("functions:");
        }

        foreach (FunctionPair p in changed)
        {
            to.WriteLine($"  changed  {p.New.Key} ({p.New.Plan.Place}): {ReportModel.Mapping(p)}{(p.IsRenamed ? ", was " + p.Old.Key : "")}{(p.IsUserMapped ? ", mapped by the user" : "")}");
        }

        foreach (FunctionEntry f in plan.Added)
        {
            to.WriteLine($"  added    {f.Key} ({f.Plan.Place})");
        }

        foreach (FunctionEntry f in plan.Deleted)
        {
            to.WriteLine($"  deleted  {f.Key} ({f.Plan.Place})");
        }

        if (plan.Types.Count > 0)
        {
            to.WriteLine("types:");
        }

        foreach (TypeChange t in plan.Types)
        {
            to.WriteLine($"  {t.Name}: {t.Old.Size} -> {t.New.Size} bytes");
            foreach ((Frontend.Model.FieldDecl? o, Frontend.Model.FieldDecl n) in t.Fields)
            {
                if (n.Name.Length > 0 && (o is null || o.OffsetBits != n.OffsetBits || !TypeComparer.SameStorage(o.Type, n.Type)))
                {
                    to.WriteLine(o is null ? $"    + {n.Name}" : $"    {n.Name}: offset {o.OffsetBits / 8} -> {n.OffsetBits / 8}{(TypeComparer.SameStorage(o.Type, n.Type) ? "" : ", converted")}");
                }
            }

            foreach (Frontend.Model.FieldDecl f in t.Removed)
            {
                to.WriteLine($"    - {f.Name}");
            }
        }

        if (plan.Variables.Any(v => v.Action != VariableAction.Keep))
        {
            to.WriteLine("variables:");
        }

        foreach (VariableChange v in plan.Variables)
        {
            if (v.Action != VariableAction.Keep)
            {
                string what = v.Action switch
                {
                    VariableAction.Convert => "converted",
                    VariableAction.Define => v.Old is null ? "new" : "new content",
                    _ => "gone",
                };
                to.WriteLine($"  {what,-11} {(v.New ?? v.Old)!.Key}");
            }
        }

        if (plan.Findings.Count > 0)
        {
            to.WriteLine("handling:");
        }

        foreach (Finding f in plan.Findings.OrderByDescending(f => f.Handling))
        {
            to.WriteLine($"  {Mark(f.Handling)}: {f.Kind} {f.Name}{(f.Place is Frontend.Model.SourcePlace p ? $" ({p})" : "")}: {f.Text}");
        }

        if (changed.Count + plan.Added.Count + plan.Deleted.Count + plan.Types.Count == 0 && plan.Findings.Count == 0)
        {
            to.WriteLine("nothing changed");
        }
    }
}
