using System.Globalization;
using System.Text.Json;

namespace UpStare.Host.Ctl;

/// <summary>
/// The condition of <c>apply --when</c>: comparisons joined by <c>and</c>. What can be compared: <c>time</c> (with HH:MM, local
/// time), <c>load</c> (the system's, over one minute), <c>threads</c>, <c>updates</c>, and <c>in(FUNCTION)</c>, the number of threads
/// whose innermost function that is. Operators: &gt;= &lt;= &gt; &lt; == = !=.
/// </summary>
public sealed class WhenExpression
{
    private static readonly string[] _operators = [">=", "<=", "==", "!=", ">", "<", "="];

    private readonly List<Comparison> _comparisons = [];

    private sealed record Comparison(string Subject, string Operator, double Value);

    /// <summary>Whether the program has to be asked.</summary>
    public bool NeedsStatus => _comparisons.Exists(c => c.Subject is not ("time" or "load"));

    /// <summary>Parses a condition; throws <see cref="ControlException"/> (exit code 1) where it is malformed.</summary>
    public static WhenExpression Parse(string text)
    {
        WhenExpression result = new();
        foreach (string part in text.Split(" and ", StringSplitOptions.TrimEntries))
        {
            result._comparisons.Add(ParseComparison(part));
        }

        return result;
    }

    /// <summary>Whether it holds. <paramref name="status"/> may be null where <see cref="NeedsStatus"/> is false.</summary>
    public bool Holds(DateTime now, double load, Answer? status)
    {
        foreach (Comparison c in _comparisons)
        {
            double value = c.Subject switch
            {
                "time" => (now.Hour * 60) + now.Minute,
                "load" => load,
                "threads" => status?.List("threads").Count() ?? 0,
                "updates" => status?.Number("updates") ?? 0,
                _ => status?.List("threads").Count(t => IsIn(t, c.Subject)) ?? 0,
            };
            if (!Compare(value, c.Operator, c.Value))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsIn(JsonElement thread, string function) => Answer.String(thread, "function") == function["in(".Length..^1];

    private static bool Compare(double left, string op, double right) => op switch
    {
        ">=" => left >= right,
        "<=" => left <= right,
        ">" => left > right,
        "<" => left < right,
        "!=" => left != right,
        _ => left == right,
    };

    private static Comparison ParseComparison(string part)
    {
        foreach (string op in _operators)
        {
            int at = part.IndexOf(op, StringComparison.Ordinal);
            if (at <= 0)
            {
                continue;
            }

            string subject = part[..at].Trim();
            string value = part[(at + op.Length)..].Trim();
            bool known = subject is "time" or "load" or "threads" or "updates"
                || (subject.StartsWith("in(", StringComparison.Ordinal) && subject.EndsWith(')') && subject.Length > 4);
            if (known && TryValue(subject, value, out double number))
            {
                return new Comparison(subject, op, number);
            }

            break;
        }

        throw new ControlException(
            ExitCodes.Usage,
            $"--when: '{part}' is not a comparison; examples: 'time>=03:00 and time<05:00', 'load<0.5', 'in(send_file)==0', 'threads<=2'");
    }

    private static bool TryValue(string subject, string text, out double value)
    {
        if (subject == "time")
        {
            bool valid = TimeOnly.TryParseExact(text, "H:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out TimeOnly time);
            value = (time.Hour * 60) + time.Minute;
            return valid;
        }

        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value);
    }
}
