using System.Globalization;
using System.Text;
using UpStare.Instrument.Lowering;

namespace UpStare.Instrument.Emission;

/// <summary>Writes stubs, slots and the tables of abi.h as top-level asm, at the end of the hot text.</summary>
internal sealed class TableWriter(UnitPlan plan, UnitContext context, StringBuilder text)
{
    private readonly StringBuilder _strings = new();
    private readonly Dictionary<string, string> _labels = [];
    private readonly StringBuilder _asm = new();

    private bool IsPatch => plan.Options.Mode == InstrumentMode.Patch;

    /// <summary>Appends everything.</summary>
    public void Write()
    {
        Stubs();
        Functions();
        Pinned();
        Variables();
        if (plan.Options.UnitsFile is { } file)
        {
            Line(".pushsection .upstare.units,\"\",@progbits");
            Line(".incbin " + Quoted(file));
            Line(".popsection");
        }

        if (_strings.Length > 0)
        {
            Line(".pushsection .upstare.rodata,\"a\",@progbits");
            _asm.Append(_strings);
            Line(".popsection");
        }

        if (_asm.Length > 0)
        {
            text.Append("__asm__(");
            foreach (string line in _asm.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                text.Append('"').Append(line.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal))
                    .Append("\\n\"\n");
            }

            text.Append(");\n");
        }
    }

    private void Line(string line) => _asm.Append(line).Append('\n');

    private static string N(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Quoted(string s)
    {
        var quoted = new StringBuilder("\"");
        foreach (byte b in Encoding.UTF8.GetBytes(s))
        {
            if (b is (byte)'"' or (byte)'\\')
            {
                quoted.Append('\\').Append((char)b);
            }
            else if (b is < 32 or >= 127)
            {
                quoted.Append('\\').Append(Convert.ToString(b, 8).PadLeft(3, '0'));
            }
            else
            {
                quoted.Append((char)b);
            }
        }

        return quoted.Append('"').ToString();
    }

    private string String(string? s)
    {
        if (s is null)
        {
            return "0";
        }

        if (!_labels.TryGetValue(s, out string? label))
        {
            label = ".Lup_str" + N(_labels.Count);
            _labels[s] = label;
            _strings.Append(label).Append(": .string ").Append(Quoted(s)).Append('\n');
        }

        return label + "-.";
    }

    private void Stubs()
    {
        // A section for each slot: --gc-sections drops those of functions that nobody takes.
        string prefix = IsPatch ? "upstare_o_" : "upstare_f_";
        foreach (StubPlan s in plan.Stubs)
        {
            string weak = IsPatch && !s.Decl.IsStatic ? "weak, " : IsPatch ? "" : "weak, ";
            text.Append(CultureInfo.InvariantCulture,
                $"__typeof__({s.Decl.Name}) *upstare_s_{s.Mangled} __attribute__(({weak}visibility(\"hidden\"), section(\".data.rel.upstare.{s.Mangled}\"))) = {s.Decl.Name};\n");
            string stub = prefix + s.Mangled;
            Line($".pushsection .text.upstare.stubs.{s.Mangled},\"ax\",@progbits");
            Line(".p2align 4");
            Line($".weak {stub}");
            Line($".hidden {stub}");
            Line($".type {stub}, @function");
            Line($"{stub}: endbr64");
            Line($"jmp *upstare_s_{s.Mangled}(%rip)");
            Line($".size {stub}, .-{stub}");
            Line(".popsection");
            Line(".pushsection upstare_stubs,\"a\",@progbits");
            Line($".long {String(s.Key)}, {stub}-., upstare_s_{s.Mangled}-.");
            Line(".popsection");
        }
    }

    // UPSTARE_FUNCTION_SETJMP: each site has a variable that keeps its buffer's address.
    private static bool CallsSetJmp(FunctionPlan f) => f.Variables.Any(v => v.Name.StartsWith(FunctionLowering.JumpBuffer, StringComparison.Ordinal));

    private void Functions()
    {
        foreach (FunctionPlan f in plan.Functions)
        {
            if (f.IsTransformed)
            {
                string points = ".Lup_pt_" + f.Mangled;
                Points(f, points);
                Line(".pushsection upstare_functions,\"a\",@progbits");
                Line(".p2align 2");
                Line(".globl " + f.Descriptor);
                Line(".hidden " + f.Descriptor);
                Line($"{f.Descriptor}: .long {String(f.Key)}, {String(f.Decl.Name)}, {String(f.Place.File)}, {N(f.Place.Line)}");
                Line($".long {(plan.Options.HasClones ? f.Clone + "-." : "0")}, {N(f.LayoutHash)}, {N(f.RecordSize)}, {N(f.Points.Count)}, {points}-., {(CallsSetJmp(f) ? "2" : "0")}");
                Line(".popsection");
            }
        }
    }

    private void Points(FunctionPlan f, string label)
    {
        var lists = new Dictionary<string, string>();
        var info = new StringBuilder(label + ":\n");
        Line(".pushsection .upstare.rodata,\"a\",@progbits");
        Line(".p2align 2");
        foreach (ContinuationPoint p in f.Points)
        {
            var list = new StringBuilder();
            int count = 0;
            foreach (int index in p.InScope)
            {
                RecordVariable v = f.Variables[index];
                if (v.Mode == RecordMode.InPlace)
                {
                    // Of a variable-length array only the place is known.
                    long size = v.Name == FunctionLowering.StackSlot ? 0 : Math.Max(0, v.Type.Canonical.Size);
                    list.Append(CultureInfo.InvariantCulture, $".long {v.Offset}, {size}\n");
                    count++;
                }
            }

            string rel = "0";
            if (count > 0)
            {
                string key = list.ToString();
                if (!lists.TryGetValue(key, out string? name))
                {
                    name = label + "_i" + N(lists.Count);
                    lists[key] = name;
                    _asm.Append(name).Append(":\n").Append(key);
                }

                rel = name + "-.";
            }

            info.Append(CultureInfo.InvariantCulture, $".long {p.Place.Line}, {String(p.Callee)}, {(int)p.Kind}, {rel}, {count}\n");
        }

        _asm.Append(info);
        Line(".popsection");
    }

    private void Pinned()
    {
        foreach (FunctionPlan f in plan.Functions)
        {
            if (f.PinnedReason is null || f.Decl.Has("always_inline") || f.Decl.IsInline)
            {
                continue;
            }

            string reason = f.PinnedPlace is { } p ? f.PinnedReason + " at " + p : f.PinnedReason;
            text.Append(CultureInfo.InvariantCulture,
                $"static __typeof__({f.Decl.Name}) *const __up_pin_{f.Decl.Name} __attribute__((used, section(\".data.rel.ro.upstare_pins\"))) = {f.Decl.Name};\n");
            string symbol = f.Decl.AsmName ?? (f.Decl.Name == "main" ? "upstare_main" : f.Decl.Name);
            if (plan.Options.IsShareable && !f.Decl.IsStatic)
            {
                // By its own name it may be another module's.
                Line($".set .Lup_pin_{f.Decl.Name}, {symbol}");
                symbol = ".Lup_pin_" + f.Decl.Name;
            }

            Line(".pushsection upstare_pinned_functions,\"a\",@progbits");
            Line($".long {symbol}-., {String(f.Decl.Name)}, {String(f.Place.File)}, {N(f.Place.Line)}, {String(reason)}");
            Line(".popsection");
        }
    }

    private void Variables()
    {
        foreach (VariablePlan v in plan.Variables)
        {
            if (v.Kind == VariableKind.Private || (v.Function is not null && !context.Promoted.ContainsKey(v.Decl.Entity)))
            {
                continue;
            }

            if (v.Function is not null && UnitEdits.IsImported(context, v))
            {
                continue;
            }

            if (UnitEdits.IsImported(context, v))
            {
                continue;
            }

            bool tls = v.Kind == VariableKind.ThreadLocal;
            long size = Math.Max(0, v.Decl.Type.Canonical.Size);
            Line($".pushsection {(tls ? "upstare_tls_variables" : "upstare_variables")},\"{(IsPatch && !tls ? "aw" : "a")}\",@progbits");
            Line($".long {String(v.Key)}, {N(size)}");
            Line(tls ? $".quad {v.Symbol}@dtpoff" : IsPatch ? $".quad {v.Symbol}"
                : plan.Options.IsShareable && !v.Decl.IsStatic && v.Function is null ? $".long {v.Symbol}@GOTPCREL, 1" : $".quad {v.Symbol}-.");
            Line(".popsection");
        }
    }
}
