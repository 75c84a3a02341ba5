namespace UpStare.Patcher.Compare;

/// <summary>Pairs the functions of two versions: by key, then by a name that is unique in both, then by what their text has in common.</summary>
public sealed class FunctionMatcher
{
    /// <summary>How alike two bodies must be for the one to count as the other under a new name.</summary>
    public const double RenameSimilarity = 0.7;

    private readonly Dictionary<string, string> _newOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _oldOf = new(StringComparer.Ordinal);

    /// <summary>Matches all functions.</summary>
    /// <param name="old">The version that runs.</param>
    /// <param name="now">The version to come.</param>
    /// <param name="units">Pairs of units.</param>
    /// <param name="forced">Old and new key of pairs that the user gave; they go first.</param>
    public FunctionMatcher(ProgramModel old, ProgramModel now, UnitMatcher units, IEnumerable<(string Old, string New)> forced)
    {
        foreach ((string o, string n) in forced)
        {
            _newOf[o] = n;
            ForcedOld.Add(o);
            if (o == n || !old.Functions.ContainsKey(n))
            {
                _oldOf[n] = o;
            }
        }

        foreach (FunctionEntry f in now.Functions.Values)
        {
            if (units.OldKey(f.Unit.Id, f.Key) is string key && old.Functions.ContainsKey(key))
            {
                Pair(key, f.Key);
            }
        }

        PairByName(old, now);
        PairByText(old, now);
    }

    /// <summary>Old keys for which the user gave the new function.</summary>
    public HashSet<string> ForcedOld { get; } = new(StringComparer.Ordinal);

    /// <summary>Pairs (old key, new key) that were guessed by similar text.</summary>
    public List<(string Old, string New)> Renamed { get; } = [];

    /// <summary>New key of an old function, or null.</summary>
    public string? NewKey(string oldKey) => _newOf.GetValueOrDefault(oldKey);

    /// <summary>Old key of a new function, or null.</summary>
    public string? OldKey(string newKey) => _oldOf.GetValueOrDefault(newKey);

    private void Pair(string old, string now)
    {
        _newOf.TryAdd(old, now);
        _oldOf.TryAdd(now, old);
    }

    private static Dictionary<string, FunctionEntry?> Unpaired(ProgramModel program, Dictionary<string, string> paired)
    {
        var names = new Dictionary<string, FunctionEntry?>(StringComparer.Ordinal);
        foreach (FunctionEntry f in program.Functions.Values)
        {
            if (!paired.ContainsKey(f.Key) && !names.TryAdd(f.Name, f))
            {
                names[f.Name] = null;
            }
        }

        return names;
    }

    private void PairByName(ProgramModel old, ProgramModel now)
    {
        Dictionary<string, FunctionEntry?> news = Unpaired(now, _oldOf);
        foreach ((string name, FunctionEntry? o) in Unpaired(old, _newOf))
        {
            if (o is not null && news.GetValueOrDefault(name) is FunctionEntry n)
            {
                Pair(o.Key, n.Key);
            }
        }
    }

    private void PairByText(ProgramModel old, ProgramModel now)
    {
        var news = Unpaired(now, _oldOf).Values.Where(f => f is not null).ToList();
        if (news.Count == 0)
        {
            return;
        }

        var candidates = new List<(double Similarity, FunctionEntry Old, FunctionEntry New)>();
        var tokens = news.ConvertAll(n => Tokens(n!));
        foreach (FunctionEntry? o in Unpaired(old, _newOf).Values)
        {
            if (o is null)
            {
                continue;
            }

            List<string> text = Tokens(o);
            for (int i = 0; i < news.Count; i++)
            {
                double similarity = SourceTokens.Similarity(text, tokens[i]);
                if (similarity >= RenameSimilarity)
                {
                    candidates.Add((similarity, o, news[i]!));
                }
            }
        }

        candidates.Sort((a, b) => b.Similarity.CompareTo(a.Similarity));
        foreach ((_, FunctionEntry o, FunctionEntry n) in candidates)
        {
            if (!_newOf.ContainsKey(o.Key) && !_oldOf.ContainsKey(n.Key))
            {
                Pair(o.Key, n.Key);
                Renamed.Add((o.Key, n.Key));
            }
        }
    }

    private static List<string> Tokens(FunctionEntry f) =>
        SourceTokens.Split(f.Unit.Plan.Unit.Slice(f.Plan.Decl.Body ?? (Frontend.Model.Node)f.Plan.Decl));
}
