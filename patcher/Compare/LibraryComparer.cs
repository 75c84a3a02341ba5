using UpStare.Patcher.Load;

namespace UpStare.Patcher.Compare;

/// <summary>Tells what of a new version the patch does not bring: libraries.</summary>
public static class LibraryComparer
{
    /// <summary>One finding for each library of the program that differs between the versions.</summary>
    public static List<Finding> Compare(IReadOnlyList<LibraryFile> old, IReadOnlyList<LibraryFile> now)
    {
        var findings = new List<Finding>();
        foreach (LibraryFile b in now)
        {
            LibraryFile? a = old.FirstOrDefault(l => l.Name == b.Name);
            if (a is not null && a.Elf.BuildId() == b.Elf.BuildId())
            {
                continue;
            }

            string what = a is null ? "is new" : "differs";
            findings.Add(b.IsPlugIn
                ? new Finding(Handling.Assumed, "library", b.Name, null, what + ": a running program keeps the file that it has loaded, and takes this one when it loads it anew")
                : new Finding(Handling.NeedsUser, "library", b.Name, null, what + ", and the patch does not bring it: a running program keeps the library that it has loaded (--force, if the new program works with that)"));
        }

        return findings;
    }
}
