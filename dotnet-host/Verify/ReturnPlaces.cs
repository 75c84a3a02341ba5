using UpStare.Host.Elf;

namespace UpStare.Host.Verify;

/// <summary>
/// Return addresses to points, as the runtime does it before it unrolls a stack (native-runtime/src/module.c, upstare_loaded_point):
/// the nearest entry behind the address is the call's unless it is too far away to be believed.
/// </summary>
internal sealed class ReturnPlaces
{
    /// <summary>The runtime's CHECK_DISTANCE.</summary>
    private const ulong Distance = 48;

    private readonly PointEntry[] _sorted;

    public ReturnPlaces(IEnumerable<PointEntry> points)
    {
        _sorted = [.. points.OrderBy(p => p.Pc)];
    }

    /// <summary>The entry that a return address is taken for; null: the record has to tell.</summary>
    /// <param name="address">The return address.</param>
    /// <param name="end">End of the function's code.</param>
    public PointEntry? Nearest(ulong address, ulong end)
    {
        int low = 0, high = _sorted.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_sorted[middle].Pc < address)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low < _sorted.Length && _sorted[low].Pc <= end && _sorted[low].Pc - address <= Distance ? _sorted[low] : null;
    }
}
