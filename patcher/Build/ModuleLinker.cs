using UpStare.Frontend.Metadata;
using UpStare.Instrument;
using UpStare.Patcher.Load;

namespace UpStare.Patcher.Build;

/// <summary>
/// Joins the modules of a program in one object, in which each reference leads to where the dynamic linker would lead it: names
/// that a library does not show to others become its own, and so do a plug-in's; where another plug-in uses one of them it was opened with RTLD_GLOBAL.
/// </summary>
internal sealed class ModuleLinker
{
    private readonly IReadOnlyList<ModuleModel> _modules;
    private readonly List<HashSet<string>> _own = [];
    private readonly List<HashSet<string>> _shown = [];
    private readonly Lazy<HashSet<string>> _others;

    /// <summary>Looks at the joined objects of each module.</summary>
    /// <param name="modules">The modules.</param>
    /// <param name="objects">Each one's code.</param>
    public ModuleLinker(IReadOnlyList<ModuleModel> modules, IReadOnlyList<string> objects)
    {
        _modules = modules;
        _others = new(() => LibraryFinder.NamesOfOthers(modules.Select(m => (m.Path, m.Elf))));
        for (int i = 0; i < modules.Count; i++)
        {
            var own = new HashSet<string>(StringComparer.Ordinal);
            foreach (UnitModel unit in modules[i].Units.Where(u => u.PlainReason is null))
            {
                own.UnionWith(unit.Plan.Variables.Where(v => !v.Decl.IsStatic && v.Function is null).Select(v => v.Symbol));
            }

            own.UnionWith(ElfFile.Read(objects[i]).Symbols().Where(s => s.Section != 0 && s.Binding != 0 && IsUsers(s.Name)).Select(s => s.Name));
            _own.Add(own);
            HashSet<string> shown = [.. modules[i].Elf.DynamicSymbols().Where(s => s is { Section: not 0, Binding: not 0 }).Select(s => s.Name)];
            _shown.Add(shown);

            // An executable's copy of a variable (R_X86_64_COPY) is not the one that such a library uses.
            if (i > 0 && modules[i].Elf.IsSymbolic && own.FirstOrDefault(n => shown.Contains(n) && _shown[0].Contains(n) && !_own[0].Contains(n)) is string twice)
            {
                throw new PatchException(PatchError.BadInput,
                    $"{twice} exists twice: {Describe(i)} was linked with -Bsymbolic and uses its own, {Describe(0)} has a copy");
            }
        }
    }

    /// <summary>The symbol in the joined object of what a module calls by a name.</summary>
    /// <exception cref="PatchException">Two modules define it, and the one's code may use the other's.</exception>
    public string Symbol(int module, string name)
    {
        int provider = Provider(module, name);
        return provider < 0 || !IsRenamed(provider, name) ? name : _modules[provider].SymbolPrefix + name;
    }

    /// <summary>objcopy's arguments that give a module's names the joined object's.</summary>
    /// <exception cref="PatchException">A name cannot be told apart.</exception>
    public List<string> Renames(int module, string path)
    {
        var arguments = new List<string>();
        foreach (string name in ElfFile.Read(path).Symbols().Where(s => s.Binding != 0 && IsUsers(s.Name)).Select(s => s.Name).Distinct(StringComparer.Ordinal))
        {
            string symbol = Symbol(module, name);
            if (symbol != name)
            {
                arguments.Add($"--redefine-sym={name}={symbol}");
            }
        }

        return arguments;
    }

    private static bool IsUsers(string name) => name.Length > 0 && !name.StartsWith("upstare_", StringComparison.Ordinal) && !name.StartsWith("__start_upstare", StringComparison.Ordinal)
        && !name.StartsWith("__stop_upstare", StringComparison.Ordinal) && name is not "_GLOBAL_OFFSET_TABLE_";

    // A library's own names get its prefix, but for those that all modules may refer to.
    private bool IsRenamed(int module, string name) => module > 0 && (_modules[module].IsPlugIn || !_shown[module].Contains(name));

    private bool IsGlobal(int module, string name) => !_modules[module].IsPlugIn && _shown[module].Contains(name);

    /// <summary>The module whose definition a module's references to a name find, -1 for none of them.</summary>
    private int Provider(int module, string name)
    {
        bool own = _own[module].Contains(name);
        if (own && !_shown[module].Contains(name))
        {
            return module;
        }

        int global = Enumerable.Range(0, _modules.Count).FirstOrDefault(i => _own[i].Contains(name) && IsGlobal(i, name), -1);
        if (own)
        {
            return global < 0 || global == module ? module : throw new PatchException(PatchError.BadInput,
                $"{name} is defined by {Describe(global)} and by {Describe(module)}: which of them each one's code uses depends on how they were linked");
        }

        global = global < 0 ? OpenPlugIn(module, name) : global;
        if (global < 0 && _own[0].Contains(name) && module > 0)
        {
            throw new PatchException(PatchError.BadInput,
                $"{Describe(module)} uses {name} of another library, and {Describe(0)} has one of its own that it does not show to others");
        }

        return global;
    }

    /// <summary>The plug-in that has shown a name to another one (RTLD_GLOBAL), which else nobody defines; -1: none.</summary>
    private int OpenPlugIn(int module, string name)
    {
        int[] open = [.. Enumerable.Range(0, _modules.Count).Where(i => i != module && _modules[i].IsPlugIn && _own[i].Contains(name) && _shown[i].Contains(name))];
        if (open.Length == 0 || _others.Value.Contains(name))
        {
            return -1;
        }

        return open.Length == 1 ? open[0] : throw new PatchException(PatchError.BadInput,
            $"{name}, which {Describe(module)} uses, is defined by {Describe(open[0])} and by {Describe(open[1])}: which of them it finds depends on the order in which they were opened");
    }

    private string Describe(int module) => Path.GetFileName(_modules[module].Path);
}
