using System.Text;
using UpStare.Frontend.Model;

namespace UpStare.Instrument.Lowering;

/// <summary>The stores of a cold exit and the loads of a clone's dispatch.</summary>
internal readonly struct RecordWriter(bool clone, FunctionContext function)
{
    /// <summary>Statements that write one variable into the record <c>__up_r</c>.</summary>
    public string Save(RecordVariable v)
    {
        if (v.Name == FunctionLowering.StackSlot)
        {
            return clone ? $"__up_r->{v.Member} = __up_l_{v.Member}; " : $"__asm__ volatile(\"movq %%rsp, %0\" : \"=m\"(__up_r->{v.Member})); ";
        }

        string name = clone ? FunctionLowering.CloneName(v) : HotName(v);
        if (v.Mode == RecordMode.InPlace)
        {
            return clone ? $"__up_r->{v.Member} = (void *)__up_p_{v.Member}; " : $"__up_r->{v.Member} = (void *)&{name}; ";
        }

        var text = new StringBuilder();
        Assign(text, "__up_r->" + v.Member, name, v.Type, 0);
        return text.ToString();
    }

    /// <summary>Statements that take one variable out of the record (clones only).</summary>
    public string Load(RecordVariable v)
    {
        if (v.Name == FunctionLowering.StackSlot)
        {
            return $"__up_l_{v.Member} = __up_r->{v.Member}; ";
        }

        if (v.Mode == RecordMode.InPlace)
        {
            return $"if (__up_r->{v.Member}) __up_p_{v.Member} = (void *)__up_r->{v.Member}; ";
        }

        return $"{FunctionLowering.CloneName(v)} = __up_r->{v.Member}; ";
    }

    private string HotName(RecordVariable v) =>
        v.Decl is { } d && function.HotNames.TryGetValue(d, out string? name) ? name : v.Name;

    /// <summary>Field by field, so that gcc can keep a struct in registers; unions, arrays and bit-fields' records as a whole.</summary>
    private static void Assign(StringBuilder text, string to, string from, CType type, int depth)
    {
        if (depth < 4 && type.Canonical is RecordType { Decl: { IsUnion: false } record } && IsPlain(record))
        {
            foreach (FieldDecl f in record.Fields)
            {
                Assign(text, to + "." + f.Name, from + "." + f.Name, f.Type, depth + 1);
            }

            return;
        }

        text.Append(to).Append(" = ").Append(from).Append("; ");
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
