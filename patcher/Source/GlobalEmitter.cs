using System.Text;
using UpStare.Frontend.Model;
using UpStare.Instrument;
using UpStare.Patcher.Compare;

namespace UpStare.Patcher.Source;

/// <summary>Writes transformers and tables of variables of static lifetime.</summary>
public sealed class GlobalEmitter
{
    private readonly TypeEmitter _old;
    private readonly TypeEmitter _new;
    private readonly ConversionEmitter _convert;
    private readonly StringBuilder _hooks;
    private readonly StringBuilder _code;
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    public GlobalEmitter(TypeEmitter old, TypeEmitter now, ConversionEmitter convert, StringBuilder hooks, StringBuilder code)
    {
        _old = old;
        _new = now;
        _convert = convert;
        _hooks = hooks;
        _code = code;
    }

    /// <summary>Entries of the globals table.</summary>
    public List<string> Globals { get; } = [];

    /// <summary>Entries of the reinit table.</summary>
    public List<string> Reinits { get; } = [];

    /// <summary>Entries of the table of pointers.</summary>
    public List<string> PointerMaps { get; } = [];

    /// <summary>Whether a variable that had a place has another one now.</summary>
    public bool Moves { get; private set; }

    /// <summary>Writes what a variable needs.</summary>
    public void Emit(VariableChange change)
    {
        if (change.New is null || change.New.Plan.Kind == VariableKind.ThreadLocal)
        {
            return;
        }

        switch (change.Action)
        {
            case VariableAction.Define:
                Define(change, null);
                break;
            case VariableAction.Convert:
                Moves = true;
                Define(change, Transformer(change));
                break;
            case VariableAction.Keep when change.Reinit is not null:
                Reinit(change);
                break;
        }
    }

    /// <summary>Lists the pointers of a variable, which have to follow what moved.</summary>
    public void EmitPointers(VariableChange change)
    {
        if (change.New is not VariableEntry v || v.Plan.Kind == VariableKind.ThreadLocal || TypeComparer.IsConst(v.Plan.Decl.Type))
        {
            return;
        }

        CType element = v.Plan.Decl.Type.Canonical;
        long count = 1;
        while (element is ArrayType { Bound: ArrayBound.Constant } a)
        {
            count *= a.Count;
            element = a.Element.Canonical;
        }

        List<int> offsets = count > 0 && element.Size > 0 ? TypeComparer.PointerOffsets(element) : [];
        if (offsets.Count == 0)
        {
            return;
        }

        PointerMaps.Add($"{{ .key = {CNames.Quote(v.Key)}, .offsets = (const uint32_t[]){{ {string.Join(", ", offsets)} }}, .noffsets = {offsets.Count}, .stride = {element.Size}, .count = {count} }}");
    }

    private string Unique(string name)
    {
        string id = CNames.Identifier(name);
        string result = id;
        for (int i = 2; !_names.Add(result); i++)
        {
            result = id + "_" + i;
        }

        return result;
    }

    private void Define(VariableChange change, string? transformer)
    {
        VariableEntry v = change.New!;
        string symbol = $"storage_{Globals.Count}";
        _code.Append($"extern char {symbol}[] __asm__({CNames.Quote(v.Symbol)}) __attribute__((visibility(\"hidden\")));\n\n");
        string old = change.Old is VariableEntry o && transformer is not null ? CNames.Quote(o.Key) : "NULL";
        long oldSize = transformer is not null ? change.Old!.Plan.Decl.Type.Size : 0;
        Globals.Add($"{{ .old_key = {old}, .new_key = {CNames.Quote(v.Key)}, .address = {symbol}, .size = {Math.Max(0, v.Plan.Decl.Type.Size)}, .old_size = {Math.Max(0, oldSize)}, .transform = {transformer ?? "NULL"} }}");
    }

    private string Transformer(VariableChange change)
    {
        VariablePlan old = change.Old!.Plan;
        VariablePlan now = change.New!.Plan;
        string name = Unique(change.New.Name);
        string hook = "user_global_" + name;
        string a = _old.Declare(old.Decl.Type, "v");
        string b = _new.Declare(now.Decl.Type, "v");
        _hooks.Append($"/* {CNames.Comment(change.New.Key)}: after what could be copied was copied; non-zero: the update is refused. */\n");
        _hooks.Append($"int {hook}(const void *old_storage, void *new_storage, struct upstare_context *ctx) __attribute__((weak, visibility(\"hidden\")));\n");
        string body = _convert.Convert("o->v", "n->v", old.Decl.Type, now.Decl.Type, $"variable {change.New.Key}", hook, "\t");
        _code.Append($$"""
            /* {{CNames.Comment(change.Old.Key)}}, {{CNames.Comment(now.Place.ToString())}} */
            static int global_{{name}}(struct upstare_context *ctx, const void *old_storage, void *new_storage)
            {
            	const struct { {{a}}; } *o = old_storage;
            	struct { {{b}}; } *n = new_storage;

            {{body}}{{_convert.Moved("old_storage", "new_storage", old.Decl.Type, now.Decl.Type, "\t")}}	return {{hook}} ? {{hook}}(o, n, ctx) : 0;
            }


            """);
        return "global_" + name;
    }

    private void Reinit(VariableChange change)
    {
        VariableEntry v = change.New!;
        (string old, string now) = change.Reinit!.Value;
        string name = Unique(v.Name);
        CType type = v.Plan.Decl.Type;
        string value = change.ReinitKind switch
        {
            ReinitKind.CharArray => $$"""
                	static const {{_new.Declare(type, "was")}} = {{old}};
                	static const {{_new.Declare(type, "becomes")}} = {{now}};

                	if (memcmp(current, was, sizeof(was)))
                		return 0;
                	memcpy(out, becomes, sizeof(becomes));
                	return 1;

                """,
            ReinitKind.StringPointer => $$"""
                	const char *was = {{old}};
                	const char *is = *(const char *const *)current;

                	if (is == NULL || was == NULL ? is != was : !upstare_is_literal(is) || strcmp(is, was))
                		return 0;
                	*(const char **)out = {{now}};
                	return 1;

                """,
            _ => $$"""
                	const {{_new.Declare(type, "was")}} = {{old}};
                	{{_new.Declare(type, "becomes")}} = {{now}};

                	if (memcmp(current, &was, sizeof(was)))
                		return 0;
                	memcpy(out, &becomes, sizeof(becomes));
                	return 1;

                """,
        };
        _code.Append($"/* {CNames.Comment(v.Key)}: the initialiser {CNames.Comment(old)} became {CNames.Comment(now)} */\nstatic int reinit_{name}(struct upstare_context *ctx, const void *current, void *out)\n{{\n\t(void)ctx;\n{value}}}\n\n");
        Reinits.Add($"{{ .key = {CNames.Quote(change.Old!.Key)}, .size = {type.Size}, .value = reinit_{name} }}");
    }
}
