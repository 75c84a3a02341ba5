using System.Text;
using UpStare.Instrument;

namespace UpStare.Host.Cc;

/// <summary>A plan as text, for upstare-cc --dump=plan.</summary>
public static class PlanText
{
    /// <summary>All functions with their records and points, then variables and stubs.</summary>
    public static string Of(UnitPlan plan)
    {
        var text = new StringBuilder();
        foreach (FunctionPlan function in plan.Functions)
        {
            text.Append("function ").Append(function.Key).Append(" at ").Append(function.Place);
            text.Append(function.IsAddressTaken ? ", address taken" : "");
            if (function.PinnedReason is not null)
            {
                text.Append(", pinned: ").Append(function.PinnedReason).Append(" at ").Append(function.PinnedPlace?.ToString() ?? "?");
            }

            text.Append(function.IsTransformed ? $", record of {function.RecordSize} bytes, layout {function.LayoutHash:x8}\n" : ", without points\n");
            foreach (RecordVariable variable in function.Variables)
            {
                text.Append($"  {variable.Index,3} +{variable.Offset,-5} {variable.Mode,-8} {variable.SlotSize,4} {variable.Name}\n");
            }

            foreach (ContinuationPoint point in function.Points)
            {
                text.Append($"  point {point.Number} {point.Kind} {point.Callee} line {point.Place.Line} in {point.NestingPath}: {point.Text}");
                text.Append(" scope ").AppendJoin(',', point.InScope).Append('\n');
            }
        }

        foreach (VariablePlan variable in plan.Variables)
        {
            text.Append($"variable {variable.Key} {variable.Kind} {variable.Symbol} at {variable.Place}\n");
        }

        foreach (StubPlan stub in plan.Stubs)
        {
            text.Append($"stub {stub.Key}\n");
        }

        return text.ToString();
    }
}
