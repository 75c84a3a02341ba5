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

    /// <summary>A temporary that can hold a value of this type until the full expression ends; it is assigned at once.</summary>
    private Temp NewTemp(CType type)
    {
        Temp temp = Reserve(type);
        _active.Add(temp);
        return temp;
    }

    /// <summary>
    /// A temporary that is assigned later: until <see cref="Activate"/> no exit records it. (An exit that did would keep alive
    /// whatever its last use has left in it, in the loops that matter most.)
    /// </summary>
    private Temp Reserve(CType type)
    {
        CType value = TypeText.Decayed(type);
        string text = TypeText.Unqualified(value, Unit.RenameType);
        if (_free.TryGetValue(text, out Stack<Temp>? stack) && stack.TryPop(out Temp? old))
        {
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
        return temp;
    }

    /// <summary>The temporary has its value; its name.</summary>
    private string Activate(Temp temp)
    {
        _active.Add(temp);
        return Name(temp);
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

        MakeBounds();
        foreach (CallExpr call in _f.Facts.Calls)
        {
            if (Unit.Calls.IsSetJmp(call))
            {
                string k = _setJmpTemps.Count.ToString(CultureInfo.InvariantCulture);
                Temp buffer = NewWide(JumpBuffer + k, s_pointer, RecordMode.ByValue, isVolatile: true);
                Temp result = NewWide("__up_js" + k, s_int, RecordMode.ByValue);
                _setJmpTemps[call] = (buffer, result);
            }
        }

        CollectLiterals();
    }

    /// <summary>Begins the names of the variables that keep the buffers of setjmp.</summary>
    internal const string JumpBuffer = "__up_jb";

    /// <summary>Name of the pseudo variable that keeps the frame from its stack pointer up.</summary>
    internal const string StackSlot = "__up_sp";

    private int Mark() => _active.Count;

    private void Release(int mark)
    {
        for (int i = _active.Count - 1; i >= mark; i--)
        {
            Free(_active[i]);
            _active.RemoveAt(i);
        }
    }

    private void Free(Temp t)
    {
        if (!_free.TryGetValue(t.TypeText, out Stack<Temp>? stack))
        {
            _free[t.TypeText] = stack = new Stack<Temp>();
        }

        stack.Push(t);
    }

    /// <summary>The largest object that gcc copies without a call of memcpy (rep movs; measured with gcc 12, -O0 to -O3).</summary>
    private const int LargestInlineCopy = 8192;

    /// <summary>A statement that sets a temporary.</summary>
    private string Set(Temp t, string value)
    {
        CType type = t.Type.Canonical;
        if (type.Size <= LargestInlineCopy && !(type is RecordType r && RecordLayout.HasFixedMember(r.Decl)))
        {
            return Name(t) + " = " + value + "; ";
        }

        // C assigns no struct with const members. memcpy would be a call, as gcc's own copy of a large one, and none may stand between
        // a call and its check: the memory of frames that were unrolled lies below the stack pointer.
        return "{ void *__up_to = &" + Name(t) + "; const void *__up_from = &(struct { __typeof__(" + t.TypeText + ") v; }){ " + value
            + " }; unsigned long __up_size = sizeof(" + Name(t)
            + "); __asm__ volatile(\"rep movsb\" : \"+D\"(__up_to), \"+S\"(__up_from), \"+c\"(__up_size) : : \"memory\"); } ";
    }

    /// <summary>How this mode's text names a temporary.</summary>
    private string Name(Temp t) =>
        _mode == LoweringMode.Clone ? CloneName(_f.TempSlots[t.Name]) : t.Name;
}
