using System.Text;
using UpStare.Instrument;
using UpStare.Patcher.Build;
using UpStare.Patcher.Compare;

namespace UpStare.Patcher.Source;

/// <summary>The C text of a patch.</summary>
/// <param name="Header">patch.h: types, records, and the places for the user.</param>
/// <param name="Code">patch.c: transformers and tables.</param>
public sealed record PatchText(string Header, string Code);

/// <summary>An entry of the patch's import table.</summary>
/// <param name="Symbol">Undefined symbol.</param>
/// <param name="Key">Key by which the runtime finds it.</param>
/// <param name="OldKey">For a stub: key in the old version.</param>
/// <param name="Kind">Name of the C constant.</param>
/// <param name="Size">Bytes of a variable.</param>
/// <param name="NewKey">For a variable: key in the new version, if that is another.</param>
public sealed record Import(string Symbol, string Key, string? OldKey, string Kind, long Size, string? NewKey = null);

/// <summary>Writes patch.h and patch.c from a plan.</summary>
public static class PatchSource
{
    /// <summary>The patch's own C source.</summary>
    /// <param name="plan">What changed. Takes further findings of the conversions.</param>
    /// <param name="imports">What the code leaves undefined.</param>
    /// <param name="exports">Functions that other modules find by name.</param>
    /// <param name="forUser">The user writes code to it: patch.h declares what is new.</param>
    public static PatchText Write(PatchPlan plan, IReadOnlyList<Import> imports, IReadOnlyList<Export> exports, bool forUser = false)
    {
        var types = new StringBuilder();
        var hooks = new StringBuilder();
        var conversions = new StringBuilder();
        var frames = new StringBuilder();
        var globals = new StringBuilder();
        var old = new TypeEmitter("old_", types);
        var now = new TypeEmitter("new_", types);
        var convert = new ConversionEmitter(old, now, hooks, conversions, plan.Findings);
        var frame = new FrameEmitter(old, now, convert, types, hooks, frames);
        var global = new GlobalEmitter(old, now, convert, hooks, globals);
        foreach (VariableChange change in plan.Variables)
        {
            global.Emit(change);
        }

        Dictionary<FunctionPair, string> names = NameFunctions(plan);
        var declarations = new StringBuilder();
        var given = new GivenEmitter(plan, imports, now, declarations, frames);
        var fromCallee = new HashSet<FunctionPair>();
        foreach ((FunctionPair pair, string name) in names)
        {
            if (!pair.IsIdentity)
            {
                frame.Emit(pair, name);
                given.EmitComplete(pair, name);
                if (given.EmitFromCallee(pair, name))
                {
                    fromCallee.Add(pair);
                }
            }
        }

        bool moves = global.Moves || frame.Moves;
        var maps = new StringBuilder();
        var tables = new MapEmitter(plan, names, maps);
        foreach ((FunctionPair pair, string name) in names)
        {
            bool forward = moves && frame.EmitForward(pair.New.Plan, name);
            tables.Emit(pair, name, moves, frame.MovesIn(pair), forward, fromCallee.Contains(pair));
        }

        tables.EmitLeftOut();

        if (moves)
        {
            foreach (VariableChange change in plan.Variables)
            {
                global.EmitPointers(change);
            }
        }

        string newNames = forUser ? NewNames.Write(plan, imports, now) : "";
        string header = $$"""
            /*
             * What the transformers of this patch work on: types and frame records of both versions. Written by upstare-patch;
             * functions named user_... are for you to define in transformers.c (those you leave out are not called).
             */
            #ifndef UPSTARE_PATCH_H
            #define UPSTARE_PATCH_H

            #include <stddef.h>
            #include <stdint.h>
            #include <string.h>
            #include <upstare/abi.h>

            {{types}}/* Non-zero: the update has to wait. */
            int user_condition(struct upstare_context *ctx) __attribute__((weak, visibility("hidden")));
            /* All threads are unrolled, nothing is transformed yet: the place to convert objects on the heap (tell upstare_moved). Non-zero refuses. */
            int user_before(struct upstare_context *ctx) __attribute__((weak, visibility("hidden")));
            /* The new version is current, its threads do not run yet. */
            void user_after(struct upstare_context *ctx) __attribute__((weak, visibility("hidden")));
            {{hooks}}{{newNames}}
            #endif

            """;
        var code = new StringBuilder($$"""
            /*
             * {{CNames.Comment(plan.Old.Name)}}: {{CNames.Comment(plan.Old.BuildId)}} -> {{CNames.Comment(plan.New.BuildId)}}
             * Written by upstare-patch. Mappings of continuation points are changed in mappings.c, transformers are added in
             * transformers.c (see patch.h).
             */
            #include "patch.h"


            """);
        if (moves)
        {
            code.Append("""
                static void follow(struct upstare_context *ctx, void *object, const uint32_t *offsets, uint32_t n) __attribute__((unused));
                static void follow(struct upstare_context *ctx, void *object, const uint32_t *offsets, uint32_t n)
                {
                	for (uint32_t i = 0; object && i < n; i++) {
                		void **p = (void **)((char *)object + offsets[i]);
                		*p = upstare_forward(ctx, *p);
                	}
                }


                """);
        }

        code.Append("""
            #define POINT(record) (((const struct __up_header *)(record))->point & ~UPSTARE_AFTER)
            #define FUNCTION(record) (((const struct __up_header *)(record))->function)
            #define AT(type, record, offset) (*(type)((char *)(record) + (offset)))


            """);
        code.Append(declarations).Append(conversions).Append(globals).Append(frames).Append(maps);
        Table(code, "struct upstare_map", "maps", tables.Entries);
        Table(code, "struct upstare_global", "globals", global.Globals);
        Table(code, "struct upstare_reinit", "reinits", global.Reinits);
        Table(code, "struct upstare_pointer_map", "pointer_maps", global.PointerMaps);
        Table(code, "struct upstare_import", "imports", [.. imports.Select(ImportEntry)]);
        List<string> modules = Modules(plan);
        Table(code, "struct upstare_patch_module", "modules", modules);
        for (int i = 0; i < exports.Count; i++)
        {
            code.Append($"extern char export_{i}[] __asm__({CNames.Quote(exports[i].Symbol)}) __attribute__((visibility(\"hidden\")));\n");
        }

        Table(code, "struct upstare_patch_export", "exports", [.. exports.Select((e, i) => $"{{ .key = {CNames.Quote(e.Key)}, .body = export_{i} }}")]);
        code.Append($$"""
            /* atexit() in this code is the program's: it must not run when the patch is unloaded. */
            void *__dso_handle __attribute__((visibility("hidden"))) = NULL;

            const struct upstare_patch upstare_patch_info __attribute__((visibility("hidden"))) = {
            	.program = {{CNames.Quote(plan.Old.Name)}},
            	.old_build_id = {{CNames.Quote(plan.Old.BuildId)}},
            	.new_build_id = {{CNames.Quote(plan.New.BuildId)}},
            	.description = {{CNames.Quote(Describe(plan))}},
            	.maps = maps, .nmaps = {{tables.Entries.Count}},
            	.globals = globals, .nglobals = {{global.Globals.Count}},
            	.reinits = reinits, .nreinits = {{global.Reinits.Count}},
            	.pointer_maps = pointer_maps, .npointer_maps = {{global.PointerMaps.Count}},
            	.imports = imports, .nimports = {{imports.Count}},
            	.condition = user_condition, .before = user_before, .after = user_after,
            	.modules = modules, .nmodules = {{modules.Count}},
            	.exports = exports, .nexports = {{exports.Count}},
            };

            """);
        return new PatchText(header, code.ToString());
    }

