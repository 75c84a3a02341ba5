using System.Globalization;
using System.Text;
using System.Text.Json;

namespace UpStare.Host.Ctl;

/// <summary>Prints answers for people.</summary>
public static class Output
{
    /// <summary>The answer to check, apply, rollback: its message, the hindrances one per line, and the times of an update.</summary>
    public static void Result(TextWriter writer, string target, Answer answer)
    {
        string message = answer.Message ?? (answer.Exit == ExitCodes.Done ? "done" : $"failed with exit code {answer.Exit}");
        writer.WriteLine($"{target}: {message}");
        foreach (JsonElement o in answer.List("obstacles"))
        {
            writer.WriteLine("  " + Obstacle(o));
        }

        if (answer.String("from") is string from && answer.String("to") is string to)
        {
            writer.WriteLine($"  from {Short(from)} to {Short(to)}{Counts(answer)}");
        }

        if (answer.Object("pause_us") is JsonElement pause)
        {
            writer.WriteLine("  " + Pause(pause));
        }
    }

    /// <summary>The answer to status.</summary>
    public static void Status(TextWriter writer, Answer answer)
    {
        writer.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{answer.String("program")}: pid {answer.Number("pid")}, version {Short(answer.String("version"))}, {Plural(answer.Number("updates") ?? 0, "update")} so far"));
        writer.WriteLine($"  executable  {answer.String("executable")} (build-id {Short(answer.String("build_id"))})");
        writer.WriteLine("  started     " + Time(answer.Number("start")));
        foreach (JsonElement l in answer.List("listen"))
        {
            writer.WriteLine("  listens at  " + l.GetString());
        }

        foreach (JsonElement l in answer.List("libraries"))
        {
            writer.WriteLine($"  library     {Answer.String(l, "name")}, version {Short(Answer.String(l, "version"))}, {Answer.String(l, "state")}");
        }

        foreach (JsonElement p in answer.List("processes"))
        {
            writer.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  process     {Answer.Number(p, "pid")} (child of {Answer.Number(p, "ppid")}){State(p)}"));
        }

        foreach (JsonElement t in answer.List("threads"))
        {
            writer.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  thread      {Answer.Number(t, "tid")} {Answer.String(t, "state")}{Place(t, " in ")}"));
        }

        foreach (JsonElement o in answer.List("obstacles"))
        {
            writer.WriteLine("  hindrance   " + Obstacle(o));
        }
    }

    /// <summary>The answer to history.</summary>
    public static void History(TextWriter writer, Answer answer)
    {
        int count = 0;
        foreach (JsonElement h in answer.List("history"))
        {
            StringBuilder line = new(Time(Answer.Number(h, "when")));
            line.Append("  ").Append(Short(Answer.String(h, "from"))).Append(" -> ").Append(Short(Answer.String(h, "to")));
            if (Answer.Number(h, "pause_us") is double pause)
            {
                line.Append(CultureInfo.InvariantCulture, $"  pause {pause:0} us");
            }

            foreach (string member in (string[])["outcome", "message", "description"])
            {
                if (Answer.String(h, member) is { Length: > 0 } text)
                {
                    line.Append("  ").Append(text);
                }
            }

            writer.WriteLine(line.ToString());
            count++;
        }

        if (count == 0)
        {
            writer.WriteLine("no update so far");
        }
    }

    /// <summary>One hindrance: process, thread, function, place, reason.</summary>
    public static string Obstacle(JsonElement o)
    {
        StringBuilder line = new();
        line.Append(CultureInfo.InvariantCulture, $"pid {Answer.Number(o, "pid")} thread {Answer.Number(o, "tid")}: ");
        line.Append(Answer.String(o, "function") ?? "?");
        line.Append(Place(o, null));
        return line.Append(": ").Append(Answer.String(o, "why")).ToString();
    }

    /// <summary>The first digits of a build-id.</summary>
    public static string Short(string? id) => string.IsNullOrEmpty(id) ? "?" : id.Length > 12 ? id[..12] : id;

    private static string Place(JsonElement e, string? before)
    {
        string? function = Answer.String(e, "function");
        string text = before is not null && !string.IsNullOrEmpty(function) ? before + function : "";
        if (Answer.String(e, "file") is { Length: > 0 } file)
        {
            text += string.Create(CultureInfo.InvariantCulture, $" at {file}:{Answer.Number(e, "line")}");
        }

        return text;
    }

    /// <summary>What a process does where that matters to an update.</summary>
    private static string State(JsonElement process)
    {
        string text = Answer.String(process, "state") switch { "T" or "t" => ", stopped", _ => "" };
        return Answer.Bool(process, "filtered") == true ? text + ", in a seccomp filter" : text;
    }

    private static string Counts(Answer answer)
    {
        int processes = answer.List("processes").Count();
        string text = processes == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {processes + 1} processes");
        foreach (string name in (string[])["threads", "threads_in_libraries", "frames", "points_mapped"])
        {
            if (answer.Number(name) is double count && (count > 0 || name != "threads_in_libraries"))
            {
                text += string.Create(CultureInfo.InvariantCulture, $", {count} {name.Replace('_', ' ')}");
            }
        }

        return text;
    }

    private static string Pause(JsonElement pause)
    {
        StringBuilder line = new();
        line.Append(CultureInfo.InvariantCulture, $"pause {Answer.Number(pause, "total"):0} us");
        string separator = " (";
        foreach (JsonProperty part in pause.EnumerateObject())
        {
            if (part.Name != "total" && part.Value.ValueKind == JsonValueKind.Number)
            {
                line.Append(CultureInfo.InvariantCulture, $"{separator}{part.Name} {part.Value.GetDouble():0}");
                separator = ", ";
            }
        }

        return line.Append(separator == ", " ? ")" : "").ToString();
    }

    private static string Time(double? seconds) => seconds is double s
        ? DateTimeOffset.FromUnixTimeSeconds((long)s).LocalDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)
        : "?";

    private static string Plural(double count, string word) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {word}{(count == 1 ? "" : "s")}");
}
