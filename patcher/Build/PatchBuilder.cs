using UpStare.Frontend.Metadata;
using UpStare.Instrument;
using UpStare.Patcher.Compare;
using UpStare.Patcher.Load;
using UpStare.Patcher.Source;

namespace UpStare.Patcher.Build;

/// <summary>The new version's code as one relocatable object, and what it leaves for the runtime to bind.</summary>
/// <param name="Path">The object.</param>
/// <param name="Imports">Entries of the import table.</param>
/// <param name="Exports">Functions that other modules find by their names.</param>
public sealed record PatchCode(string Path, IReadOnlyList<Import> Imports, IReadOnlyList<Export> Exports);

/// <summary>A function that other modules find by its name.</summary>
/// <param name="Key">What it is to the runtime.</param>
/// <param name="Name">The name.</param>
/// <param name="Symbol">Its symbol in the patch's code.</param>
public sealed record Export(string Key, string Name, string Symbol);

/// <summary>What a unit is compiled from.</summary>
/// <param name="Hot">The code that runs.</param>
/// <param name="Resume">Its resume clones, or nothing.</param>
public sealed record UnitTexts(byte[] Hot, byte[] Resume);

/// <summary>Compiles the new version as a patch and links it.</summary>
public sealed class PatchBuilder
{
    private static readonly string[] s_constructors = [".init_array", ".fini_array", ".preinit_array", ".ctors", ".dtors"];

    private readonly string _directory;
    private readonly IReadOnlyList<string> _compiler;

    /// <summary>Creates a builder.</summary>
    /// <param name="directory">Temporary directory of the caller.</param>
    /// <param name="compiler">The real compiler and its leading options.</param>
    public PatchBuilder(string directory, IReadOnlyList<string> compiler)
    {
        _directory = directory;
        _compiler = compiler;
        Include = Path.Combine(directory, "include");
        Directory.CreateDirectory(Path.Combine(Include, "upstare"));
        foreach (string name in new[] { "upstare/abi.h", "upstare/prelude.h", "upstare/tables.h" })
        {
            File.WriteAllText(Path.Combine(Include, name), Resource(name));
        }
    }

    /// <summary>Directory that has upstare/abi.h.</summary>
    public string Include { get; }

    /// <summary>Compiles all units of the new version and joins them with the patch's module description.</summary>
    /// <param name="plan">The comparison.</param>
    /// <param name="transform">Makes the texts of a unit in patch mode.</param>
    /// <exception cref="RejectedException">A unit does not compile.</exception>
    public PatchCode BuildCode(PatchPlan plan, Func<UnitModel, UnitTexts> transform)
    {
        IReadOnlyList<UnitModel> units = plan.New.Units;
        string[][] objects = new string[units.Count][];
        Workers.For(units.Count, i => objects[i] = Compile(units[i], transform(units[i]), i));
        string module = Path.Combine(_directory, "module.o");
        string moduleSource = Path.Combine(_directory, "module.c");
        File.WriteAllText(moduleSource, Resource("module.c"));
        Tool.Need([.. _compiler, "-O2", "-fPIC", "-w", "-std=gnu17", "-I", Include, "-c", moduleSource, "-o", module], "module.c");
        string code = Path.Combine(_directory, "code.o");
        List<Export> exports = Join(plan.New, objects, module, code);
        var editor = new ObjectEditor(code);
        List<Import> imports = FindImports(plan, editor);
        editor.Save();
        DropConstructors(code, editor.File);
        return new PatchCode(code, imports, exports);
    }

    /// <summary>Joins the modules' objects in one, and tells what others find in it by name.</summary>
    private List<Export> Join(ProgramModel program, string[][] objects, string moduleTables, string code)
    {
        var joined = new List<string>();
        int unit = 0;
        foreach (ModuleModel m in program.Modules)
        {
            joined.Add(Path.Combine(_directory, $"module{joined.Count}.o"));
            Tool.Need(["ld", "-r", "-o", joined[^1], .. objects.Skip(unit).Take(m.Units.Count).SelectMany(o => o)], "ld -r");
            unit += m.Units.Count;
        }

        var linker = new ModuleLinker(program.Modules, joined);
        var exports = new List<Export>();
        for (int i = 0; i < joined.Count; i++)
        {
            var defined = ElfFile.Read(joined[i]).Symbols().Where(s => s.Section != 0 && s.IsFunction).Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
            ModuleModel m = program.Modules[i];
            exports.AddRange(m.Offered().Where(defined.Contains).Select(name => new Export(m.KeyPrefix + name, name, linker.Symbol(i, name))));
            if (linker.Renames(i, joined[i]) is { Count: > 0 } renames)
            {
                Tool.Need(["objcopy", .. renames, joined[i]], "objcopy");
            }

            foreach (VariableEntry v in program.Variables.Values.Where(v => v.Unit.Module == m && !v.Plan.Decl.IsStatic && v.Plan.Function is null))
            {
                v.Symbol = linker.Symbol(i, v.Plan.Symbol);
            }
        }

        Tool.Need(["ld", "-r", "-o", code, .. joined, moduleTables], "ld -r");
        return exports;
    }

