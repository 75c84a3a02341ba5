namespace UpStare.Patcher;

/// <summary>Why a patch cannot be made; the values are upstare-patch's exit codes.</summary>
public enum PatchError
{
    Usage = 1,

    /// <summary>Something has to be settled by the user.</summary>
    NeedsUser = 2,

    /// <summary>An input cannot be read, is not updateable, or does not build.</summary>
    BadInput = 3,
}

/// <summary>Ends the making of a patch with an exit code.</summary>
public sealed class PatchException : Exception
{
    public PatchException(PatchError error, string message)
        : base(message)
    {
        Error = error;
    }

    public PatchError Error { get; }
}
