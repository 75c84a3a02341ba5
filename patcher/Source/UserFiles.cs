using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using UpStare.Instrument;
using UpStare.Patcher.Compare;

namespace UpStare.Patcher.Source;

/// <summary>The files of a patch that a user reads and edits: mappings.c, transformers.c, patch.h and patch.c.</summary>
public static class UserFiles
{
    private const string Seal = "/* as written by upstare-patch: ";

    /// <summary>Writes the files; those of the user that are there already stay as they are.</summary>
    public static void Emit(string directory, PatchPlan plan, PatchText text)
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "patch.h"), text.Header);
        File.WriteAllText(Path.Combine(directory, "patch.c"), Sealed(text.Code));
        WriteNew(Path.Combine(directory, "mappings.c"), Mappings(plan));
        WriteNew(Path.Combine(directory, "transformers.c"), Transformers(plan));
    }

    /// <summary>The directory's patch.c if the user changed it after it was emitted, else null.</summary>
    public static string? EditedCode(string directory)
    {
        string path = Path.Combine(directory, "patch.c");
        if (!File.Exists(path))
        {
            return null;
        }

        string text = File.ReadAllText(path);
        int at = text.LastIndexOf(Seal, StringComparison.Ordinal);
        return at >= 0 && Sealed(text[..at]) == text ? null : text;
    }

    /// <summary>Reads mappings.c: every <c>{ "old", "new", n, {{a, b}, ...} }</c> in it.</summary>
    /// <exception cref="PatchException">It is not written so.</exception>
    public static List<UserMapping> ReadMappings(string directory)
    {
        string path = Path.Combine(directory, "mappings.c");
        var mappings = new List<UserMapping>();
        if (!File.Exists(path))
        {
            return mappings;
        }

        List<string> t = SourceTokens.Split(WithoutComments(File.ReadAllText(path)));
        for (int i = 0; i + 1 < t.Count; i++)
        {
            if (t[i] == "{" && t[i + 1].StartsWith('"'))
            {
                mappings.Add(Read(t, ref i, path));
            }
        }

        return mappings;
    }

    private static UserMapping Read(List<string> t, ref int i, string path)
    {
        try
        {
            string old = t[i + 1].Trim('"');
            string now = t[i + 3].Trim('"');
            int count = int.Parse(t[i + 5], CultureInfo.InvariantCulture);
            int at = i + 7;
            Expect(t[i + 2] == "," && t[i + 4] == "," && t[i + 6] == "," && t[at++] == "{");
            var points = new List<(int, int)>();
            while (t[at] != "}")
            {
                Expect(t[at++] == "{");
                int from = Number(t, ref at);
                Expect(t[at++] == ",");
                int to = Number(t, ref at);
                Expect(t[at++] == "}");
                points.Add((from, to));
                if (t[at] == ",")
                {
                    at++;
                }
            }

            Expect(points.Count == count);
            i = at;
            return new UserMapping(old, now, points);
        }
        catch (Exception e) when (e is FormatException or ArgumentOutOfRangeException)
        {
            throw new PatchException(PatchError.Usage, $"{path}: a mapping is written {{ \"old function\", \"new function\", n, {{{{old point, new point}}, ...}} }} with n pairs; this is not: {string.Join(' ', t.Skip(i).Take(12))}");
        }
    }

    private static int Number(List<string> t, ref int at)
    {
        int sign = 1;
        if (t[at] == "-")
        {
            sign = -1;
            at++;
        }

        return sign * int.Parse(t[at++], CultureInfo.InvariantCulture);
    }

    private static void Expect(bool holds)
    {
        if (!holds)
        {
            throw new FormatException();
        }
    }

    private static string WithoutComments(string text)
    {
        var result = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '/' && i + 1 < text.Length && text[i + 1] is '*' or '/')
            {
                string end = text[i + 1] == '*' ? "*/" : "\n";
                int stop = text.IndexOf(end, i + 2, StringComparison.Ordinal);
                i = stop < 0 ? text.Length : stop + end.Length - 1;
                result.Append('\n');
            }
            else
            {
                result.Append(text[i]);
            }
        }

        return result.ToString();
    }

    private static string Sealed(string code) =>
        code + Seal + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(code)))[..16].ToLowerInvariant() + " */\n";

    private static void WriteNew(string path, string text)
    {
        if (!File.Exists(path))
        {
            File.WriteAllText(path, text);
        }
    }

    // All points of what changed, ready to be numbered.
    private static string Mappings(PatchPlan plan)
    {
        var text = new StringBuilder("""
            /*
             * Mappings of continuation points that override the ones upstare-patch found. One entry for each function:
             *     { "old function", "new function", n, {{old point, new point}, ...} },
             * (n: number of pairs; new point -1: refuse the update while a thread is there.) Where both have the same name,
             * points that are not listed keep the mapping shown below; where another function takes over the frame, only what
             * is listed corresponds. Static functions of the same name in several files are written "file.c:name".
             */
            struct upstare_user_mapping {
            	const char *old_function, *new_function;
            	int n;
            	struct {
            		int old_point, new_point;
            	} points[256];
            };

            static const struct upstare_user_mapping mappings[] __attribute__((unused)) = {
            	/* FOR THE USER: { "old", "new", 1, {{0, 0}} }, */
            };


            """);
        foreach (FunctionPair pair in plan.Functions)
        {
            if (pair.IsChanged && pair.Old.Plan.Points.Count + pair.New.Plan.Points.Count > 0)
            {
                text.Append($"/* {CNames.Comment(pair.Old.Key)} -> {CNames.Comment(pair.New.Key)}\n");
                Points(text, pair.Old.Plan, p => pair.Points.Length > p ? pair.Points[p] : -1);
                text.Append(" * new:\n");
                Points(text, pair.New.Plan, null);
                text.Append(" */\n");
            }
        }

        foreach (FunctionEntry f in plan.Deleted.Concat(plan.Added))
        {
            if (f.Plan.Points.Count > 0)
            {
                text.Append($"/* {CNames.Comment(f.Key)} is {(plan.Added.Contains(f) ? "new" : "gone")}\n");
                Points(text, f.Plan, null);
                text.Append(" */\n");
            }
        }

        return text.ToString();
    }

    private static void Points(StringBuilder text, FunctionPlan f, Func<int, int>? map)
    {
        foreach (ContinuationPoint p in f.Points)
        {
            text.Append($" *   {p.Number}{(map is null ? "" : " -> " + map(p.Number))}: {CNames.Comment(p.Place.ToString())}: {CNames.Comment(p.Text)}\n");
        }
    }

    private static string Transformers(PatchPlan plan)
    {
        var text = new StringBuilder("""
            /*
             * What upstare-patch cannot know. Define any of the functions that patch.h declares (user_...); those that are
             * not defined are not called.
             */
            #include "patch.h"


            """);
        foreach (Finding f in plan.Findings)
        {
            if (f.Handling == Handling.NeedsUser)
            {
                text.Append($"/* FOR THE USER: {CNames.Comment(f.Name)}: {CNames.Comment(f.Text)} */\n");
            }
        }

        return text.ToString();
    }
}
