using System.Text;
using UpStare.Instrument.Emission;

namespace UpStare.Instrument;

/// <summary>Writes the two texts of a planned unit.</summary>
public static class Instrumenter
{
    /// <summary>
    /// The hot text, and the clone text where the options ask for resume clones. Both are to be compiled as C with the unit's own flags (and the clone text with -w), with
    /// gcc's preprocessor for the macros of the prelude at their head, and made one object.
    /// </summary>
    /// <param name="plan">A plan of <see cref="Planner.Plan"/>.</param>
    public static InstrumentResult Transform(UnitPlan plan)
    {
        string hot = new UnitEmitter(plan, TextKind.Hot).Write();
        bool clones = false;
        foreach (FunctionPlan f in plan.Functions)
        {
            clones |= f.IsTransformed && plan.Options.HasClones;
        }

        string clone = clones ? new UnitEmitter(plan, TextKind.Clone).Write() : "";
        return new InstrumentResult
        {
            Plan = plan,
            HotText = Encoding.Latin1.GetBytes(hot),
            CloneText = Encoding.Latin1.GetBytes(clone),
        };
    }
}
