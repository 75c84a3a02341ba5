namespace UpStare.Instrument.Lowering;

/// <summary>Cold exits: each writes all that is in scope at its point and goes to the function's end.</summary>
internal sealed partial class FunctionLowering
{
    private const string EndLabel = "__up_end";

    private bool _hasExits;
    private bool _hasCopies;

    private string Exit(ContinuationPoint point, out bool apart)
    {
        var exit = new ExitWriter(_mode == LoweringMode.Clone, _f);
        foreach (int index in point.InScope)
        {
            exit.Add(_f.SlotList[index]);
        }

        apart = exit.IsApart(point);
        _hasExits = true;
        _hasCopies |= exit.NeedsCopy;
        return exit.Text(point, EndLabel);
    }

    /// <summary>What exits and computed gotos need at the top of the function.</summary>
    public string Begin() => (_hasCopies ? $"struct {_f.RecordTag} {ExitWriter.Copy}; " : "") + _f.Facts.StoredLabels?.Declaration();

    /// <summary>Where exits go, for the end of the function; "" where no exit was written.</summary>
    /// <param name="returned">What the function returns, if that fits a register.</param>
    public string End(string? returned) => _hasExits
        ? $"if (0) {{ __UP_END({EndLabel}); {(CallsItself ? "" : "__UP_COLD; ")}{(returned is null ? "" : $"__UP_RETURN({returned}); ")}}} "
        : "";

    // gcc puts a function into itself only where its calls seem to be made seldom: with exits that are never taken it would not.
    private bool CallsItself => _f.Points.Any(p => p.Callee == _f.Decl.Name);
}
