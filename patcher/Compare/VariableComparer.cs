using System.Globalization;
using System.Text;
using UpStare.Frontend.Model;
using UpStare.Instrument;

namespace UpStare.Patcher.Compare;

/// <summary>Decides what becomes of each variable of static lifetime.</summary>
public sealed class VariableComparer
{
    private readonly ProgramModel _old;
    private readonly ProgramModel _new;
    private readonly UnitMatcher _units;
    private readonly FunctionMatcher _functions;
    private readonly List<Finding> _findings;
    private readonly Lazy<WriteAnalysis> _writes;

    public VariableComparer(ProgramModel old, ProgramModel now, UnitMatcher units, FunctionMatcher functions, List<Finding> findings)
    {
        _old = old;
        _new = now;
        _units = units;
        _functions = functions;
        _findings = findings;
        _writes = new Lazy<WriteAnalysis>(() => new WriteAnalysis(old));
    }

    /// <summary>Compares all variables.</summary>
    public List<VariableChange> Compare()
    {
        var changes = new List<VariableChange>();
        var used = new HashSet<string>(StringComparer.Ordinal);
        Dictionary<string, VariableEntry?> byName = UniqueStatics();
        foreach (VariableEntry now in _new.Variables.Values)
        {
            if (now.Plan.Kind == VariableKind.Private)
            {
                if (FindOld(now, byName) is VariableEntry gone)
                {
                    used.Add(gone.Key);
                }

                continue;
            }

            VariableEntry? old = FindOld(now, byName);
            if (old is not null)
            {
                used.Add(old.Key);
            }

            changes.Add(old is null || old.Plan.Kind == VariableKind.Private ? New(now) : Both(old, now));
        }

        foreach (VariableEntry old in _old.Variables.Values)
        {
            if (!used.Contains(old.Key) && old.Plan.Kind != VariableKind.Private)
            {
                changes.Add(new VariableChange { Old = old, Action = VariableAction.Delete });
                _findings.Add(old.Plan.LabelIndex is null
                    ? new Finding(Handling.Automatic, "variable", old.Key, old.Plan.Place, "is gone: its storage stays, nothing uses it")
                    : new Finding(Handling.Assumed, "variable", old.Key, old.Plan.Place, "the label is gone, or its address is taken no more: no address of it that was kept is used"));
            }
        }

        return changes;
    }

    private VariableChange New(VariableEntry now)
    {
        _findings.Add(new Finding(Handling.Automatic, "variable", now.Key, now.Plan.Place, "new: starts with its initialiser"));
        return new VariableChange { New = now, Action = VariableAction.Define };
    }

    private VariableChange Both(VariableEntry old, VariableEntry now)
    {
        CType a = old.Plan.Decl.Type;
        CType b = now.Plan.Decl.Type;
        SourcePlace place = now.Plan.Place;
        if ((old.Plan.Kind == VariableKind.ThreadLocal) != (now.Plan.Kind == VariableKind.ThreadLocal))
        {
            _findings.Add(new Finding(Handling.Impossible, "variable", now.Key, place, "became thread-local, or is no longer"));
            return new VariableChange { Old = old, New = now, Action = VariableAction.Keep };
        }

        if (old.Plan.LabelIndex is { } was && now.Plan.LabelIndex is { } index)
        {
            return was == index ? new VariableChange { Old = old, New = now, Action = VariableAction.Keep } : new VariableChange
            {
                Old = old,
                New = now,
                Action = VariableAction.Keep,
                ReinitKind = ReinitKind.Scalar,
                Reinit = (was.ToString(CultureInfo.InvariantCulture), index.ToString(CultureInfo.InvariantCulture)),
            };
        }

        bool sameInit = InitText(old) == InitText(now);
        if (TypeComparer.SameStorage(a, b) && a.Size == b.Size)
        {
            if (sameInit)
            {
                return new VariableChange { Old = old, New = now, Action = VariableAction.Keep };
            }

            if (TypeComparer.IsConst(b) || !_writes.Value.MayBeWritten(old.Key))
            {
                if (now.Plan.Kind == VariableKind.ThreadLocal)
                {
                    _findings.Add(new Finding(Handling.Assumed, "variable", now.Key, place, "thread-local with a changed initialiser: running threads keep their value"));
                    return new VariableChange { Old = old, New = now, Action = VariableAction.Keep };
                }

                _findings.Add(new Finding(Handling.Automatic, "variable", now.Key, place, "is never written: has its new content"));
                return new VariableChange { Old = old, New = now, Action = VariableAction.Define };
            }

            return Reinit(old, now);
        }

        if (now.Plan.Kind == VariableKind.ThreadLocal)
        {
            _findings.Add(new Finding(Handling.Impossible, "variable", now.Key, place, "the type of a thread-local variable changed"));
            return new VariableChange { Old = old, New = now, Action = VariableAction.Keep };
        }

        if (TypeComparer.IsConst(b) || (a.Canonical is ArrayType && !sameInit && old.Plan.Decl.Init is not null && !_writes.Value.MayBeWritten(old.Key)))
        {
            _findings.Add(new Finding(Handling.Automatic, "variable", now.Key, place, "is never written: has its new type and content"));
            return new VariableChange { Old = old, New = now, Action = VariableAction.Define };
        }

        if (!sameInit && a.Canonical is ArrayType && old.Plan.Decl.Init is not null)
        {
            _findings.Add(new Finding(Handling.Assumed, "variable", now.Key, place, "a changed table that may have been written: the old elements keep their places"));
        }

        return new VariableChange { Old = old, New = now, Action = VariableAction.Convert };
    }

