using UpStare.Frontend.Metadata;

namespace UpStare.Patcher.Load;

/// <summary>A shared library that is part of a program: built by upstare-cc, and linked to it or found beside it.</summary>
/// <param name="Name">What it is called in every version: file name or soname up to ".so".</param>
/// <param name="Path">The file.</param>
/// <param name="Elf">Its content.</param>
/// <param name="IsPlugIn">Nobody names it at link time: the program opens it by dlopen, or does not.</param>
public sealed record LibraryFile(string Name, string Path, ElfFile Elf, bool IsPlugIn);

/// <summary>Finds the libraries that belong to a program, among all that it uses.</summary>
public static class LibraryFinder
{
    private static readonly string[] s_system = ["/usr/local/lib", "/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib64", "/lib64", "/usr/lib", "/lib"];

    /// <summary>What a library is called in every version: "libm.so" for libm.so.6.</summary>
    public static string NameOf(ElfFile elf, string path)
    {
        string name = elf.Soname() is { Length: > 0 } own ? own : Path.GetFileName(path);
        int end = name.IndexOf(".so", StringComparison.Ordinal);
        return end < 0 ? name : name[..(end + 3)];
    }

    /// <summary>
    /// The libraries that the program names (and those that they name), in the dynamic linker's order, then the plug-ins: other
    /// libraries of upstare-cc in the tree, or beside the program where no tree was given.
    /// </summary>
    /// <param name="program">The executable's file.</param>
    /// <param name="elf">Its content.</param>
    /// <param name="given">What the command line named: the executable or the tree that it was found in.</param>
    public static List<LibraryFile> Find(string program, ElfFile elf, string given)
    {
        string tree = Directory.Exists(given) ? given : Path.GetDirectoryName(Path.GetFullPath(program))!;
        List<string> beside = Libraries(tree, recursive: Directory.Exists(given));
        var found = new List<LibraryFile>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var queue = new Queue<(string Path, ElfFile Elf)>([(program, elf)]);
        List<string> inherited = Directories(elf, program);
        while (queue.TryDequeue(out (string Path, ElfFile Elf) user))
        {
            foreach (string name in user.Elf.Needed().Where(seen.Add))
            {
                if (Resolve(name, user.Path, [.. Directories(user.Elf, user.Path), .. inherited, .. Environment()], beside) is { } path
                    && Read(path) is { } library)
                {
                    found.Add(new LibraryFile(NameOf(library, path), path, library, IsPlugIn: false));
                    queue.Enqueue((path, library));
                }
            }
        }

        foreach (string path in beside)
        {
            if (new FileInfo(path).LinkTarget is null && Read(path) is { } library && !found.Exists(f => f.Elf.BuildId() == library.BuildId()))
            {
                found.Add(new LibraryFile(NameOf(library, path), path, library, IsPlugIn: true));
            }
        }

        return found;
    }

    /// <summary>What libraries that upstare-cc has not built define, of all that the given files need.</summary>
    /// <param name="users">Executable and libraries: path and content.</param>
    public static HashSet<string> NamesOfOthers(IEnumerable<(string Path, ElfFile Elf)> users)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var queue = new Queue<(string Path, ElfFile Elf)>(users);
        while (queue.TryDequeue(out (string Path, ElfFile Elf) user))
        {
            foreach (string name in user.Elf.Needed().Where(seen.Add))
            {
                if (Resolve(name, user.Path, [.. Directories(user.Elf, user.Path), .. Environment()], []) is { } path && TryRead(path) is { } library
                    && library.Section(UnitMetadata.SectionName) is null)
                {
                    names.UnionWith(library.DynamicSymbols().Where(s => s.Section != 0).Select(s => s.Name));
                    queue.Enqueue((path, library));
                }
            }
        }

        return names;
    }

    private static List<string> Libraries(string directory, bool recursive)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = recursive, AttributesToSkip = FileAttributes.None, MatchType = MatchType.Simple, IgnoreInaccessible = true };
        return [.. Directory.EnumerateFiles(directory, "*.so", options).Concat(Directory.EnumerateFiles(directory, "*.so.*", options)).Order(StringComparer.Ordinal)];
    }

    /// <summary>Where a file has its libraries looked for (DT_RUNPATH, DT_RPATH).</summary>
    public static List<string> Directories(ElfFile elf, string path)
    {
        string origin = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return [.. elf.RunPath().SelectMany(p => p.Split(':', StringSplitOptions.RemoveEmptyEntries))
            .Select(d => d.Replace("$ORIGIN", origin, StringComparison.Ordinal).Replace("${ORIGIN}", origin, StringComparison.Ordinal))];
    }

    private static string[] Environment() =>
        (System.Environment.GetEnvironmentVariable("LD_LIBRARY_PATH") ?? "").Split([':', ';'], StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The file of a library that is named by its path; the program may have been linked in its own directory, or in this one.</summary>
    public static string? Named(string name, string user) =>
        new[] { Path.Combine(Path.GetDirectoryName(Path.GetFullPath(user))!, name), name }.FirstOrDefault(File.Exists);

    /// <summary>A file of the tree goes before one that happens to be installed; a search path goes before both.</summary>
    private static string? Resolve(string name, string user, IEnumerable<string> directories, List<string> beside)
    {
        if (name.Contains('/', StringComparison.Ordinal))
        {
            return Named(name, user);
        }

        string? inPath = directories.Select(d => Path.Combine(d, name)).FirstOrDefault(File.Exists);
        return inPath ?? beside.Find(b => Path.GetFileName(b) == name) ?? s_system.Select(d => Path.Combine(d, name)).FirstOrDefault(File.Exists);
    }

    /// <summary>The library if upstare-cc built it, else null.</summary>
    private static ElfFile? Read(string path) => TryRead(path) is { } elf && elf.Section(UnitMetadata.SectionName) is not null ? elf : null;

    private static ElfFile? TryRead(string path)
    {
        try
        {
            ElfFile elf = ElfFile.Read(path);
            return elf.IsLibrary ? elf : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return null;
        }
    }
}
