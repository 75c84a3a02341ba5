using UpStare.Patcher.Build;
using UpStare.Patcher.Compare;

namespace UpStare.Patcher.Load;

/// <summary>Decides which of a program's libraries a patch brings, and says what becomes of the others.</summary>
public sealed class ModuleSelector
{
    private readonly List<LibraryFile> _old;
    private readonly List<LibraryFile> _new;

    /// <summary>Makes the choice and loads the libraries.</summary>
    /// <param name="old">The old version's libraries.</param>
    /// <param name="now">The new version's.</param>
    /// <exception cref="PatchException">A library that differs cannot be part of a patch.</exception>
    public ModuleSelector(IEnumerable<LibraryFile> old, IEnumerable<LibraryFile> now)
    {
        _old = Unique(old);
        _new = Unique(now);
        foreach (LibraryFile b in _new)
        {
            Choose(_old.Find(a => a.Name == b.Name), b);
        }

        foreach (LibraryFile a in _old.Where(a => !_new.Exists(b => b.Name == a.Name)))
        {
            Leave(a);
        }
    }

    /// <summary>Libraries of the old version whose functions and variables are mapped.</summary>
    public List<ModuleModel> Old { get; } = [];

    /// <summary>Libraries of the new version that the patch brings, in the order of their modules' numbers.</summary>
    public List<ModuleModel> New { get; } = [];

    /// <summary>What the user has to know.</summary>
    public List<Finding> Findings { get; } = [];

    /// <summary>Whether upstare-cc gave it tables, and not only instrumented code.</summary>
    private static bool HasTables(LibraryFile file) => file.Elf.Section("upstare_library") is not null;

    private List<LibraryFile> Unique(IEnumerable<LibraryFile> files)
    {
        var kept = new List<LibraryFile>();
        foreach (IGrouping<string, LibraryFile> same in files.GroupBy(f => f.Name, StringComparer.Ordinal))
        {
            if (same.Count() == 1 || !same.First().IsPlugIn)
            {
                kept.Add(same.First());
            }
            else if (!Findings.Exists(f => f.Name == same.Key))
            {
                Findings.Add(Tell(Handling.Assumed, same.Key, "there are several plug-ins of that name: a running program keeps the one that it has loaded"));
            }
        }

        return kept;
    }

    private void Choose(LibraryFile? a, LibraryFile b)
    {
        bool same = a is not null && a.Elf.BuildId() == b.Elf.BuildId();
        if (a is null && b.IsPlugIn)
        {
            Findings.Add(Tell(Handling.Automatic, b.Name, "is a new plug-in: the program loads it from its file"));
            return;
        }

        if (HasTables(b) && (a is null || HasTables(a)))
        {
            try
            {
                ModuleModel now = ProgramLoader.Library(b, New.Count + 1);
                ProgramLoader.Parse(now);
                if (a is not null)
                {
                    ModuleModel old = ProgramLoader.Library(a, Old.Count + 1);
                    ProgramLoader.Parse(old);
                    Old.Add(old);
                }
                else
                {
                    Findings.Add(Tell(Handling.Assumed, b.Name, "is new: the patch brings its code, its constructors do not run"));
                }

                New.Add(now);
                return;
            }
            catch (PatchException e) when (b.IsPlugIn || same)
            {
                Findings.Add(Tell(Handling.Assumed, b.Name, $"cannot be part of a patch ({e.Message}): an update waits until no thread is in it"));
            }
        }

        if (!same)
        {
            Findings.Add(b.IsPlugIn
                ? Tell(Handling.Assumed, b.Name, "differs: a running program keeps the file that it has loaded, and takes this one when it loads it anew")
                : Tell(Handling.NeedsUser, b.Name, (a is null ? "is new" : "differs") + ", and the patch does not bring it, since it was linked without tables: a running program keeps the library that it has loaded (--force, if the new program works with that)"));
        }
    }

    private void Leave(LibraryFile a)
    {
        if (a.IsPlugIn || !HasTables(a))
        {
            Findings.Add(Tell(Handling.Assumed, a.Name, "is gone: a running program that has loaded it keeps it as it is"));
            return;
        }

        ModuleModel old = ProgramLoader.Library(a, Old.Count + 1);
        ProgramLoader.Parse(old);
        Old.Add(old);
    }

    private static Finding Tell(Handling handling, string name, string text) => new(handling, "library", name, null, text);
}
