using UpStare.Instrument;

namespace UpStare.Patcher.Compare;

/// <summary>Between a frame and the one that it called, one version has frames that the other has not.</summary>
public sealed class FrameStep
{
    /// <summary>Point of the old calling function: a call that still runs.</summary>
    public required int Point { get; init; }

    /// <summary>
    /// Frames that only the new version has, outermost first: from the calling function of the old version, whose record they
    /// are filled from, to the new function at the only point that is mapped. Empty where a frame is left out.
    /// </summary>
    public IReadOnlyList<FunctionPair> Made { get; init; } = [];

    /// <summary>The function of the old version whose frame the new one does not have, at <see cref="LeftOutPoint"/>; or null.</summary>
    public FunctionEntry? LeftOut { get; init; }

    public int LeftOutPoint { get; init; }
}

/// <summary>Where a parameter that the old frame does not have gets its value.</summary>
/// <param name="Parameter">Of the new record.</param>
/// <param name="Points">Points of the new function at which it is so.</param>
/// <param name="Other">The function of the new version that stands beside it on the stack.</param>
/// <param name="OtherPoint">The caller's point; -1: other is the called function.</param>
/// <param name="Source">The called function's parameter that it was passed as; null: the caller's argument tells.</param>
/// <param name="Argument">The caller's argument; null: see <paramref name="Source"/>.</param>
public sealed record GivenParameter(
    RecordVariable Parameter, IReadOnlyList<int> Points, FunctionEntry Other, int OtherPoint, RecordVariable? Source, Frontend.Model.Expr? Argument);
