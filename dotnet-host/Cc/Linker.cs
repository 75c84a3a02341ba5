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

    /// <summary>All of it.</summary>
    Full,
}

/// <summary>Links: the user's command line with the runtime added.</summary>
public sealed class Linker(Settings settings, Invocation invocation, Workspace workspace)
{
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
        int code = invocation.CollectsSections ? LinkCollecting(args) : Child.Run(WithRuntime(args, Kind()));
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
        return Child.Run(WithRuntime(args, Kind()));
    }

    /// <summary>
    /// A link with --gc-sections. The tables of a program hold on to all of its functions, also to dead ones that mention
    /// what nobody defines. Where the link succeeds without tables, such names are mentioned in dead code only: they get a
    /// definition that is never reached.
    /// </summary>
    private int LinkCollecting(List<string> args)
    {
        string errors = workspace.Fresh("errors");
        List<string> link = WithRuntime(args, Kind());
        int code = Child.Run(link, stderr: errors);
        if (code != 0 && Kind() == RuntimeKind.Full && Child.Run(WithRuntime(args, RuntimeKind.Inert), "/dev/null", "/dev/null") == 0)
        {
            string plain = workspace.Fresh("errors");
            Child.Run(["env", "LC_ALL=C", .. link], "/dev/null", plain);
            return Child.Run([.. link, Unreachable(UndefinedNames(plain))]);
        }

        using FileStream said = File.OpenRead(errors);
        using Stream output = Console.OpenStandardError();
        said.CopyTo(output);
        return code;
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

    /// <summary>Without libc or with a static one the runtime cannot load patches; shared objects belong to no version.</summary>
    private RuntimeKind Kind() => invocation.IsRelocatable ? RuntimeKind.None
        : invocation.IsShared || invocation.IsStatic || invocation.LacksLibraries ? RuntimeKind.Inert : RuntimeKind.Full;

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
        else if (kind == RuntimeKind.Full)
        {
            if (!invocation.HasBuildId)
            {
                result.Add("-Wl,--build-id");
            }

            result.Add(invocation.UsesGold ? "-Wl,--dynamic-list=" + ExportList() : "-Wl,--export-dynamic-symbol=upstare_*");
            result.Add(Runtime("upstare.o"));
            result.Add(Runtime("libupstare.a"));
        }

        return result;
    }

    /// <summary>The runtime's interface, name by name: gold knows neither --export-dynamic-symbol nor patterns for a part of the names.</summary>
    private string ExportList()
    {
        IEnumerable<string> names = ElfFile.Read(Runtime("upstare.o")).Symbols()
            .Where(s => s is { Section: not 0, Binding: not 0, Visibility: 0 } && s.Name.StartsWith("upstare_", StringComparison.Ordinal))
            .Select(s => s.Name + ";");
        string list = workspace.Fresh("exports");
        File.WriteAllText(list, "{\n" + string.Join('\n', names) + "\n};\n");
        return list;
    }

    private string Runtime(string name) => Path.Combine(settings.RuntimeDirectory, name);
}
