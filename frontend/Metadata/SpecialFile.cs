using System.Runtime.InteropServices;

namespace UpStare.Frontend.Metadata;

/// <summary>Tells devices and pipes from files: an output that is one (/dev/null) is written to, never replaced. .NET does not tell.</summary>
public static unsafe class SpecialFile
{
    private const int CurrentDirectory = -100;
    private const int NoFollow = 0x100;
    private const uint WantType = 1;
    private const int ModeOffset = 28; // struct statx, stx_mode
    private const int TypeMask = 0xf000;
    private const int Regular = 0x8000;
    private const int Link = 0xa000;
    private const int Directory = 0x4000;

    /// <summary>Whether something stands there that is no file, directory or link.</summary>
    public static bool Is(string path)
    {
        byte* status = stackalloc byte[256];
        return statx(CurrentDirectory, path, NoFollow, WantType, status) == 0
            && (*(ushort*)(status + ModeOffset) & TypeMask) is not (Regular or Link or Directory);
    }

    [DllImport("libc", BestFitMapping = false)]
    private static extern int statx(int directory, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, byte* buffer);
}
