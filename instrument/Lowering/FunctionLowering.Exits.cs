using System.Globalization;
using System.Text;
using UpStare.Frontend.Model;

namespace UpStare.Instrument.Lowering;

/// <summary>
/// Cold exits share the stores of their records. At the end of a scope stand the stores of its variables, the last declared first,
/// with a label before each: an exit comes in at the label after which everything that is in scope at its point is stored, and goes
/// on to the stores of the scope around it. The outermost stores (parameters, the header) stand at the end of the function.
/// </summary>
internal sealed partial class FunctionLowering
{
    /// <summary>A scope whose variables are stored at its end.</summary>
    /// <param name="number">Its number in the function.</param>
    /// <param name="start">Index of its first variable in <see cref="_scope"/>.</param>
    private sealed class SaveScope(int number, int start)
    {
        public int Start => start;

        /// <summary>How many variables the exits that come in here have in scope.</summary>
        public HashSet<int> Entries { get; } = [];

        public string Label(int count) => string.Create(CultureInfo.InvariantCulture, $"__up_s{number}_{count}");
    }

    private const string OuterLabel = "__up_save";

    private readonly List<SaveScope> _saves = [];
    private int _nextSave;
    private object[] _outer = [];
    private bool _hasExits;

    private void OpenSaves() => _saves.Add(new SaveScope(_nextSave++, _scope.Count));

    /// <summary>Ends a scope: the stores, if any exit needs them.</summary>
    private void CloseSaves()
    {
        SaveScope scope = _saves[^1];
        _saves.RemoveAt(_saves.Count - 1);
        if (scope.Entries.Count == 0 || _mode == LoweringMode.Plan)
        {
            return;
        }

        int highest = 0;
        foreach (int count in scope.Entries)
        {
            highest = Math.Max(highest, count);
        }

        Emit("if (0) { ");
        bool inPlace = false;
        for (int count = highest; count > 0; count--)
        {
            if (scope.Entries.Contains(count))
            {
                Emit($"{scope.Label(count)}: __UP_TOP(struct {_f.RecordTag}) ");
            }

            RecordVariable v = SlotOf(_scope[scope.Start + count - 1]);
            inPlace |= v.Mode == RecordMode.InPlace;
            Emit(_recordWriter.Save(v));
        }

        Emit((inPlace ? "__UP_RETAIN(__up_r); " : "") + "goto " + SaveTarget(scope.Start) + "; } ");
    }

    /// <summary>What a cold exit does of its own: the temporaries of its point, and on to the scope's stores.</summary>
    private string Exit(int number)
    {
        var text = new StringBuilder();
        bool inPlace = false;
        foreach (Temp t in _active)
        {
            RecordVariable v = SlotOf(t);
            inPlace |= v.Mode == RecordMode.InPlace;
            text.Append(_recordWriter.Save(v));
        }

        string open = text.Length == 0 ? "" : $"__UP_TOP(struct {_f.RecordTag}) ";
        return string.Create(CultureInfo.InvariantCulture,
            $"{open}{text}{(inPlace ? "__UP_RETAIN(__up_r); " : "")}__up_at = {number}; goto {SaveTarget(_scope.Count)};");
    }

    /// <summary>The stores that all exits end with, for the end of the function; "" where no exit was written.</summary>
    public string OuterSaves()
    {
        if (!_hasExits)
        {
            return "";
        }

        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"if (0) {{ {OuterLabel}: __UP_RECORD(struct {_f.RecordTag}, {_f.Descriptor}) ");
        foreach (object o in _outer)
        {
            text.Append(_recordWriter.Save(SlotOf(o)));
        }

        return text.Append("__UP_RETAIN(__up_r); } ").ToString();
    }

    /// <summary>What exits keep in variables of the function.</summary>
    public string ExitVariables(bool withRecord) => !_hasExits ? ""
        : (withRecord ? $"struct {_f.RecordTag} *__up_r; " : "") + "unsigned int __up_at; ";

    private RecordVariable SlotOf(object o) => o is Temp t ? _f.TempSlots[t.Name] : _f.Slots[((VarDecl)o).Entity];

    /// <summary>Where the stores of the variables before <paramref name="end"/> in <see cref="_scope"/> begin.</summary>
    private string SaveTarget(int end)
    {
        for (int i = _saves.Count - 1; i >= 0; i--)
        {
            int count = end - _saves[i].Start;
            if (count > 0)
            {
                _saves[i].Entries.Add(count);
                return _saves[i].Label(count);
            }
        }

        _hasExits = true;
        return OuterLabel;
    }
}
