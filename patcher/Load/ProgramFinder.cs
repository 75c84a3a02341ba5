using UpStare.Frontend.Metadata;
using UpStare.Patcher.Build;

namespace UpStare.Patcher.Load;

/// <summary>Finds the executable that a command line means.</summary>
public static class ProgramFinder
{
    /// <summary>The executable itself, or the one in a tree (built first, if there is none).</summary>
    /// <param name="path">File or directory.</param>
    /// <param name="program">Base name to look for, or null.</param>
    /// <param name="build">Shell command that builds a tree.</param>
    /// <exception cref="PatchException">None, or several.</exception>
    public static string Find(string path, string? program, string build)
    {
        if (File.Exists(path))
        {
            return path;
        }

        if (!Directory.Exists(path))
        {
            throw new PatchException(PatchError.BadInput, path + ": no such file or directory");
        }

        List<string> found = Search(path, program);
        if (found.Count == 0)
        {
            (int code, string output, string errors) = Tool.Run(["sh", "-c", build], path);
            if (code != 0)
            {
                throw new PatchException(PatchError.BadInput, $"{path}: {build}: exit code {code}\n{output}{errors}".TrimEnd());
            }

            found = Search(path, program);
        }

        return found.Count switch
        {
            1 => found[0],
            0 => throw new PatchException(PatchError.BadInput, $"{path}: no program built with upstare-cc{(program is null ? "" : " named " + program)}"),
            _ => throw new PatchException(PatchError.Usage, $"{path}: several programs, choose one with --program: {string.Join(", ", found.Select(Path.GetFileName))}"),
        };
    }

    private static List<string> Search(string directory, string? program)
    {
        var found = new List<string>();
        foreach (string file in Directory.EnumerateFiles(directory, program ?? "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }))
        {
            if (IsProgram(file))
            {
                found.Add(file);
            }
        }

        found.Sort(StringComparer.Ordinal);
        return found;
    }

    private static bool IsProgram(string file)
    {
        try
        {
            Span<byte> head = stackalloc byte[20];
            using (FileStream stream = File.OpenRead(file))
            {
                if (stream.ReadAtLeast(head, head.Length, false) < head.Length || head[0] != 0x7f || head[1] != 'E' || head[16] is not (2 or 3))
                {
                    return false;
                }
            }

            ElfFile elf = ElfFile.Read(file);
            return elf.Section(UnitMetadata.SectionName) is not null && elf.Section(".interp") is not null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return false;
        }
    }
}
