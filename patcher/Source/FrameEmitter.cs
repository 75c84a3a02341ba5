using System.Text;
using UpStare.Frontend.Model;
using UpStare.Instrument;
using UpStare.Patcher.Compare;

namespace UpStare.Patcher.Source;

/// <summary>Writes the transformer of a function's frame record.</summary>
public sealed class FrameEmitter
{
    private const int HeaderSize = 16;

    private readonly TypeEmitter _old;
    private readonly TypeEmitter _new;
    private readonly ConversionEmitter _convert;
    private readonly HashSet<FunctionPair> _moving = [];
    private readonly StringBuilder _types;
    private readonly StringBuilder _hooks;
    private readonly StringBuilder _code;

    public FrameEmitter(TypeEmitter old, TypeEmitter now, ConversionEmitter convert, StringBuilder types, StringBuilder hooks, StringBuilder code)
    {
        _old = old;
        _new = now;
        _convert = convert;
        _types = types;
        _hooks = hooks;
        _code = code;
    }

    /// <summary>Whether an in-place variable got a new place in some frame (so that pointers have to follow).</summary>
    public bool Moves => _moving.Count > 0;

    /// <summary>Whether one did in this function's frames.</summary>
    public bool MovesIn(FunctionPair pair) => _moving.Contains(pair);

    /// <summary>Writes <c>frame_NAME</c> for a pair that is not an identity.</summary>
    public void Emit(FunctionPair pair, string name)
    {
        Define(_old, "old_frame_" + name, pair.Old.Plan, pair.Old);
        Define(_new, "new_frame_" + name, pair.New.Plan, pair.New);
        string hook = PatchPlan.FrameHook(name);
        _hooks.Append(pair.IsMade
            ? $"/* A frame of {CNames.Comment(pair.New.Key)} that only the new version has, called by {CNames.Comment(pair.Old.Key)}, whose old frame is o; non-zero: the update is refused. */\n"
            : $"/* {CNames.Comment(pair.Old.Key)}: after the variables were copied; non-zero: the update is refused. */\n");
        _hooks.Append($"int {hook}(const struct old_frame_{name} *o, struct new_frame_{name} *n, struct upstare_context *ctx) __attribute__((weak, visibility(\"hidden\")));\n");

        var body = new StringBuilder();
        var mapped = new List<int>();
        for (int i = 0; i < pair.Points.Length; i++)
        {
            if (pair.Points[i] >= 0)
            {
                mapped.Add(i);
            }
        }

        ResultsMustBeThere(pair, mapped, body);
        foreach (SlotMapping slot in pair.Slots)
        {
            Slot(pair, slot, mapped, body, hook);
        }

        _code.Append($"""
            static int frame_{name}(struct upstare_context *ctx, const void *old_record, void *new_record)
            {"{"}
            	const struct old_frame_{name} *o = old_record;
            	struct new_frame_{name} *n = new_record;
            	unsigned int at = o->__up_h.point & ~UPSTARE_AFTER;

            	(void)ctx, (void)at, (void)n;
            {body}	return 0;
            {"}"}


            """);
    }

    /// <summary>Offsets of by-value pointers in the new record.</summary>
    public static List<int> Pointers(FunctionPlan now)
    {
        var offsets = new List<int>();
        foreach (RecordVariable v in now.Variables)
        {
            if (v.Mode == RecordMode.ByValue)
            {
                foreach (int at in TypeComparer.PointerOffsets(v.Type))
                {
                    offsets.Add(v.Offset + at);
                }
            }
        }

        return offsets;
    }

    /// <summary>Writes <c>forward_NAME</c>, which lets pointers inside in-place objects follow; false where there are none.</summary>
    public bool EmitForward(FunctionPlan now, string name)
    {
        var body = new StringBuilder();
        foreach (RecordVariable v in now.Variables)
        {
            List<int> offsets = v.Mode == RecordMode.InPlace && v.Type.Size > 0 && v.Name != "__up_sp" ? TypeComparer.PointerOffsets(v.Type) : [];
            List<int> points = [.. now.Points.Where(p => p.InScope.Contains(v.Index)).Select(p => p.Number)];
            if (offsets.Count == 0 || points.Count == 0)
            {
                continue;
            }

            body.Append(Guard(points, now.Points.Count, $"\t\tfollow(ctx, *(void **)((char *)record + {v.Offset}), (const uint32_t[]){{ {string.Join(", ", offsets)} }}, {offsets.Count}); /* {v.Name} */\n"));
        }

        if (body.Length == 0)
        {
            return false;
        }

        _code.Append($"static void forward_{name}(struct upstare_context *ctx, void *record)\n{{\n\tunsigned int at = ((struct __up_header *)record)->point & ~UPSTARE_AFTER;\n\n\t(void)at;\n{body}}}\n\n");
        return true;
    }

