using System.Text;
using UpStare.Frontend.Model;
using UpStare.Instrument;
using UpStare.Patcher.Compare;

namespace UpStare.Patcher.Source;

/// <summary>Writes how a frame gets from those beside it on the stack what its old frame does not have.</summary>
public sealed class GivenEmitter
{
    private readonly PatchPlan _plan;
    private readonly IReadOnlyList<Import> _imports;
    private readonly TypeEmitter _types;
    private readonly StringBuilder _declarations;
    private readonly StringBuilder _code;
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);
    private readonly HashSet<string> _descriptors = new(StringComparer.Ordinal);

    /// <param name="plan">The comparison.</param>
    /// <param name="imports">What the new version's code leaves undefined.</param>
    /// <param name="types">Emitter of the new version's types.</param>
    /// <param name="declarations">Takes declarations of what the code names.</param>
    /// <param name="code">Takes the functions.</param>
    public GivenEmitter(PatchPlan plan, IReadOnlyList<Import> imports, TypeEmitter types, StringBuilder declarations, StringBuilder code)
    {
        _plan = plan;
        _imports = imports;
        _types = types;
        _declarations = declarations;
        _code = code;
    }

    /// <summary>Writes <c>from_callee_NAME</c>; false where nothing comes from there.</summary>
    public bool EmitFromCallee(FunctionPair pair, string name)
    {
        List<GivenParameter> given = pair.Given.FindAll(g => g.Source is not null);
        if (given.Count == 0)
        {
            return false;
        }

        _code.Append($"static int from_callee_{name}(struct upstare_context *ctx, void *record, const void *callee)\n{{\n\t(void)ctx;\n");
        foreach (GivenParameter g in given)
        {
            _code.Append($"\tif (POINT(record) == {g.Points[0]} && FUNCTION(callee) == &{Descriptor(g.Other)})\n"
                + $"\t\t{Slot("record", g.Parameter)} = {(TypeComparer.IsArithmetic(g.Parameter.Type) ? "" : "(void *)")}{Slot("callee", g.Source!)}; /* {CNames.Comment(g.Parameter.Name)}: {CNames.Comment(g.Other.Name)}'s {CNames.Comment(g.Source!.Name)} */\n");
        }

        _code.Append("\treturn 0;\n}\n\n");
        return true;
    }

    /// <summary>Writes <c>complete_NAME</c>: arguments of the calling frame, and the user's function.</summary>
    public void EmitComplete(FunctionPair pair, string name)
    {
        string hook = PatchPlan.FrameHook(name);
        _code.Append($"static int complete_{name}(struct upstare_context *ctx, const void *old, void *record, const void *caller, const void *callee)\n{{\n\t(void)ctx, (void)callee;\n");
        foreach (IGrouping<FunctionEntry, GivenParameter> from in pair.Given.Where(g => g.Argument is not null).GroupBy(g => g.Other))
        {
            var body = new StringBuilder();
            foreach (GivenParameter g in from)
            {
                ContinuationPoint at = from.Key.Plan.Points[g.OtherPoint];
                TranslationUnit unit = from.Key.Unit.Plan.Unit;
                if (ArgumentText.Of(unit, g.Argument!, d => Name(from.Key, at, d)) is not string text)
                {
                    continue; // its name is not among the patch's imports
                }

                string points = string.Join(" || ", g.Points.Select(p => $"POINT(record) == {p}"));
                body.Append($"\t\tif (POINT(caller) == {g.OtherPoint} && ({points}))\n"
                    + $"\t\t\t{Target(g.Parameter)} = {(g.Parameter.Type.Canonical is PointerType ? "(void *)" : "")}{text}; /* {CNames.Comment(g.Parameter.Name)}: {CNames.Comment(SourceTokens.Normalise(unit, g.Argument!))} */\n");
            }

            _code.Append($"\tif (caller && FUNCTION(caller) == &{Descriptor(from.Key)}) {{\n{body}\t}}\n");
        }

        _code.Append($"\treturn {hook} ? {hook}(old, record, ctx) : 0;\n}}\n\n");
    }

    private string Descriptor(FunctionEntry f)
    {
        if (_descriptors.Add(f.Plan.Descriptor))
        {
            _declarations.Append($"extern const struct upstare_function {f.Plan.Descriptor} __attribute__((visibility(\"hidden\")));\n");
        }

        return f.Plan.Descriptor;
    }

    private string Slot(string record, RecordVariable v) => $"AT({_types.Declare(v.Type, "*")}, {record}, {v.Offset})";

    private string Target(RecordVariable v) => v.Mode == RecordMode.ByValue ? Slot("record", v) : $"*AT({_types.Declare(v.Type, "**")}, record, {v.Offset})";

    private NameText? Name(FunctionEntry f, ContinuationPoint at, Decl decl)
    {
        switch (decl)
        {
            case FunctionDecl g:
                return _plan.New.FindFunction(f.Unit, g.Name) is string key && "upstare_f_" + _plan.New.Functions[key].Plan.Mangled is string stub
                    && _imports.Any(i => i.Symbol == stub) ? new NameText(null, $"((void *){Symbol("char", stub, "weak")})") : null;
            case VarDecl { HasStaticLifetime: true } v when ArgumentFlow.Static(_plan.New, f.Unit, v) is VariableEntry entry:
                bool isImport = _imports.Any(i => i.Symbol == entry.Symbol && i.Kind == "UPSTARE_IMPORT_VARIABLE");
                bool isOwn = _plan.Variables.Any(c => c.New == entry && c.Action == VariableAction.Define);
                return isImport || isOwn ? new NameText(Variable(entry, isImport ? "weak" : "visibility(\"hidden\")"), null) : null;
            default:
                return ArgumentFlow.Local(f.Plan, at, decl) is not RecordVariable r ? null
                    : r.Mode == RecordMode.ByValue ? new NameText(Slot("caller", r), null)
                    : new NameText(null, ArgumentText.IsScalar(r.Type) ? $"AT({_types.Declare(r.Type, "**")}, caller, {r.Offset})" : $"AT(void **, caller, {r.Offset})");
        }
    }

    private string Symbol(string type, string symbol, string attribute)
    {
        if (!_names.TryGetValue(symbol, out string? name))
        {
            _names[symbol] = name = "named_" + _names.Count;
            _declarations.Append($"extern {type} {name}[] __asm__({CNames.Quote(symbol)}) __attribute__(({attribute}));\n");
        }

        return name;
    }

    private string Variable(VariableEntry entry, string attribute)
    {
        if (!_names.TryGetValue(entry.Symbol, out string? name))
        {
            _names[entry.Symbol] = name = "named_" + _names.Count;
            _declarations.Append($"extern {_types.Declare(entry.Plan.Decl.Type, name)} __asm__({CNames.Quote(entry.Symbol)}) __attribute__(({attribute})); /* {CNames.Comment(entry.Key)} */\n");
        }

        return name;
    }
}
