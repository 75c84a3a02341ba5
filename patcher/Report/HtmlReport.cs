using System.Net;
using System.Text;
using UpStare.Frontend.Model;
using UpStare.Instrument;
using UpStare.Patcher.Compare;

namespace UpStare.Patcher.Report;

/// <summary>The report as one page that needs nothing else: sources side by side, their continuation points joined by lines.</summary>
public static class HtmlReport
{
    private const int Row = 18;
    private const int Gap = 90;

    private const string Style = """
        body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1500px;padding:0 1rem;color:#222;background:#fff}
        h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem;border-bottom:1px solid #ccc}h3{font:600 1rem ui-monospace,monospace;margin:1.5rem 0 .3rem}
        table{border-collapse:collapse}td,th{padding:.15rem .8rem .15rem 0;text-align:left;vertical-align:top}
        .pair{display:flex;overflow-x:auto;border:1px solid #ddd;border-radius:4px}
        .src{flex:1 1 0;min-width:0;overflow-x:auto;font:12px/18px ui-monospace,monospace;white-space:pre;tab-size:4}
        .src div{height:18px}.src i{color:#999;font-style:normal;display:inline-block;width:4em;text-align:right;margin-right:1em}
        .cp{background:#e8f1fb}.lost{background:#fbe3e0}.fresh{background:#e6f5e6}
        svg{flex:none}path{fill:none;stroke:#4a7fb5;stroke-width:1.5}
        .automatic{color:#1a7f37}.assumed{color:#9a6700}.needs,.impossible{color:#c62828;font-weight:600}
        code{font-family:ui-monospace,monospace}
        @media(prefers-color-scheme:dark){body{background:#1b1d20;color:#ddd}.cp{background:#21364c}.lost{background:#4c2724}.fresh{background:#22402a}.pair{border-color:#444}
        .automatic{color:#56d364}.assumed{color:#e3b341}.needs,.impossible{color:#ff7b72}}
        """;

