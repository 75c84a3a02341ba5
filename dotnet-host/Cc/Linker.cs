using UpStare.Frontend.Metadata;
using UpStare.Host.Posix;

namespace UpStare.Host.Cc;

/// <summary>What of the runtime goes into a link.</summary>
internal enum RuntimeKind
{
    /// <summary>Nothing: a merged object.</summary>
    None,

    /// <summary>Checks that never rise: what is made is not updated.</summary>
    Inert,

    /// <summary>A shared library's: tables, and the way to the runtime of the program that loads it.</summary>
    Library,

    /// <summary>All of it.</summary>
    Full,
}

/// <summary>Links: the user's command line with the runtime added.</summary>
public sealed class Linker(Settings settings, Invocation invocation, Workspace workspace)
{
    // The command line that made the result, with the runtime; empty where it has none.
    private List<string> _done = [];

    /// <summary>Links the user's inputs, compiled sources replaced by their objects.</summary>
    /// <param name="objects">Object for an input's position, for those that were compiled.</param>
    /// <returns>gcc's exit code.</returns>
    public int Link(Dictionary<int, string> objects)
    {
        string target = invocation.Output ?? "a.out";
        bool direct = !Workspace.CanDeliver(target) || SpecialFile.Is(target);
        string output = direct ? target : workspace.Beside(target);
        List<string> args = [.. settings.Compiler];
        string? language = null;
        for (int i = 0; i < invocation.Options.Count; i++)
        {
            Option option = invocation.Options[i];
            if (option.Kind == OptionKind.Input)
            {
                InputFile input = invocation.Inputs.Find(f => f.Position == i)!;
                string? wanted = objects.ContainsKey(i) ? null : input.Language;
                if (wanted != language)
                {
                    args.Add("-x");
                    args.Add(wanted ?? "none");
                    language = wanted;
                }

                args.Add(objects.TryGetValue(i, out string? replaced) ? replaced : option.Word);
            }
            else if (option.Kind is not (OptionKind.Mode or OptionKind.Dependency) || objects.Count == 0 && option.Kind == OptionKind.Dependency)
            {
                args.Add(option.Word);
                if (option.Argument is not null)
                {
                    args.Add(option.Argument);
                }
            }
        }

        if (language is not null)
        {
            args.AddRange(["-x", "none"]);
        }

        args.AddRange(["-o", output]);
        int code = invocation.CollectsSections ? LinkCollecting(args) : Kind() == RuntimeKind.Library ? LinkLibrary(args) : LinkProgram(args);
        if (code == 0 && !direct && Kind() is (RuntimeKind.Library or RuntimeKind.Full))
        {
            LinkExports(output);
        }

        if (!direct && File.Exists(output))
        {
            workspace.Replace(output, target);
        }

        return code;
    }

    /// <summary>
    /// A command line that the real compiler gets as the user wrote it (-v, sources from standard input), with the runtime for
    /// objects among the inputs.
    /// </summary>
    public int LinkAsWritten(string[] userArgs)
    {
        List<string> args = [.. settings.Compiler, .. userArgs];
        args.AddRange(["-x", "none"]);
        return Child.Run(_done = WithRuntime(args, Kind() == RuntimeKind.Library ? RuntimeKind.Inert : Kind()));
    }

    private int LinkProgram(List<string> args)
    {
        string errors = workspace.Fresh("errors");
        int code = TryLink(args, errors);
        Show(errors);
        return code;
    }

    /// <summary>
    /// A link whose messages are kept. gcc's crt1.o asks for main before any archive is looked through, the runtime for the program's after all of
    /// them: where an archive has it the link is made again with somebody who asks first.
    /// </summary>
    private int TryLink(List<string> args, string errors)
    {
        args.AddRange(invocation.Colours);
        int code = Child.Run(_done = WithRuntime(args, Kind()), stderr: errors);
        if (code != 0 && File.ReadAllText(errors).Contains("upstare_main", StringComparison.Ordinal))
        {
            args.Insert(settings.Compiler.Count, "-Wl,-u,upstare_main");
            code = Child.Run(_done = WithRuntime(args, Kind()), stderr: errors);
        }

        return code;
    }

    /// <summary>
    /// A shared library. Objects that were not made for one (without -fPIC) may do for a plain library, but not for one with
    /// tables, which refer to what another module may define: such a library is linked without them.
    /// </summary>
    private int LinkLibrary(List<string> args)
    {
        string errors = workspace.Fresh("errors");
        args.AddRange(invocation.Colours);
        int code = Child.Run(_done = WithRuntime(args, RuntimeKind.Library), stderr: errors);
        if (code != 0)
        {
            _done = [];
            return Child.Run(WithRuntime(args, RuntimeKind.Inert));
        }

        Show(errors);
        return code;
    }

    /// <summary>
    /// Where the result offers functions to other modules by their names, links it again with a stub for each, and lets the
    /// names lead to the stubs: they find the newest code then. Without such functions there is nothing to do.
    /// </summary>
    private void LinkExports(string output)
    {
        List<string> names = _done.Count == 0 ? [] : ExportStubs.Names(ElfFile.Read(output));
        if (names.Count == 0)
        {
            return;
        }

        string source = workspace.Fresh("exports.s");
        string made = workspace.Fresh("exports.o");
        string first = workspace.Fresh("first");
        File.WriteAllText(source, ExportStubs.Source(names));
        File.Copy(output, first, true);
        if (Child.Run([.. settings.Compiler, "-c", source, "-o", made]) != 0
            || Child.Run([.. _done, made], "/dev/null", "/dev/null") != 0 || !ExportStubs.Redirect(output))
        {
            settings.Log(output + ": its functions have no stubs: what finds them by name stays with their first version");
            File.Copy(first, output, true);
        }
    }

