using System.Reflection;
using System.Runtime.InteropServices;

namespace UpStare.Frontend.Interop;

/// <summary>Finds libclang: version 19 first (the one the parser is tested with), then others from 16 on.</summary>
internal static partial class ClangLibrary
{
    private static nint _handle;

    internal static void Register()
    {
        NativeLibrary.SetDllImportResolver(typeof(ClangLibrary).Assembly, Resolve);

        // libclang would parse on a thread of its own with 8 MB of stack; ours has more. It reads the C environment, which
        // .NET's SetEnvironmentVariable does not touch (so child processes do not see this either).
        _ = setenv("LIBCLANG_NOTHREADS", "1", 1);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != "libclang")
        {
            return 0;
        }

        if (_handle == 0)
        {
            _handle = Find();
        }

        return _handle;
    }

    private static nint Find()
    {
        if (Environment.GetEnvironmentVariable("UPSTARE_LIBCLANG") is { Length: > 0 } chosen)
        {
            return NativeLibrary.Load(chosen);
        }

        ReadOnlySpan<int> versions = [19, 20, 21, 22, 18, 17, 16];
        foreach (int version in versions)
        {
            if (NativeLibrary.TryLoad($"libclang-{version}.so.1", out nint handle)
                || NativeLibrary.TryLoad($"/usr/lib/llvm-{version}/lib/libclang.so.1", out handle)
                || NativeLibrary.TryLoad($"/usr/lib/llvm-{version}/lib/libclang-{version}.so.1", out handle)
                || NativeLibrary.TryLoad($"libclang.so.{version}", out handle))
            {
                return handle;
            }
        }

        throw new DllNotFoundException("libclang 16 or later is needed (Debian: apt-get install libclang1-19); UPSTARE_LIBCLANG can name the file");
    }
}