    /// <summary>Makes the page.</summary>
    public static string Make(PatchPlan plan)
    {
        var page = new StringBuilder();
        (int mapped, int all) = ReportModel.Points(plan);
        page.Append($"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Update of {Text(plan.Old.Name)}</title><style>{Style}</style></head><body>\n");
        page.Append($"<h1>Update of {Text(plan.Old.Name)}</h1><p><code>{Text(plan.Old.BuildId)}</code> &rarr; <code>{Text(plan.New.BuildId)}</code></p>");
        page.Append($"<p>{mapped} of {all} continuation points are mapped. {Text(Source.PatchSource.Describe(plan))}.</p>\n");
        Findings(page, plan);
        Types(page, plan);
        Variables(page, plan);
        page.Append("<h2>Functions</h2>\n");
        foreach (FunctionEntry f in plan.Added)
        {
            page.Append($"<p>added: <code>{Text(f.Key)}</code> ({Text(f.Plan.Place.ToString())})</p>\n");
        }

        foreach (FunctionEntry f in plan.Deleted)
        {
            page.Append($"<p>deleted: <code>{Text(f.Key)}</code> ({Text(f.Plan.Place.ToString())})</p>\n");
        }

        foreach (FunctionPair pair in plan.Functions.Where(p => p.IsChanged || p.IsUserMapped))
        {
            Function(page, pair);
        }

        return page.Append("</body></html>\n").ToString();
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private static void Findings(StringBuilder page, PatchPlan plan)
    {
        page.Append("<h2>How the changes are handled</h2>\n");
        if (plan.Findings.Count == 0)
        {
            page.Append("<p>Nothing needs a decision.</p>\n");
            return;
        }

        page.Append("<table>\n");
        foreach (Finding f in plan.Findings.OrderByDescending(f => f.Handling))
        {
            string word = ReportModel.Word(f.Handling);
            page.Append($"<tr><td class=\"{word}\">{word}</td><td>{f.Kind} <code>{Text(f.Name)}</code></td><td>{Text(f.Place?.ToString() ?? "")}</td><td>{Text(f.Text)}</td></tr>\n");
        }

        page.Append("</table>\n");
    }

    private static void Types(StringBuilder page, PatchPlan plan)
    {
        if (plan.Types.Count == 0)
        {
            return;
        }

        page.Append("<h2>Types</h2>\n");
        foreach (TypeChange t in plan.Types)
        {
            page.Append($"<h3>{Text(t.Name)} ({t.Old.Size} &rarr; {t.New.Size} bytes)</h3><table><tr><th>old</th><th></th><th>new</th></tr>\n");
            foreach ((FieldDecl? o, FieldDecl n) in t.Fields)
            {
                string left = o is null ? "" : $"{Text(TypePrinter.Describe(o.Type, o.Name))} <small>at {o.OffsetBits / 8}</small>";
                string css = o is null ? " class=\"fresh\"" : "";
                page.Append($"<tr{css}><td><code>{left}</code></td><td>{(o is null ? "new" : "&rarr;")}</td><td><code>{Text(TypePrinter.Describe(n.Type, n.Name))} <small>at {n.OffsetBits / 8}</small></code></td></tr>\n");
            }

            foreach (FieldDecl f in t.Removed)
            {
                page.Append($"<tr class=\"lost\"><td><code>{Text(TypePrinter.Describe(f.Type, f.Name))}</code></td><td>gone</td><td></td></tr>\n");
            }

            page.Append("</table>\n");
        }
    }

    private static void Variables(StringBuilder page, PatchPlan plan)
    {
        List<VariableChange> changes = [.. plan.Variables.Where(v => v.Action != VariableAction.Keep || v.Reinit is not null)];
        if (changes.Count == 0)
        {
            return;
        }

        page.Append("<h2>Variables</h2><table>\n");
        foreach (VariableChange v in changes)
        {
            string what = v.Reinit is not null ? "initialiser changed" : v.Action switch
            {
                VariableAction.Convert => "converted",
                VariableAction.Define => v.Old is null ? "new" : "new content",
                _ => "gone",
            };
            page.Append($"<tr><td>{what}</td><td><code>{Text((v.New ?? v.Old)!.Key)}</code></td><td>{Text((v.New ?? v.Old)!.Plan.Place.ToString())}</td></tr>\n");
        }

        page.Append("</table>\n");
    }

    private static void Function(StringBuilder page, FunctionPair pair)
    {
        List<(int Line, string Text)> old = Lines(pair.Old);
        List<(int Line, string Text)> now = Lines(pair.New);
        page.Append($"<h3>{Text(pair.Old.Key)}{(pair.IsRenamed ? " &rarr; " + Text(pair.New.Key) : "")}</h3><p>{Text(ReportModel.Mapping(pair))}{(pair.IsUserMapped ? ", mapped by the user" : "")}</p>\n<div class=\"pair\">");
        var targets = new HashSet<int>(pair.Points.Where(p => p >= 0));
        Column(page, old, pair.Old.Plan.Points, p => pair.Points.Length > p && pair.Points[p] >= 0 ? "cp" : "lost");
        int height = Math.Max(old.Count, now.Count) * Row;
        page.Append($"<svg width=\"{Gap}\" height=\"{height}\" viewBox=\"0 0 {Gap} {height}\">");
        for (int i = 0; i < pair.Points.Length; i++)
        {
            if (pair.Points[i] < 0)
            {
                continue;
            }

            int a = RowOf(old, pair.Old.Plan.Points[i].Place.Line);
            int b = RowOf(now, pair.New.Plan.Points[pair.Points[i]].Place.Line);
            if (a >= 0 && b >= 0)
            {
                int y = (a * Row) + (Row / 2);
                int z = (b * Row) + (Row / 2);
                page.Append($"<path d=\"M0 {y}C{Gap / 2} {y} {Gap / 2} {z} {Gap} {z}\"><title>{i} &#8594; {pair.Points[i]}</title></path>");
            }
        }

        page.Append("</svg>");
        Column(page, now, pair.New.Plan.Points, p => targets.Contains(p) ? "cp" : "fresh");
        page.Append("</div>\n");
    }

    private static int RowOf(List<(int Line, string Text)> lines, int line) => lines.FindIndex(l => l.Line == line);

    private static void Column(StringBuilder page, List<(int Line, string Text)> lines, IReadOnlyList<ContinuationPoint> points, Func<int, string> css)
    {
        page.Append("<div class=\"src\">");
        foreach ((int line, string text) in lines)
        {
            List<ContinuationPoint> here = [.. points.Where(p => p.Place.Line == line)];
            string attributes = here.Count == 0 ? "" : $" class=\"{css(here[0].Number)}\" title=\"point {string.Join(", ", here.Select(p => p.Number))}\"";
            page.Append($"<div{attributes}><i>{line}</i>{Text(text)}</div>");
        }

        page.Append("</div>");
    }

    // The function as the compiler saw it, one line of the user's file to a row.
    private static List<(int Line, string Text)> Lines(FunctionEntry f)
    {
        TranslationUnit unit = f.Unit.Plan.Unit;
        var rows = new List<(int Line, string Text)>();
        int at = f.Plan.Decl.Start;
        foreach (string line in unit.Slice(f.Plan.Decl).Split('\n'))
        {
            if (line.Trim().Length > 0 && !line.StartsWith("# ", StringComparison.Ordinal))
            {
                int number = unit.PlaceOf(at + (line.Length - line.TrimStart().Length)).Line;
                if (rows.Count > 0 && rows[^1].Line == number)
                {
                    rows[^1] = (number, rows[^1].Text + " " + line.Trim());
                }
                else
                {
                    rows.Add((number, line.TrimEnd()));
                }
            }

            at += line.Length + 1;
        }

        return rows;
    }
}
