using UpStare.Frontend.Metadata;
using UpStare.Host.Posix;

namespace UpStare.Host.Cc;

/// <summary>Objects of sources that were not transformed.</summary>
public static class PlainUnit
{
    /// <summary>
    /// Puts the reason and what a patch needs to compile the unit again into a plain object. Returns the object to use: the
    /// plain one where it cannot be marked.
    /// </summary>
    public static string Mark(TransformJob job, string plain, string reason)
    {
        job.Settings.Log(job.Input.Path + ": compiled plainly: " + reason);
        string units = job.Workspace.Fresh("units");
        byte[] text = File.Exists(job.TextFile) ? File.ReadAllBytes(job.TextFile) : [];
        File.WriteAllBytes(units, job.Metadata(text, reason).Encode());
        string marked = job.Workspace.Fresh(CommandLines.BaseName(plain));
        string[] args = ["objcopy", "--add-section", UnitMetadata.SectionName + "=" + units, plain, marked];
        return Child.Wait(Child.Spawn(args, "/dev/null", "/dev/null")) == 0 ? marked : plain;
    }
}
