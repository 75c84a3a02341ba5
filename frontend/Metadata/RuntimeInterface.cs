namespace UpStare.Frontend.Metadata;

/// <summary>The binary interface between generated code and the runtime (native-runtime/include/upstare/abi.h).</summary>
public static class RuntimeInterface
{
    /// <summary>
    /// UPSTARE_ABI_VERSION; RunTests.TheRuntimeIsToldWhatToDo fails where the two differ. Raised where the tables change, and where generated code
    /// of one version would take something else for granted of the program's data than that of another.
    /// </summary>
    public const uint Version = 7;
}