    /// <summary>One line: how much changed.</summary>
    public static string Describe(PatchPlan plan) =>
        $"{plan.Functions.Count(p => p.IsChanged)} functions changed, {plan.Added.Count} added, {plan.Deleted.Count} deleted; "
        + $"{plan.Variables.Count(v => v.Action == VariableAction.Convert)} variables converted; {plan.Types.Count} types changed";

    /// <summary>C names of the pairs that get a map entry, and of the frames that are made.</summary>
    public static Dictionary<FunctionPair, string> NameFunctions(PatchPlan plan)
    {
        var names = new Dictionary<FunctionPair, string>();
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (FunctionPair pair in plan.Functions)
        {
            if (!pair.Old.Plan.IsTransformed || !pair.New.Plan.IsTransformed)
            {
                continue;
            }

            string name = pair.Old.Name;
            for (int i = 2; !used.Add(name); i++)
            {
                name = pair.Old.Name + "_" + i;
            }

            names[pair] = name;
            RenameHook(plan, pair, pair.Old.Name, name);
        }

        foreach (FunctionPair made in names.Keys.SelectMany(p => p.Steps).SelectMany(s => s.Made).ToList())
        {
            string name = made.New.Name;
            for (int i = 2; !used.Add(name); i++)
            {
                name = made.New.Name + "_" + i;
            }

            names[made] = name;
            RenameHook(plan, made, made.New.Name, name);
        }

        return names;
    }

    // Several functions of one name: the comparison knows only the name.
    private static void RenameHook(PatchPlan plan, FunctionPair pair, string guess, string name)
    {
        for (int i = 0; i < plan.Findings.Count && name != guess; i++)
        {
            if (plan.Findings[i].Name == pair.New.Key && plan.Findings[i].UserFunction == PatchPlan.FrameHook(guess))
            {
                plan.Findings[i] = plan.Findings[i] with { UserFunction = PatchPlan.FrameHook(name) };
            }
        }
    }

    // The libraries of both versions that the patch replaces.
    private static List<string> Modules(PatchPlan plan)
    {
        var names = plan.Old.Modules.Concat(plan.New.Modules).Select(m => m.Name).Where(n => n.Length > 0).Distinct(StringComparer.Ordinal);
        static string BuildId(ProgramModel program, string name) => program.Modules.FirstOrDefault(m => m.Name == name)?.Elf.BuildId() ?? "";
        return [.. names.Select(n => $"{{ .name = {CNames.Quote(n)}, .old_build_id = {CNames.Quote(BuildId(plan.Old, n))}, .new_build_id = {CNames.Quote(BuildId(plan.New, n))} }}")];
    }

    private static string ImportEntry(Import i) =>
        $"{{ .symbol = {CNames.Quote(i.Symbol)}, .key = {CNames.Quote(i.Key)}, .old_key = {(i.OldKey is null ? "NULL" : CNames.Quote(i.OldKey))}, .new_key = {(i.NewKey is null ? "NULL" : CNames.Quote(i.NewKey))}, .kind = {i.Kind}, .size = {i.Size} }}";

    private static void Table(StringBuilder code, string type, string name, IReadOnlyList<string> entries)
    {
        code.Append($"static const {type} {name}[] = {{\n");
        foreach (string entry in entries)
        {
            if (entry.Length > 0)
            {
                code.Append(entry.StartsWith('\t') ? entry : "\t" + entry).Append(",\n");
            }
        }

        code.Append(entries.Count == 0 || (entries.Count == 1 && entries[0].Length == 0) ? "\t{ 0 },\n};\n\n" : "};\n\n");
    }
}
