using System.Globalization;
using UpStare.Frontend.Model;

namespace UpStare.Instrument.Lowering;

/// <summary>Temporaries: made in a fixed order, used again by type once their full expression has ended.</summary>
internal sealed partial class FunctionLowering
{
    private static readonly BuiltinType s_int = new() { Spelling = "int", Size = 4, Align = 4 };
    private static readonly BuiltinType s_void = new() { Spelling = "void" };
    private static readonly PointerType s_pointer = new() { Pointee = s_void, Size = 8, Align = 8 };
    private static readonly BuiltinType s_vaList = new() { Spelling = "__builtin_va_list", Size = 24, Align = 8 };

    private readonly List<Temp> _temps = [];
    private readonly List<Temp> _active = [];
    private readonly Dictionary<string, Stack<Temp>> _free = [];

    private RecordWriter _recordWriter => new(_mode == LoweringMode.Clone, _f);

    /// <summary>A temporary that can hold a value of this type until the full expression ends.</summary>
    private Temp NewTemp(CType type)
    {
        CType value = TypeText.Decayed(type);
        string text = TypeText.Unqualified(value, Unit.RenameType);
        if (_free.TryGetValue(text, out Stack<Temp>? stack) && stack.TryPop(out Temp? old))
        {
            _active.Add(old);
            return old;
        }

        var temp = new Temp
        {
            Name = "__up_t" + _temps.Count.ToString(CultureInfo.InvariantCulture),
            Type = value,
            Mode = RecordLayout.CanBeByValue(value) ? RecordMode.ByValue : RecordMode.InPlace,
            TypeText = text,
        };
        _temps.Add(temp);
        _active.Add(temp);
        return temp;
    }

    private Temp NewWide(string name, CType type, RecordMode mode, bool isVolatile = false)
    {
        var temp = new Temp
        {
            Name = name,
            Type = type,
            Mode = mode,
            TypeText = TypeText.Of(type),
            IsFunctionWide = true,
            IsVolatile = isVolatile,
        };
        _temps.Add(temp);
        _scope.Insert(0, temp);
        return temp;
    }

    /// <summary>What a function needs from its entry on: the first va_list, the stack pointer.</summary>
    private void MakeFunctionWide()
    {
        if (_f.UsesVaStart)
        {
            NewWide("__up_va0", s_vaList, RecordMode.InPlace);
        }

        if (_f.UsesVaStart || _f.UsesAlloca)
        {
            NewWide(StackSlot, s_pointer, RecordMode.InPlace);
        }

        foreach (CallExpr call in _f.Facts.Calls)
        {
            if (Unit.Calls.IsSetJmp(call))
            {
                string k = _setJmpTemps.Count.ToString(CultureInfo.InvariantCulture);
                Temp buffer = NewWide("__up_jb" + k, s_pointer, RecordMode.ByValue, isVolatile: true);
                Temp result = NewWide("__up_js" + k, s_int, RecordMode.ByValue);
                _setJmpTemps[call] = (buffer, result);
            }
        }

        CollectLiterals();
    }

    /// <summary>Name of the pseudo variable that keeps the frame from its stack pointer up.</summary>
    internal const string StackSlot = "__up_sp";

    private int Mark() => _active.Count;

    private void Release(int mark)
    {
        for (int i = _active.Count - 1; i >= mark; i--)
        {
            Temp t = _active[i];
            if (!_free.TryGetValue(t.TypeText, out Stack<Temp>? stack))
            {
                _free[t.TypeText] = stack = new Stack<Temp>();
            }

            stack.Push(t);
            _active.RemoveAt(i);
        }
    }

    /// <summary>How this mode's text names a temporary.</summary>
    private string Name(Temp t) =>
        _mode == LoweringMode.Clone ? CloneName(_f.TempSlots[t.Name]) : t.Name;
}
