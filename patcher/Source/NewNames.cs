using System.Text;
using System.Text.RegularExpressions;
using UpStare.Frontend.Model;
using UpStare.Instrument;
using UpStare.Patcher.Compare;

namespace UpStare.Patcher.Source;

/// <summary>
/// Declares, for the user's code, what the new version adds or changes: variables with storage in the patch, functions, and also
/// kept variables of simple types, as new_NAME. Their symbols are mangled where they are static.
/// </summary>
public static partial class NewNames
{
    /// <summary>C declarations; types that they need go to the emitter.</summary>
    /// <param name="plan">The comparison.</param>
    /// <param name="imports">What the patch's code leaves undefined: the stubs of static functions are among it.</param>
    /// <param name="types">Emitter of the new version's types.</param>
    public static string Write(PatchPlan plan, IReadOnlyList<Import> imports, TypeEmitter types)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var text = new StringBuilder();
        foreach (VariableChange change in plan.Variables)
        {
            if (change.New is VariableEntry v && change.Action is VariableAction.Define or VariableAction.Convert && v.Plan.Kind != VariableKind.ThreadLocal)
            {
                Define(v.Plan.Decl.Type, types);
                string function = v.Plan.Function is string f ? f[(f.LastIndexOf(':') + 1)..] + "_" : "";
                Declare(text, v.Key, v.Plan.Place, types.Declare(v.Plan.Decl.Type, Unique(names, function + v.Name, v.Unit)), v.Symbol, "visibility(\"hidden\")");
            }
        }

        // Kept ones where their types need no definitions: of others there is upstare_old_variable().
        foreach (VariableChange change in plan.Variables)
        {
            if (change.New is VariableEntry v && change.Action == VariableAction.Keep && v.Plan.Function is null
                && (TypeComparer.IsArithmetic(v.Plan.Decl.Type) || v.Plan.Decl.Type.Canonical is PointerType)
                && imports.Any(i => i.Symbol == v.Symbol && i.Kind == "UPSTARE_IMPORT_VARIABLE"))
            {
                Declare(text, v.Key, v.Plan.Place, types.Declare(v.Plan.Decl.Type, Unique(names, v.Name, v.Unit)), v.Symbol, "weak");
            }
        }

        foreach (FunctionEntry f in plan.Added.Concat(plan.Functions.Where(p => p.IsChanged).Select(p => p.New)))
        {
            FunctionDecl decl = f.Plan.Decl;
            string stub = "upstare_f_" + f.Plan.Mangled;
            bool hasStub = imports.Any(i => i.Symbol == stub);
            if (f.Name != "main" && !decl.IsKAndR && (hasStub || !decl.IsStatic) && Prototype(f, types, names) is string prototype)
            {
                Declare(text, f.Key, f.Plan.Place, prototype, hasStub ? stub : decl.AsmName ?? f.Name, hasStub ? "weak" : "visibility(\"hidden\")");
            }
        }

        if (text.Length == 0)
        {
            return "";
        }

        var tags = new SortedSet<string>(Tag().Matches(text.ToString()).Select(m => m.Value), StringComparer.Ordinal);
        return "/* What is new or has another type, for user_before, user_after and the frames' functions: */\n"
            + string.Concat(tags.Select(t => t + ";\n")) + text;
    }

    [GeneratedRegex(@"\b(struct|union) new_\w+")]
    private static partial Regex Tag();

    private static void Declare(StringBuilder text, string key, SourcePlace place, string declarator, string symbol, string attribute) =>
        text.Append($"extern {declarator} __asm__({CNames.Quote(symbol)}) __attribute__(({attribute})); /* {CNames.Comment(key)}, {CNames.Comment(place.ToString())} */\n");

    // What a variable points to is there to be made.
    private static void Define(CType type, TypeEmitter types)
    {
        if (type.Canonical is PointerType { Pointee: CType pointee } && pointee.Canonical is RecordType { Decl: { IsComplete: true } record })
        {
            types.Record(record, (pointee as TypedefType)?.Decl.Name);
        }
    }

    // By the name, then with its unit's, then numbered.
    private static string Unique(HashSet<string> names, string name, UnitModel unit)
    {
        string result = "new_" + CNames.Identifier(name);
        for (int i = 1; !names.Add(result); i++)
        {
            result = "new_" + CNames.Identifier((i == 1 ? unit.Id : unit.Id + "_" + i) + "_" + name);
        }

        return result;
    }

    private static string? Prototype(FunctionEntry f, TypeEmitter types, HashSet<string> names)
    {
        FunctionType type = f.Plan.Decl.Type;
        if (type.Return.Canonical is UnknownType || type.Parameters.Any(p => p.Canonical is UnknownType))
        {
            return null;
        }

        var parameters = type.Parameters.Select((p, i) => types.Declare(p, i < f.Plan.Decl.Parameters.Count ? f.Plan.Decl.Parameters[i].Name : "")).ToList();
        if (type.IsVariadic)
        {
            parameters.Add("...");
        }

        return types.Declare(type.Return, Unique(names, f.Name, f.Unit) + "(" + (parameters.Count == 0 ? "void" : string.Join(", ", parameters)) + ")");
    }
}
