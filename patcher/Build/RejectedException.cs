namespace UpStare.Patcher.Build;

/// <summary>The compiler rejects a unit as part of a patch, resume clones above all: they exist nowhere else.</summary>
/// <param name="unit">The unit.</param>
/// <param name="functions">The functions that the errors are in, with the reason to pin them.</param>
/// <param name="message">What the compiler said.</param>
public sealed class RejectedException(UnitModel unit, IReadOnlyDictionary<string, string> functions, string message) : Exception(message)
{
    /// <summary>Pins the functions for the next attempt, which has to load the unit's module again.</summary>
    /// <returns>Whether there is something to attempt.</returns>
    public bool Pin()
    {
        if (unit.PlainReason is not null || unit.Module is not { } module)
        {
            return false;
        }

        int number = module.Units.ToList().IndexOf(unit);
        bool more = false;
        foreach ((string name, string reason) in functions)
        {
            more |= module.Metadata[number].Pinned.TryAdd(name, reason);
        }

        module.Units = [];
        return more;
    }
}
