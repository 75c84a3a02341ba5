using UpStare.Host.Posix;

namespace UpStare.Host.Cc;

/// <summary>Links: the user's command line with the runtime added.</summary>
public sealed class Linker(Settings settings, Invocation invocation, Workspace workspace)
{
    /// <summary>Links the user's inputs, compiled sources replaced by their objects.</summary>
    /// <param name="objects">Object for an input's position, for those that were compiled.</param>
    /// <returns>gcc's exit code.</returns>
    public int Link(Dictionary<int, string> objects)
    {
        string target = invocation.Output ?? "a.out";
        bool direct = File.Exists(target) && (File.GetAttributes(target) & FileAttributes.Device) != 0;
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

        AddRuntime(args);
        args.AddRange(["-o", output]);
        int code = Child.Run(args);
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
        AddRuntime(args);
        return Child.Run(args);
    }

    private void AddRuntime(List<string> args)
    {
        if (invocation.IsRelocatable)
        {
            return;
        }

        // Without libc or with a static one the runtime cannot load patches; shared objects belong to no version.
        if (invocation.IsShared || invocation.IsStatic || invocation.LacksLibraries)
        {
            if (invocation.IsShared)
            {
                args.Add("-Wl,-T," + Runtime("shared.ld"));
            }

            args.Add(Runtime("inert.o"));
            args.Add(Runtime("libinert.a"));
            return;
        }

        if (!invocation.HasBuildId)
        {
            args.Add("-Wl,--build-id");
        }

        args.Add("-Wl,--export-dynamic-symbol=upstare_*");
        args.Add(Runtime("upstare.o"));
        args.Add(Runtime("libupstare.a"));
    }

    private string Runtime(string name) => Path.Combine(settings.RuntimeDirectory, name);
}
