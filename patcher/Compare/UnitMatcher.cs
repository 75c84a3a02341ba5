namespace UpStare.Patcher.Compare;

/// <summary>Pairs the units of two versions, and with them the keys of their static functions and variables.</summary>
public sealed class UnitMatcher
{
    private readonly Dictionary<string, string> _oldOf = new(StringComparer.Ordinal);

    /// <summary>Units are paired by equal id, then by the longest common end of their paths, then by a base name that only they have.</summary>
    public UnitMatcher(IEnumerable<string> oldIds, IEnumerable<string> newIds)
    {
        var olds = new List<string>(oldIds);
        var news = new List<string>();
        foreach (string id in newIds)
        {
            if (!_oldOf.ContainsKey(id) && olds.Remove(id))
            {
                _oldOf[id] = id;
            }
            else
            {
                news.Add(id);
            }
        }

        while (true)
        {
            (int Length, string Old, string New) best = (0, "", "");
            foreach (string n in news)
            {
                foreach (string o in olds)
                {
                    int length = CommonEnd(o, n);
                    if (length > best.Length)
                    {
                        best = (length, o, n);
                    }
                }
            }

            if (best.Length == 0)
            {
                return;
            }

            _oldOf[best.New] = best.Old;
            olds.Remove(best.Old);
            news.Remove(best.New);
        }
    }

    /// <summary>The old unit of a new one, or null.</summary>
    public string? OldUnit(string newId) => _oldOf.GetValueOrDefault(newId);

    /// <summary>The key that a function or variable of a unit had in the old version; null where the unit is new.</summary>
    public string? OldKey(string newUnitId, string key)
    {
        if (!key.StartsWith(newUnitId + ":", StringComparison.Ordinal))
        {
            return key;
        }

        return OldUnit(newUnitId) is string old ? old + key[newUnitId.Length..] : null;
    }

    // Number of equal path components from the end; the base name must be equal.
    private static int CommonEnd(string a, string b)
    {
        // "libx.so!unit" and "liby.so!unit" have nothing in common.
        string module = a[..(a.IndexOf('!', StringComparison.Ordinal) + 1)];
        if (module != b[..(b.IndexOf('!', StringComparison.Ordinal) + 1)])
        {
            return 0;
        }

        string[] x = a[module.Length..].Split('/');
        string[] y = b[module.Length..].Split('/');
        int n = 0;
        while (n < x.Length && n < y.Length && x[^(n + 1)] == y[^(n + 1)])
        {
            n++;
        }

        return n;
    }
}