    /// <summary>Compiles the patch's own source, and the user's.</summary>
    /// <param name="text">Generated source.</param>
    /// <param name="userDirectory">Where transformers.c and other .c files of the user are, or null.</param>
    /// <param name="editedCode">patch.c as the user edited it, or null.</param>
    /// <returns>Objects, and the functions that the user's define.</returns>
    public (List<string> Objects, HashSet<string> UserFunctions) BuildSource(PatchText text, string? userDirectory, string? editedCode)
    {
        string directory = Path.Combine(_directory, "source");
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "patch.h"), text.Header);
        File.WriteAllText(Path.Combine(directory, "patch.c"), editedCode ?? text.Code);
        var objects = new List<string>();
        var defined = new HashSet<string>(StringComparer.Ordinal);
        List<string> sources = [Path.Combine(directory, "patch.c")];
        string? transformers = userDirectory is null ? null : Path.Combine(userDirectory, "transformers.c");
        if (transformers is not null && File.Exists(transformers))
        {
            // A patch.h beside it may be of another run: the fresh one counts.
            string copy = Path.Combine(directory, "transformers.c");
            File.WriteAllText(copy, "#line 1 " + CNames.Quote(transformers) + "\n" + File.ReadAllText(transformers));
            sources.Add(copy);
        }

        foreach (string source in sources)
        {
            string output = Path.ChangeExtension(source, ".o");
            bool own = source.EndsWith("patch.c", StringComparison.Ordinal) && editedCode is null;
            Tool.Need(
                [.. _compiler, "-O1", "-g", "-fPIC", "-std=gnu17", own ? "-w" : "-Wall", "-I", directory, "-I", Include, .. UserInclude(userDirectory), "-c", source, "-o", output],
                "the patch's source does not compile", own ? PatchError.BadInput : PatchError.Usage);
            objects.Add(output);
            foreach (ElfSymbol s in ElfFile.Read(output).Symbols())
            {
                if (s.Section != 0 && s.Binding != 0 && s.Name.StartsWith("user_", StringComparison.Ordinal))
                {
                    defined.Add(s.Name);
                }
            }
        }

        return (objects, defined);
    }

    /// <summary>Links the patch.</summary>
    /// <param name="code">The new version's code.</param>
    /// <param name="objects">The patch's own objects.</param>
    /// <param name="modules">What the patch brings, for the libraries that it needs.</param>
    /// <param name="output">The file to make (renamed into place when it is whole).</param>
    /// <exception cref="PatchException">Something is undefined that nobody will define.</exception>
    public void Link(PatchCode code, IReadOnlyList<string> objects, IReadOnlyList<ModuleModel> modules, string output)
    {
        string script = Path.Combine(_directory, "exports");
        File.WriteAllText(script, "{ global: upstare_module; " + BodyNames.Pattern + "; local: *; };\n");
        string names = Path.Combine(_directory, "names.o");
        var bodies = new BodyNames(code.Exports);
        File.WriteAllText(Path.ChangeExtension(names, ".s"), bodies.Source());
        Tool.Need([.. _compiler, "-c", Path.ChangeExtension(names, ".s"), "-o", names], "names.s");
        string made = Path.Combine(_directory, "patch.so");
        List<string> command =
        [
            .. _compiler, "-shared", "-nostartfiles", "-o", made, code.Path, .. objects, names, "-Wl,-Bsymbolic", "-Wl,-z,now", "-Wl,-z,defs",
            "-Wl,-z,noexecstack", "-Wl,--hash-style=both", "-Wl,--warn-unresolved-symbols", "-Wl,--build-id", "-Wl,--no-as-needed", "-Wl,--version-script=" + script,
        ];
        foreach (string directory in modules.SelectMany(m => LibraryFinder.Directories(m.Elf, m.Path)).Distinct(StringComparer.Ordinal))
        {
            command.Add("-L" + directory);
            command.Add("-Wl,-rpath," + directory);
        }

        // Where the dynamic linker looks for them too.
        foreach (string directory in (Environment.GetEnvironmentVariable("LD_LIBRARY_PATH") ?? "").Split([':', ';'], StringSplitOptions.RemoveEmptyEntries))
        {
            command.Add("-L" + directory);
        }

        var own = modules.Skip(1).SelectMany(m => new[] { m.Elf.Soname(), Path.GetFileName(m.Path) }).ToHashSet(StringComparer.Ordinal);
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach ((ModuleModel module, string library) in modules.SelectMany(m => m.Elf.Needed().Select(n => (m, n))))
        {
            if (library.StartsWith("ld-linux", StringComparison.Ordinal) || own.Contains(Path.GetFileName(library)))
            {
                continue;
            }

            if (!library.Contains('/', StringComparison.Ordinal))
            {
                command.Add(library.Contains('/', StringComparison.Ordinal) ? library : "-l:" + library);    // without a soname it is needed by its path
            }
            else if (LibraryFinder.Named(library, module.Path) is string path)
            {
                // Linked by its path it would be loaded anew: the patch finds what the program has.
                found.UnionWith(ElfFile.Read(path).DynamicSymbols().Where(s => s.Section != 0).Select(s => s.Name));
            }
        }

        // Ends .eh_frame: a process that cannot dlopen registers it by hand (native-runtime/src/loader.c).
        command.Add(Tool.Run([.. _compiler, "-print-file-name=crtendS.o"]).Output.Trim());
        HashSet<string> runtime = WeakenRuntime(code.Path);
        SortedSet<string> missing = Missing(Tool.Need(command, "the patch does not link"));
        missing.ExceptWith(found);
        if (missing.Count > 0 && WeakenUnreached(code.Path, missing, modules))
        {
            missing = Missing(Tool.Need(command, "the patch does not link"));
            missing.ExceptWith(found);
        }

        if (missing.Count > 0)
        {
            throw new PatchException(PatchError.BadInput, "defined in an object that was not built by upstare-cc: " + string.Join(", ", missing));
        }

        StrengthenRuntime(made, runtime);
        bodies.Tell(made);
        string beside = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(output))!, $".{Path.GetFileName(output)}.{Environment.ProcessId}");
        try
        {
            if (SpecialFile.Is(output))
            {
                using FileStream from = File.OpenRead(made);
                using var to = new FileStream(output, FileMode.Open, FileAccess.Write);
                from.CopyTo(to);
                return;
            }

            File.Copy(made, beside, true);
            File.Move(beside, output, true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            File.Delete(beside);
            throw new PatchException(PatchError.BadInput, output + ": " + e.Message);
        }
    }

    /// <summary>
    /// What the runtime offers is undefined here. The linker would warn of each reference, with its line in the source, and large programs have
    /// hundreds of thousands of them; of weak names it does not warn.
    /// </summary>
    private static HashSet<string> WeakenRuntime(string code)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var editor = new ObjectEditor(code);
        for (int i = 0; i < editor.Symbols.Count; i++)
        {
            if (editor.Symbols[i] is { Section: 0, Binding: 1 } symbol && symbol.Name.StartsWith("upstare_", StringComparison.Ordinal))
            {
                editor.Weaken(i);
                names.Add(symbol.Name);
            }
        }

        editor.Save();
        return names;
    }

    /// <summary>A runtime that lacks a name is to refuse the patch, not to call nothing.</summary>
    private static void StrengthenRuntime(string patch, HashSet<string> names)
    {
        var editor = new ObjectEditor(patch, isLibrary: true);
        for (int i = 0; i < editor.Symbols.Count; i++)
        {
            if (editor.Symbols[i] is { Section: 0, Binding: 2 } symbol && names.Contains(symbol.Name))
            {
                editor.Strengthen(i);
            }
        }

        editor.Save();
    }

    /// <summary>What the linker found nowhere, and the runtime will not bind.</summary>
    private static SortedSet<string> Missing(string said)
    {
        const string Complaint = "undefined reference to `";
        var missing = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string line in said.Split('\n'))
        {
            int at = line.IndexOf(Complaint, StringComparison.Ordinal);
            if (at >= 0)
            {
                string name = line[(at + Complaint.Length)..].TrimEnd('\'', '\r');
                if (!name.StartsWith("upstare_", StringComparison.Ordinal))
                {
                    missing.Add(name);
                }
            }
        }

        return missing;
    }

    /// <summary>
    /// What the new program was linked without is never called there: gcc has found out that no way leads to the call, and does
    /// not always find out in a patch, whose variables stand elsewhere. Whether there was such a name.
    /// </summary>
    private static bool WeakenUnreached(string code, SortedSet<string> missing, IReadOnlyList<ModuleModel> modules)
    {
        if (modules.Any(m => m.Elf.Section(".symtab") is null))
        {
            return false;
        }

        var unreached = new HashSet<string>(missing, StringComparer.Ordinal);
        unreached.ExceptWith(modules.SelectMany(m => m.Elf.Symbols()).Select(s => s.Name));
        var editor = new ObjectEditor(code);
        for (int i = 0; i < editor.Symbols.Count; i++)
        {
            if (editor.Symbols[i].Section == 0 && unreached.Contains(editor.Symbols[i].Name))
            {
                editor.Weaken(i);
            }
        }

        editor.Save();
        return unreached.Count > 0;
    }

    private static IEnumerable<string> UserInclude(string? directory) => directory is null ? [] : ["-I", directory];

    private static string Resource(string name)
    {
        using Stream stream = typeof(PatchBuilder).Assembly.GetManifestResourceStream(name)
            ?? throw new PatchException(PatchError.BadInput, "this tool was built without " + name);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private string[] Compile(UnitModel unit, UnitTexts result, int number)
    {
        var objects = new List<string>();
        foreach ((string part, byte[] text) in new[] { ("hot", result.Hot), ("clone", result.Resume) })
        {
            if (text.Length == 0)
            {
                continue;
            }

            string source = Path.Combine(_directory, $"{number}.{part}.c");
            string output = Path.Combine(_directory, $"{number}.{part}.o");
            File.WriteAllBytes(source, Visibility.Open(text));
            // -flto would leave nothing for ld -r to join; the other options are those of upstare-cc (dotnet-host/Cc).
            (int code, _, string errors) = Tool.Run(
                [.. _compiler, .. unit.Flags, "-fPIC", "-fvisibility=hidden", "-fno-lto", "-ftls-model=initial-exec", "-w", .. CompilerFlags.Required(unit.Flags), "-c", "-x", "c", source, "-o", output]);
            if (code != 0)
            {
                throw new RejectedException(unit, Rejections.Find(unit.Plan, errors), unit.Id + ": the new version does not compile as a patch:\n" + errors.TrimEnd());
            }

            objects.Add(output);
        }

        return [.. objects];
    }

    private static List<Import> FindImports(PatchPlan plan, ObjectEditor elf)
    {
        var variables = new Dictionary<string, VariableChange>(StringComparer.Ordinal);
        foreach (VariableChange v in plan.Variables)
        {
            if (v.Action == VariableAction.Keep && v.New is not null && v.Old is not null)
            {
                variables[v.New.Symbol] = v;
            }
        }

        var stubs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (StubPlan s in plan.New.Units.SelectMany(u => u.Plan.Stubs))
        {
            stubs.TryAdd("upstare_f_" + s.Mangled, s.Key);
        }

        foreach (FunctionPlan f in plan.New.Units.SelectMany(u => u.Plan.Functions))
        {
            stubs.TryAdd("upstare_f_" + f.Mangled, f.Key);
        }

        var imports = new List<Import>();
        for (int i = 0; i < elf.Symbols.Count; i++)
        {
            ElfSymbol symbol = elf.Symbols[i];
            if (symbol.Section != 0 || symbol.Name.Length == 0)
            {
                continue;
            }

            if (variables.Remove(symbol.Name, out VariableChange? v))
            {
                imports.Add(ImportOf(v));
            }
            else if (stubs.TryGetValue(symbol.Name, out string? key))
            {
                string? old = plan.OldFunctionKey(key) ?? (plan.Old.Stubs.ContainsKey(key) ? key : null);
                imports.Add(new Import(symbol.Name, key, old, "UPSTARE_IMPORT_STUB", 0));
            }
            else
            {
                continue;
            }

            elf.Weaken(i);
        }

        // Those with another name that this version's code does not use: the next one's may, and knows them by that name.
        imports.AddRange(variables.Values.Where(v => v.New!.Key != v.Old!.Key).OrderBy(v => v.New!.Symbol, StringComparer.Ordinal).Select(ImportOf));
        return imports;
    }

    private static Import ImportOf(VariableChange kept)
    {
        (VariableEntry old, VariableEntry now) = (kept.Old!, kept.New!);
        bool tls = now.Plan.Kind == VariableKind.ThreadLocal;
        return new Import(now.Symbol, old.Key, null, tls ? "UPSTARE_IMPORT_TLS" : "UPSTARE_IMPORT_VARIABLE", now.Plan.Decl.Type.Size, now.Key == old.Key ? null : now.Key);
    }

    // Constructors of a patch do not run: the program has been started long ago.
    private static void DropConstructors(string code, ElfFile elf)
    {
        List<string> command = ["objcopy"];
        foreach (string section in elf.Sections.Select(s => s.Name))
        {
            if (Array.Exists(s_constructors, c => section == c || section.StartsWith(c + ".", StringComparison.Ordinal)))
            {
                command.Add("-R");
                command.Add(section);
            }
        }

        if (command.Count > 1)
        {
            Tool.Need([.. command, code], "objcopy");
        }
    }
}
