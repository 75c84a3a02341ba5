namespace UpStare.Host.Cc;

/// <summary>Objects of sources that were not transformed.</summary>
public static class PlainUnit
{
    /// <summary>Gives a plain object what the rest of the program needs of it. Returns the object to use.</summary>
    public static string Mark(Settings settings, Workspace workspace, string plain, InputFile input, string? named, string reason)
    {
        settings.Log(input.Path + ": compiled plainly: " + reason);
        return plain;
    }
}