    private static string Guard(List<int> points, int all, string statements) => points.Count >= all
        ? "\t{\n" + statements + "\t}\n"
        : "\tswitch (at) {\n" + Cases(points) + statements + "\t}\n";

    private static string Cases(List<int> points)
    {
        var text = new StringBuilder();
        for (int i = 0; i < points.Count; i++)
        {
            int last = i;
            while (last + 1 < points.Count && points[last + 1] == points[last] + 1)
            {
                last++;
            }

            text.Append(last > i ? $"\tcase {points[i]} ... {points[last]}:\n" : $"\tcase {points[i]}:\n");
            i = last;
        }

        return text.ToString();
    }

    private void Define(TypeEmitter emitter, string tag, FunctionPlan plan, FunctionEntry f)
    {
        var members = new List<(string, string, int, int)>();
        foreach (RecordVariable v in plan.Variables.OrderBy(v => v.Offset))
        {
            string declarator;
            if (v.Mode == RecordMode.ByValue)
            {
                declarator = v.Type.Canonical is UnknownType
                    ? $"unsigned char {v.Member}[{v.SlotSize}]"
                    : emitter.Declare(v.Type, v.Member);
            }
            else if (v.Type.Size <= 0 || v.Type.Canonical is ArrayType { Bound: not ArrayBound.Constant } or UnknownType)
            {
                declarator = $"void *{v.Member}";
            }
            else
            {
                declarator = v.Type.Canonical is ArrayType ? emitter.Declare(v.Type, $"(*{v.Member})") : emitter.Declare(v.Type, "*" + v.Member);
            }

            members.Add((declarator, v.Member, v.Offset, v.SlotSize));
        }

        _types.Append($"/* Frame of {CNames.Comment(f.Key)}, {CNames.Comment(plan.Place.ToString())} */\n");
        emitter.DefineFrame(tag, "struct __up_header __up_h", HeaderSize, members, plan.RecordSize);
    }

    // A call that had completed keeps its value in the record; where the old code dropped it there is none for the new.
    private static void ResultsMustBeThere(FunctionPair pair, List<int> mapped, StringBuilder body)
    {
        var without = new List<int>();
        foreach (int o in mapped)
        {
            int result = pair.New.Plan.Points[pair.Points[o]].Result;
            if (result >= 0 && pair.Slots.First(s => s.New.Index == result) is SlotMapping slot && !slot.CopyAt.Contains(o))
            {
                without.Add(o);
            }
        }

        if (without.Count > 0)
        {
            body.Append("\t/* the old code dropped the value that the new one uses: only while the call still runs */\n\tswitch (at) {\n")
                .Append(Cases(without)).Append("\t\tif (o->__up_h.point & UPSTARE_AFTER)\n\t\t\treturn 1;\n\t}\n");
        }
    }

    private void Slot(FunctionPair pair, SlotMapping slot, List<int> mapped, StringBuilder body, string hook)
    {
        foreach (IGrouping<RecordVariable, int> group in slot.CopyAt.GroupBy(o => slot.ByPoint.GetValueOrDefault(o) ?? slot.Old!))
        {
            List<int> points = [.. group];
            string statements = Copy(pair, group.Key, slot, hook);
            bool harmless = slot.FreshAt.Count == 0 && slot.ByPoint.Count == 0
                && group.Key.Mode == slot.New.Mode && TypeComparer.SameStorage(group.Key.Type, slot.New.Type);
            body.Append(harmless || points.Count == mapped.Count
                ? statements.Replace("\n\t\t", "\n\t", StringComparison.Ordinal)[1..]
                : "\tswitch (at) {\n" + Cases(points) + statements + "\t}\n");
        }

        if (slot.LeftOut.Count > 0)
        {
            // At all its points the frame that is left out is the same function's.
            foreach (IGrouping<RecordVariable, int> group in slot.LeftOut.Where(l => pair.Points[l.Key] >= 0).GroupBy(l => l.Value, l => l.Key))
            {
                string size = slot.New.Mode == RecordMode.ByValue ? $"sizeof(n->{slot.New.Member})" : "sizeof(void *)";
                body.Append("\tswitch (at) {\n" + Cases([.. group.Order()])
                    + $"\t\tif (!upstare_left_out(ctx))\n\t\t\treturn 1;\n\t\tmemcpy(&n->{slot.New.Member}, (const char *)upstare_left_out(ctx) + {group.Key.Offset}, {size}); /* of the frame that is left out */\n\t}}\n");
            }
        }

        if (slot.FreshAt.Count > 0)
        {
            string fresh = Fresh(pair, slot);
            if (fresh.Length > 0)
            {
                body.Append("\tswitch (at) {\n" + Cases(slot.FreshAt) + fresh + "\t}\n");
            }
        }
    }

