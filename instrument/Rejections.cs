using System.Globalization;

namespace UpStare.Instrument;

/// <summary>What the real compiler rejects in transformed text: the functions that it names are left plain, the others stay as they are.</summary>
public static class Rejections
{
    private const string Mark = ": error: ";

    /// <summary>The transformed functions that errors are in, by name, with the reason that they are pinned for.</summary>
    /// <param name="plan">The unit's plan.</param>
    /// <param name="messages">What the compiler said.</param>
    /// <returns>Nothing where no error is in a transformed function.</returns>
    public static Dictionary<string, string> Find(UnitPlan plan, string messages)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string line in messages.Split('\n'))
        {
            int at = line.IndexOf(Mark, StringComparison.Ordinal);
            if (at < 0 || Place(line[..at]) is not var (file, number))
            {
                continue;
            }

            foreach (FunctionPlan f in plan.Functions)
            {
                if (f.IsTransformed && Holds(plan, f, file, number))
                {
                    found.TryAdd(f.Decl.Name, "the compiler rejects it transformed: " + line[(at + Mark.Length)..]);
                }
            }
        }

        return found;
    }

    /// <summary>Line markers have made the user's places of the compiler's.</summary>
    private static bool Holds(UnitPlan plan, FunctionPlan f, string file, int line)
    {
        Frontend.Model.SourcePlace from = plan.Unit.PlaceOf(f.Decl.Start);
        Frontend.Model.SourcePlace to = plan.Unit.PlaceOf(Math.Max(f.Decl.Start, f.Decl.End - 1));
        return from.File == file && to.File == file && from.Line <= line && line <= to.Line;
    }

    /// <summary>The file and the line of "file:line:column" or "file:line"; null where it is neither.</summary>
    private static (string File, int Line)? Place(string text)
    {
        int last = text.LastIndexOf(':');
        if (last < 0 || !Number(text[(last + 1)..], out int number))
        {
            return null;
        }

        int before = text.LastIndexOf(':', last - 1);
        return before > 0 && Number(text[(before + 1)..last], out int line) ? (text[..before], line) : (text[..last], number);
    }

    private static bool Number(string text, out int value) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
