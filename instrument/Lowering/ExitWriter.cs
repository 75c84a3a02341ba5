using System.Globalization;
using System.Text;
using UpStare.Frontend.Model;

namespace UpStare.Instrument.Lowering;

/// <summary>
/// Writes the operands and stores of one cold exit (prelude.h, __UP_LEAVE). What fits neither a register nor the operands that
/// an asm statement can have is first put into a copy of the record and stored from there in pieces.
/// </summary>
internal sealed class ExitWriter(bool clone, FunctionContext function)
{
    /// <summary>gcc allows 30 operands, of which the copy of the record and the label of the function's end are two.</summary>
    private const int MostOperands = 28;

    /// <summary>The copy of the record: one for all exits of a function, since gcc gives those of several exits no common place.</summary>
    public const string Copy = "__up_m";

    private readonly StringBuilder _stores = new();
    private readonly StringBuilder _operands = new();
    private readonly StringBuilder _copies = new();
    private readonly List<(int Offset, int Size)> _pieces = [];
    private int _count;

    /// <summary>Whether the exit puts something into the copy.</summary>
    public bool NeedsCopy => _pieces.Count > 0;

    /// <summary>Adds a variable that is in scope.</summary>
    public void Add(RecordVariable v)
    {
        string name = clone ? FunctionLowering.CloneName(v) : HotName(v);
        if (v.Name == FunctionLowering.StackSlot)
        {
            if (clone)
            {
                Operand("rm", "__up_l_" + v.Member, Invariant($"__UP_S8({_count}, {v.Offset})"));
            }
            else
            {
                _stores.Append(Invariant($"__UP_SP({v.Offset}) "));
            }
        }
        else if (v.Mode == RecordMode.InPlace)
        {
            if (_count == MostOperands)
            {
                CopyMember(v, clone ? $"(void *)__up_p_{v.Member}" : $"(void *)&{name}");
            }
            else if (clone)
            {
                Operand("rm", "__up_p_" + v.Member, Invariant($"__UP_S8({_count}, {v.Offset})"));
            }
            else if (v.Type.Canonical.Size < 0)
            {
                // An asm statement takes no object whose size is not known.
                Operand("rm", "(void *)" + name, Invariant($"__UP_S8({_count}, {v.Offset})"));
            }
            else
            {
                Operand("m", name, Invariant($"__UP_SA({_count}, {v.Offset})"));
            }
        }
        else if (_count < MostOperands && Constraint(v.Type.Canonical) is { } constraint)
        {
            Operand(constraint, name, Invariant($"__UP_S{v.SlotSize}({_count}, {v.Offset})"));
        }
        else
        {
            CopyMember(v, name);
        }
    }

    /// <summary>The check and the exit.</summary>
    /// <param name="point">The point.</param>
    /// <param name="end">The label of the function's end.</param>
    public string Text(ContinuationPoint point, string end)
    {
        string stores = _stores.Length == 0 ? "\"\" " : _stores.ToString();

        // Behind a call gcc has everything in memory or in registers that outlive calls: the exit can be part of the check.
        // In a loop its operands would take registers from the loop, and what is copied is copied on the exit's path only.
        if (!IsApart(point))
        {
            return Invariant($"__UP_CHECK_LEAVE(\"{function.Descriptor}\", {point.Number}, {stores}, {end}, {_operands}); ");
        }

        var copies = new StringBuilder();
        if (NeedsCopy)
        {
            copies.Append(_copies);
            foreach ((int offset, int size) in _pieces)
            {
                Pieces(offset, size);
            }

            Operand("m", Copy, "");
            stores = _stores.ToString();
        }

        return CheckBehind(function, point.Number, Invariant($"{copies}__UP_LEAVE(\"{function.Descriptor}\", {point.Number}, {stores}, {end}, {_operands}); "));
    }

    /// <summary>Whether the exit is not part of the check: what follows has the label that <see cref="CheckBehind"/> names.</summary>
    public bool IsApart(ContinuationPoint point) => NeedsCopy || !point.IsCall;

    /// <summary>
    /// A check behind its exit, which goes on at __up_bN. In this order: where edges with the same values meet gcc 12 gives the block that it makes
    /// for them the count of the first alone (docs/architecture.md), and takes all that follows for cold if that is the exit's.
    /// </summary>
    public static string CheckBehind(FunctionContext function, int number, string exit) =>
        Invariant($"if (0) {{ __up_x{number}: __UP_COLD; {exit}goto __up_b{number}; }} __UP_CHECK(\"{function.Descriptor}\", {number}, __up_x{number}); ");

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    private void Operand(string constraint, string expression, string store)
    {
        _operands.Append(_count++ == 0 ? "\"" : ", \"").Append(constraint).Append("\"(").Append(expression).Append(')');
        _stores.Append(store).Append(' ');
    }

    private void CopyMember(RecordVariable v, string value)
    {
        if (v.Mode == RecordMode.InPlace)
        {
            _copies.Append(Copy).Append('.').Append(v.Member).Append(" = ").Append(value).Append("; ");
        }
        else
        {
            FieldByField(Copy + "." + v.Member, value, v.Type, 0);
        }

        _pieces.Add((v.Offset, v.SlotSize));
    }

    private void Pieces(int offset, int size)
    {
        int end = offset + size;
        for (; end - offset >= 8; offset += 8)
        {
            _stores.Append(Invariant($"__UP_C8({_count}, {offset}, {offset}) "));
        }

        for (; offset < end; offset++)
        {
            _stores.Append(Invariant($"__UP_C1({_count}, {offset}, {offset}) "));
        }
    }

    private string HotName(RecordVariable v) =>
        v.Decl is { } d && function.HotNames.TryGetValue(d, out string? name) ? name : v.Name;

    /// <summary>How a value goes into the asm statement as it is; null: by way of the copy.</summary>
    public static string? Constraint(CType type) => type switch
    {
        PointerType or EnumType => "rmn",
        BuiltinType { Size: 1 or 2 or 4 or 8, Spelling: not ("_Float16" or "__bf16") } => "rmn",
        _ => null,
    };

    /// <summary>So that gcc can keep a struct in registers; unions, arrays and bit-fields' records as a whole.</summary>
    private void FieldByField(string to, string from, CType type, int depth)
    {
        if (depth < 4 && type.Canonical is RecordType { Decl: { IsUnion: false } record } && IsPlain(record))
        {
            foreach (FieldDecl f in record.Fields)
            {
                FieldByField(to + "." + f.Name, from + "." + f.Name, f.Type, depth + 1);
            }

            return;
        }

        _copies.Append(to).Append(" = ").Append(from).Append("; ");
    }

    private static bool IsPlain(RecordDecl record)
    {
        foreach (FieldDecl f in record.Fields)
        {
            if (f.Name.Length == 0 || f.BitWidth >= 0 || f.Type.Canonical is ArrayType)
            {
                return false;
            }
        }

        return record.Fields.Count > 0;
    }
}