    private string Copy(FunctionPair pair, RecordVariable old, SlotMapping slot, string hook)
    {
        RecordVariable now = slot.New;
        string o = "o->" + old.Member;
        string n = "n->" + now.Member;
        bool same = TypeComparer.SameStorage(old.Type, now.Type);
        string what = $"variable {now.Name} of {pair.New.Key}";
        if (old.Mode == RecordMode.InPlace && now.Mode == RecordMode.InPlace && same)
        {
            return $"\t\t{n} = (void *){o};\n";
        }

        if (old.Mode == RecordMode.ByValue && now.Mode == RecordMode.ByValue)
        {
            return _convert.Convert(o, n, old.Type, now.Type, what, hook, "\t\t") + Parts(n, slot.NewParts, "\t\t");
        }

        string from = old.Mode == RecordMode.InPlace ? $"(*{o})" : o;
        if (now.Mode == RecordMode.ByValue)
        {
            return $"\t\tif ({o}) {{\n" + _convert.Convert(from, n, old.Type, now.Type, what, hook, "\t\t\t") + Parts(n, slot.NewParts, "\t\t\t") + "\t\t}\n";
        }

        var text = new StringBuilder();
        text.Append($"\t\t{n} = upstare_frame_alloc(ctx, {now.Type.Size}, {Math.Max(1, now.Type.Align)});\n\t\tif (!{n})\n\t\t\treturn 1;\n\t\tmemset({n}, 0, {now.Type.Size});\n");
        if (old.Mode == RecordMode.InPlace)
        {
            _moving.Add(pair);
            text.Append($"\t\tif ({o}) {{\n").Append(_convert.Convert(from, $"(*{n})", old.Type, now.Type, what, hook, "\t\t\t"));
            text.Append(_convert.Moved(o, n, old.Type, now.Type, "\t\t\t")).Append("\t\t}\n");
        }
        else
        {
            text.Append(_convert.Convert(from, $"(*{n})", old.Type, now.Type, what, hook, "\t\t"));
        }

        return text.Append(Parts($"(*{n})", slot.NewParts, "\t\t")).ToString();
    }

    // What was not copied, as the new declaration has it; the rest is zero already.
    private static string Parts(string lvalue, List<(string Path, string Value)> parts, string indent) =>
        string.Concat(parts.Select(p => $"{indent}{lvalue}{p.Path} = {p.Value}; /* new */\n"));

    private string Fresh(FunctionPair pair, SlotMapping slot)
    {
        RecordVariable v = slot.New;
        string n = "n->" + v.Member;
        if (slot.OldStatic is string key)
        {
            string old = $"upstare_old_variable(ctx, {CNames.Quote(key)})";
            if (v.Mode == RecordMode.ByValue)
            {
                return $"\t\tif ({old})\n\t\t\tmemcpy(&{n}, {old}, {v.Type.Size});\n";
            }

            _moving.Add(pair);
            return $"\t\t{n} = upstare_frame_alloc(ctx, {v.Type.Size}, {Math.Max(1, v.Type.Align)});\n\t\tif (!{n} || !{old})\n\t\t\treturn 1;\n"
                + $"\t\tmemcpy({n}, {old}, {v.Type.Size});\n\t\tupstare_moved(ctx, {old}, {v.Type.Size}, {n});\n";
        }

        bool scalar = TypeComparer.IsArithmetic(v.Type) || v.Type.Canonical is PointerType;
        if (v.Mode == RecordMode.ByValue)
        {
            return scalar && slot.Initialiser is string value ? $"\t\t{n} = {value}; /* new */\n" : Parts(n, slot.AllParts, "\t\t");
        }

        if (v.Type.Size <= 0)
        {
            return ""; // a marker of the frame's own storage: nothing of the old frame to keep
        }

        string init = scalar && slot.Initialiser is string text ? $"\t\t*{n} = {text}; /* new */\n" : Parts($"(*{n})", slot.AllParts, "\t\t");
        return $"\t\t{n} = upstare_frame_alloc(ctx, {v.Type.Size}, {Math.Max(1, v.Type.Align)}); /* new */\n\t\tif (!{n})\n\t\t\treturn 1;\n\t\tmemset({n}, 0, {v.Type.Size});\n{init}";
    }
}
