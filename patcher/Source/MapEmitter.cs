using System.Text;
using UpStare.Instrument;
using UpStare.Patcher.Compare;

namespace UpStare.Patcher.Source;

/// <summary>Writes the entries of the table of frame maps, and what they refer to.</summary>
public sealed class MapEmitter
{
    private readonly PatchPlan _plan;
    private readonly Dictionary<FunctionPair, string> _names;
    private readonly StringBuilder _code;
    private readonly Dictionary<string, HashSet<int>> _leftOut = new(StringComparer.Ordinal);
    private readonly HashSet<string> _mapped = new(StringComparer.Ordinal);

    /// <param name="plan">The comparison.</param>
    /// <param name="names">C names of the pairs and of the frames that are made.</param>
    /// <param name="code">Takes what the entries refer to.</param>
    public MapEmitter(PatchPlan plan, Dictionary<FunctionPair, string> names, StringBuilder code)
    {
        _plan = plan;
        _names = names;
        _code = code;
        foreach (FrameStep step in names.Keys.SelectMany(p => p.Steps))
        {
            if (step.LeftOut is FunctionEntry f)
            {
                if (!_leftOut.TryGetValue(f.Key, out HashSet<int>? points))
                {
                    _leftOut[f.Key] = points = [];
                }

                points.Add(step.LeftOutPoint);
            }
        }

        foreach (FunctionPair made in names.Keys.Where(p => p.IsMade))
        {
            code.Append($"static const struct upstare_map made_{names[made]};\n");
        }
    }

    /// <summary>Entries of the table, in its order.</summary>
    public List<string> Entries { get; } = [];

    /// <summary>Writes a pair's map: an entry of the table, or, of a frame that is made, a variable of its own.</summary>
    /// <param name="pair">The functions.</param>
    /// <param name="name">Its C name.</param>
    /// <param name="moves">Something gets a new place in this update.</param>
    /// <param name="movesHere">A variable in this function's frames does.</param>
    /// <param name="forward">There is <c>forward_NAME</c>.</param>
    /// <param name="fromCallee">There is <c>from_callee_NAME</c>.</param>
    public void Emit(FunctionPair pair, string name, bool moves, bool movesHere, bool forward, bool fromCallee)
    {
        FunctionPlan now = pair.New.Plan;
        _mapped.Add(pair.IsMade ? "" : pair.Old.Key);
        _code.Append($"extern const struct upstare_function {now.Descriptor} __attribute__((visibility(\"hidden\")));\n");
        string points = "NULL";
        if (!pair.IsIdentity && !pair.IsMade)
        {
            points = "points_" + name;
            Points(points, pair.Old, p => pair.Points[p.Number] is >= 0 and int n ? (n, $"{now.Points[n].Place} {now.Points[n].Text}") : None(pair.Old, p));
        }

        string pointers = "NULL";
        int count = 0;
        if (moves && FrameEmitter.Pointers(now) is { Count: > 0 } offsets && offsets[^1] <= ushort.MaxValue)
        {
            count = offsets.Count;
            pointers = "pointers_" + name;
            _code.Append($"static const uint16_t {pointers}[] = {{ {string.Join(", ", offsets)} }};\n");
        }

        int steps = Steps(pair, name);
        string entry = (pair.IsMade ? "" : $".old_key = {CNames.Quote(pair.Old.Key)}, .old_layout = 0x{pair.Old.Plan.LayoutHash:x8}u, .npoints = {pair.Old.Plan.Points.Count}, .points = {points},\n\t  ")
            + $".new_function = &{now.Descriptor}, .new_size = {now.RecordSize}, .transform = {(pair.IsIdentity ? "NULL" : "frame_" + name)},\n"
            + $"\t  .pointers = {pointers}, .npointers = {count}, .forward = {(forward ? "forward_" + name : "NULL")}"
            + (movesHere ? ", .flags = UPSTARE_MAP_MOVES" : "")
            + (pair.IsIdentity ? "" : $",\n\t  .complete = complete_{name}, .user = (const void *){PatchPlan.FrameHook(name)}")
            + (fromCallee ? $", .from_callee = from_callee_{name}" : "")
            + (steps > 0 ? $", .steps = steps_{name}, .nsteps = {steps}" : "");
        if (pair.IsMade)
        {
            _code.Append($"static const struct upstare_map made_{name} = {{ /* {CNames.Comment(pair.New.Key)}, called by {CNames.Comment(pair.Old.Key)} */\n\t  {entry} }};\n");
        }
        else
        {
            Entries.Add($"\t{{ {entry} }}");
        }
    }

    /// <summary>Writes entries for functions whose frames can only be left out.</summary>
    public void EmitLeftOut()
    {
        foreach (string key in _leftOut.Keys.Where(k => !_mapped.Contains(k)))
        {
            FunctionEntry f = _plan.Old.Functions[key];
            string points = "points_left_out_" + Entries.Count;
            Points(points, f, p => None(f, p));
            Entries.Add($"\t{{ .old_key = {CNames.Quote(key)}, .old_layout = 0x{f.Plan.LayoutHash:x8}u, .npoints = {f.Plan.Points.Count}, .points = {points} }}");
        }
    }

    private void Points(string table, FunctionEntry f, Func<ContinuationPoint, (int Number, string Text)> to)
    {
        _code.Append($"static const int32_t {table}[] = {{ /* {CNames.Comment(f.Key)} */\n");
        foreach (ContinuationPoint p in f.Plan.Points)
        {
            (int n, string text) = to(p);
            string number = n == -2 ? "UPSTARE_POINT_LEFT_OUT" : n.ToString(System.Globalization.CultureInfo.InvariantCulture);
            _code.Append($"\t[{p.Number}] = {number}, /* {CNames.Comment(p.Place.ToString())} {CNames.Comment(p.Text)} -> {CNames.Comment(text)} */\n");
        }

        _code.Append("};\n");
    }

    private (int, string) None(FunctionEntry f, ContinuationPoint p) => _leftOut.TryGetValue(f.Key, out HashSet<int>? points) && points.Contains(p.Number)
        ? (-2, "nothing: left out where the caller can do without") : (-1, "nothing: the update is refused here");

    // Returns how many there are.
    private int Steps(FunctionPair pair, string name)
    {
        var text = new StringBuilder();
        int count = 0;
        foreach (FrameStep step in pair.Steps)
        {
            foreach (FunctionPair made in step.Made)
            {
                text.Append($"\t{{ .point = {step.Point}, .other_point = {made.Points[step.Point]}, .frame = &made_{_names[made]} }},\n");
                count++;
            }

            if (step.LeftOut is FunctionEntry f)
            {
                text.Append($"\t{{ .point = {step.Point}, .other_point = {step.LeftOutPoint}, .left_out = {CNames.Quote(f.Key)} }},\n");
                count++;
            }
        }

        if (count > 0)
        {
            _code.Append($"static const struct upstare_step steps_{name}[] = {{\n{text}}};\n");
        }

        return count;
    }
}
