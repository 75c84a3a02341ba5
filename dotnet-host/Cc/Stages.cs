namespace UpStare.Host.Cc;

/// <summary>The texts that one source goes through.</summary>
public sealed class Stages
{
    public required byte[] Preprocessed { get; init; }

    public required byte[] HotText { get; init; }

    /// <summary>Empty where there is nothing to resume.</summary>
    public required byte[] CloneText { get; init; }

    /// <summary>Parses, plans and transforms. Null, with the reason, where the file has to stay plain.</summary>
    public static Stages? Make(
        Settings settings, Invocation invocation, Workspace workspace, InputFile input, string? named, string text, ref string? reason)
    {
        reason = "no transformation in this build";
        return null;
    }

    /// <summary>The text of a stage by its name in --dump.</summary>
    public byte[] Get(string stage) => stage switch
    {
        "preprocessed" => Preprocessed,
        "hot" => HotText,
        "clone" => CloneText,
        _ => [],
    };

    /// <summary>Copies the texts to the directory that UPSTARE_KEEP names.</summary>
    public void Keep(Settings settings, string name)
    {
        if (settings.KeepDirectory is null)
        {
            return;
        }

        string stem = Path.Combine(settings.KeepDirectory, CommandLines.WithSuffix(name, ""));
        Directory.CreateDirectory(settings.KeepDirectory);
        File.WriteAllBytes(stem + ".i", Preprocessed);
        File.WriteAllBytes(stem + ".hot.c", HotText);
        File.WriteAllBytes(stem + ".clone.c", CloneText);
    }
}
