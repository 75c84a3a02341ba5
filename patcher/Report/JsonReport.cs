using System.Text.Json;
using UpStare.Frontend.Model;
using UpStare.Patcher.Compare;

namespace UpStare.Patcher.Report;

/// <summary>The report as one JSON object.</summary>
public static class JsonReport
{
    /// <summary>Writes it.</summary>
    /// <param name="plan">The comparison.</param>
    /// <param name="patch">File that was made, or null.</param>
    /// <param name="to">Where to.</param>
    public static void Write(PatchPlan plan, string? patch, Stream to)
    {
        using var w = new Utf8JsonWriter(to, new JsonWriterOptions { Indented = true });
        w.WriteStartObject();
        w.WriteString("program", plan.Old.Name);
        w.WriteString("oldBuildId", plan.Old.BuildId);
        w.WriteString("newBuildId", plan.New.BuildId);
        w.WriteString("patch", patch);
        (int mapped, int all) = ReportModel.Points(plan);
        w.WriteNumber("points", all);
        w.WriteNumber("mappedPoints", mapped);
        w.WriteStartArray("functions");
        foreach (FunctionPair p in plan.Functions.Where(p => p.IsChanged || !p.IsIdentity && p.Points.Length > 0))
        {
            w.WriteStartObject();
            w.WriteString("old", p.Old.Key);
            w.WriteString("new", p.New.Key);
            w.WriteString("change", p.IsRenamed ? "renamed" : p.IsChanged ? "changed" : "frame");
            w.WriteStartArray("points");
            foreach (int n in p.Points)
            {
                w.WriteNumberValue(n);
            }

            w.WriteEndArray();
            w.WriteEndObject();
        }

        Names(w, plan.Added, "added");
        Names(w, plan.Deleted, "deleted");
        w.WriteEndArray();
        w.WriteStartArray("types");
        foreach (TypeChange t in plan.Types)
        {
            w.WriteStartObject();
            w.WriteString("name", t.Name);
            w.WriteNumber("oldSize", t.Old.Size);
            w.WriteNumber("newSize", t.New.Size);
            w.WriteStartArray("fields");
            foreach ((FieldDecl? o, FieldDecl n) in t.Fields)
            {
                w.WriteStartObject();
                w.WriteString("name", n.Name);
                w.WriteNumber("newOffset", n.OffsetBits / 8);
                if (o is not null)
                {
                    w.WriteNumber("oldOffset", o.OffsetBits / 8);
                }

                w.WriteEndObject();
            }

            w.WriteEndArray();
            w.WriteStartArray("removed");
            t.Removed.ToList().ForEach(f => w.WriteStringValue(f.Name));
            w.WriteEndArray();
            w.WriteEndObject();
        }

        w.WriteEndArray();
        w.WriteStartArray("variables");
        foreach (VariableChange v in plan.Variables.Where(v => v.Action != VariableAction.Keep || v.Reinit is not null))
        {
            w.WriteStartObject();
            w.WriteString("old", v.Old?.Key);
            w.WriteString("new", v.New?.Key);
            w.WriteString("action", v.Reinit is not null ? "reinit" : v.Action.ToString().ToLowerInvariant());
            w.WriteEndObject();
        }

        w.WriteEndArray();
        w.WriteStartArray("findings");
        foreach (Finding f in plan.Findings)
        {
            w.WriteStartObject();
            w.WriteString("handling", ReportModel.Word(f.Handling));
            w.WriteString("kind", f.Kind);
            w.WriteString("name", f.Name);
            w.WriteString("place", f.Place?.ToString());
            w.WriteString("text", f.Text);
            w.WriteEndObject();
        }

        w.WriteEndArray();
        w.WriteEndObject();
        w.Flush();
    }

    private static void Names(Utf8JsonWriter w, IEnumerable<FunctionEntry> functions, string change)
    {
        foreach (FunctionEntry f in functions)
        {
            w.WriteStartObject();
            w.WriteString(change == "added" ? "new" : "old", f.Key);
            w.WriteString("change", change);
            w.WriteEndObject();
        }
    }
}
