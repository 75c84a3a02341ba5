namespace UpStare.Instrument.Lowering;

/// <summary>The loads of a clone's dispatch.</summary>
internal static class RecordLoader
{
    /// <summary>Statements that take one variable out of the record <c>__up_r</c>.</summary>
    public static string Load(RecordVariable v)
    {
        if (v.Name == FunctionLowering.StackSlot)
        {
            return $"__up_l_{v.Member} = __up_r->{v.Member}; ";
        }

        if (v.Mode == RecordMode.InPlace)
        {
            return $"if (__up_r->{v.Member}) __up_p_{v.Member} = (void *)__up_r->{v.Member}; ";
        }

        return $"{FunctionLowering.PlainName(v)} = __up_r->{v.Member}; ";
    }
}