    private VariableChange Reinit(VariableEntry old, VariableEntry now)
    {
        SourcePlace place = now.Plan.Place;
        CType type = now.Plan.Decl.Type.Canonical;
        ReinitKind kind = ReinitKind.None;
        string? a = old.Plan.Decl.Init is null ? "0" : ConstantText.Of(old.Unit.Plan.Unit, old.Plan.Decl.Init);
        string? b = now.Plan.Decl.Init is null ? "0" : ConstantText.Of(now.Unit.Plan.Unit, now.Plan.Decl.Init);
        if (a is not null && b is not null && now.Plan.Kind != VariableKind.ThreadLocal)
        {
            bool strings = ConstantText.IsString(old.Plan.Decl.Init) || ConstantText.IsString(now.Plan.Decl.Init);
            kind = type switch
            {
                ArrayType when strings => ReinitKind.CharArray,
                PointerType when strings => ReinitKind.StringPointer,
                PointerType => ReinitKind.Scalar,
                _ when TypeComparer.IsArithmetic(type) && !strings => ReinitKind.Scalar,
                _ => ReinitKind.None,
            };
        }

        if (kind == ReinitKind.None)
        {
            _findings.Add(new Finding(Handling.Assumed, "variable", now.Key, place, "its initialiser changed: keeps its present value"));
            return new VariableChange { Old = old, New = now, Action = VariableAction.Keep };
        }

        _findings.Add(new Finding(Handling.Assumed, "variable", now.Key, place, $"its initialiser changed from {a} to {b}: takes the new one if it still holds the old one"));
        return new VariableChange { Old = old, New = now, Action = VariableAction.Keep, Reinit = (a!, b!), ReinitKind = kind };
    }

    private static string InitText(VariableEntry v) =>
        v.Plan.Decl.Init is null ? "" : SourceTokens.Normalise(v.Unit.Plan.Unit, v.Plan.Decl.Init);

    private VariableEntry? FindOld(VariableEntry now, Dictionary<string, VariableEntry?> byName)
    {
        string? key = _units.OldKey(now.Unit.Id, now.Key);
        if (now.Plan.Function is string function && _functions.OldKey(function) is string oldFunction)
        {
            // unit:function:name: the function may have another name, or be in another unit
            string tail = now.Key[(now.Key.LastIndexOf(':') + 1)..];
            foreach (VariableEntry v in _old.Variables.Values)
            {
                if (v.Plan.Function == oldFunction && v.Key.EndsWith(":" + tail, StringComparison.Ordinal))
                {
                    return v;
                }
            }
        }

        if (key is not null && _old.Variables.TryGetValue(key, out VariableEntry? old))
        {
            return old;
        }

        return now.Plan.Function is null ? byName.GetValueOrDefault(now.Name) : null;
    }

    // Old file-level variables whose key is gone and whose name is the only one of its kind in both versions: a variable
    // that moved to another file, or lost or gained its "static".
    private Dictionary<string, VariableEntry?> UniqueStatics()
    {
        var names = new Dictionary<string, VariableEntry?>(StringComparer.Ordinal);
        var newKeys = new HashSet<string>(StringComparer.Ordinal);
        foreach (VariableEntry v in _new.Variables.Values)
        {
            newKeys.Add(_units.OldKey(v.Unit.Id, v.Key) ?? "");
        }

        foreach (VariableEntry v in _old.Variables.Values)
        {
            if (v.Plan.Function is null && !newKeys.Contains(v.Key) && !names.TryAdd(v.Name, v))
            {
                names[v.Name] = null;
            }
        }

        return names;
    }
}