    /// <summary>
    /// A link with --gc-sections. The tables of a program hold on to all of its functions, also to dead ones that mention
    /// what nobody defines. Where the link succeeds without tables, such names are mentioned in dead code only: they get a
    /// definition that is never reached.
    /// </summary>
    private int LinkCollecting(List<string> args)
    {
        string errors = workspace.Fresh("errors");
        int code = TryLink(args, errors);
        if (code != 0 && Kind() == RuntimeKind.Library)
        {
            _done = [];
            return Child.Run(WithRuntime(args, RuntimeKind.Inert));
        }

        if (code != 0 && Kind() == RuntimeKind.Full && Child.Run(WithRuntime(args, RuntimeKind.Inert), "/dev/null", "/dev/null") == 0)
        {
            string plain = workspace.Fresh("errors");
            Child.Run(["env", "LC_ALL=C", .. _done], "/dev/null", plain);
            return Child.Run(_done = [.. _done, Unreachable(UndefinedNames(plain))]);
        }

        Show(errors);
        return code;
    }

    private static void Show(string errors)
    {
        using FileStream said = File.OpenRead(errors);
        using Stream output = Console.OpenStandardError();
        said.CopyTo(output);
    }

    private static SortedSet<string> UndefinedNames(string errors)
    {
        const string Mark = "undefined reference to `";
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string line in File.ReadLines(errors))
        {
            int at = line.IndexOf(Mark, StringComparison.Ordinal);
            int end = line.LastIndexOf('\'');
            if (at >= 0 && end > at + Mark.Length)
            {
                names.Add(line[(at + Mark.Length)..end]);
            }
        }

        return names;
    }

    private string Unreachable(IEnumerable<string> names)
    {
        string source = workspace.Fresh("unreachable.s");
        string made = workspace.Fresh("unreachable.o");
        IEnumerable<string> lines = names.Select(n => $"\t.globl\t\"{n}\"\n\t.hidden\t\"{n}\"\n\"{n}\":\n");
        File.WriteAllText(source, string.Concat(lines) + "\tud2\n\t.section .note.GNU-stack,\"\",@progbits\n");
        Child.Run([.. settings.Compiler, "-c", source, "-o", made]);
        return made;
    }

    /// <summary>Without libc or with a static one the runtime cannot load patches.</summary>
    private RuntimeKind Kind() => invocation.IsRelocatable ? RuntimeKind.None
        : invocation.IsStatic || invocation.LacksLibraries ? RuntimeKind.Inert : invocation.IsShared ? RuntimeKind.Library : RuntimeKind.Full;

    private List<string> WithRuntime(List<string> args, RuntimeKind kind)
    {
        List<string> result = [.. args];
        if (kind == RuntimeKind.Inert)
        {
            if (invocation.IsShared)
            {
                result.Add("-Wl,-T," + Runtime("shared.ld"));
            }

            result.Add(Runtime("inert.o"));
            result.Add(Runtime("libinert.a"));
        }
        else if (kind == RuntimeKind.Library)
        {
            if (!invocation.HasBuildId)
            {
                result.Add("-Wl,--build-id");
            }

            // Tables of objects that were not made for libraries would need relocations in read-only pages.
            result.Add("-Wl,-z,text");
            result.Add(Runtime("library.o"));
            result.Add(Runtime("liblibrary.a"));
        }
        else if (kind == RuntimeKind.Full)
        {
            if (!invocation.HasBuildId)
            {
                result.Add("-Wl,--build-id");
            }

            result.AddRange(invocation.UsesGold
                ? ["-Wl,--dynamic-list=" + ExportList()]
                : ["-Wl,--export-dynamic-symbol=upstare_*", "-Wl,--export-dynamic-symbol=__*register_frame"]);
            if (!invocation.HasOwnLayout)
            {
                result.Add("-Wl,-T," + Runtime("program.ld"));
            }

            // First: what each child writes to comes before the program's variables.
            result.Insert(settings.Compiler.Count, Runtime("upstare.o"));
            if (!args.Exists(word => word.Contains("unresolved-symbols", StringComparison.Ordinal)))
            {
                // Else each child would look up the names that its parent has not called, and write to pages for it; and an update would
                // have to wait for threads that do so, with the dynamic linker's lock. Before the user's own options, which may say otherwise.
                result.Insert(settings.Compiler.Count, "-Wl,-z,now");
            }

            result.Add(Runtime("libupstare.a"));
        }

        return result;
    }

    /// <summary>The runtime's interface, name by name: gold knows neither --export-dynamic-symbol nor patterns for a part of the names.</summary>
    private string ExportList()
    {
        IEnumerable<string> names = ElfFile.Read(Runtime("upstare.o")).Symbols()
            .Where(s => s is { Section: not 0, Binding: not 0, Visibility: 0 } && IsInterface(s.Name))
            .Select(s => s.Name + ";");
        string list = workspace.Fresh("exports");
        File.WriteAllText(list, "{\n" + string.Join('\n', names) + "\n};\n");
        return list;
    }

    // Libraries register unwind tables of code that they make with the executable's pair of functions (native-runtime/src/unwind.c).
    private static bool IsInterface(string name) =>
        name.StartsWith("upstare_", StringComparison.Ordinal) || name is "__register_frame" or "__deregister_frame";

    private string Runtime(string name) => Path.Combine(settings.RuntimeDirectory, name);
}
