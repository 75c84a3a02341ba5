using System.Reflection;
using System.Runtime.InteropServices;

namespace UpStare.Frontend.Interop;

/// <summary>Finds libclang: version 19 first (the one the parser is tested with), then others from 16 on.</summary>
internal static class ClangLibrary
{
    private static nint _handle;

    internal static void Register() => NativeLibrary.SetDllImportResolver(typeof(ClangLibrary).Assembly, Resolve);

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
