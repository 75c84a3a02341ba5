using System.Globalization;
using System.Text;
using UpStare.Instrument.Lowering;

namespace UpStare.Instrument.Emission;

/// <summary>Writes a function's record struct, with assertions that gcc lays it out as planned.</summary>
internal static class RecordEmitter
{
    /// <summary>Appends the struct and the descriptor's declaration.</summary>
    public static void Append(StringBuilder text, UnitContext context, FunctionContext f, FunctionPlan plan)
    {
        text.Append("struct ").Append(f.RecordTag).Append(" { struct __up_header __up_h; ");
        foreach (RecordVariable v in plan.Variables)
        {
            string type = v.Mode == RecordMode.InPlace ? "void *" : TypeText.Unqualified(v.Type, context.RenameType);
            text.Append("__typeof__(").Append(type).Append(") ").Append(v.Member).Append("; ");
        }

        text.Append("} __attribute__((aligned(16)));\n");
        text.Append(CultureInfo.InvariantCulture, $"_Static_assert(sizeof(struct {f.RecordTag}) == {plan.RecordSize}, \"record size\"); ");
        foreach (RecordVariable v in plan.Variables)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"_Static_assert(__builtin_offsetof(struct {f.RecordTag}, {v.Member}) == {v.Offset}, \"record offset\"); ");
        }

        text.Append("\nextern const struct upstare_function ").Append(f.Descriptor).Append(" __attribute__((visibility(\"hidden\")));\n");
    }
}
