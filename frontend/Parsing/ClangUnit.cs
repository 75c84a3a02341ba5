using System.Runtime.InteropServices;
using System.Text;
using UpStare.Frontend.Interop;

namespace UpStare.Frontend.Parsing;

/// <summary>An error that clang found: an offset into the text (-1 where it has none) and the message.</summary>
internal readonly record struct ClangError(int Offset, string Message);

/// <summary>Owns one libclang translation unit.</summary>
internal sealed unsafe class ClangUnit : IDisposable
{
    private const uint IncludeAttributedTypes = 0; // attributed types are seen through; asking for them only adds sugar

    private readonly void* _index;
    private readonly void* _unit;

    public ClangUnit(byte[] text, ParseOptions options)
    {
        _index = clang.createIndex(0, 0);
        clang.toggleCrashRecovery(0); // after createIndex, which turns it on; its handlers fight with the runtime's
        List<string> arguments = Arguments(options);
        byte** argv = (byte**)NativeMemory.Alloc((nuint)(arguments.Count * sizeof(byte*)));
        for (int i = 0; i < arguments.Count; i++)
        {
            argv[i] = (byte*)Marshal.StringToCoTaskMemUTF8(arguments[i]);
        }

        void* unit = null;
        int error;
        fixed (byte* name = "/upstare.c\0"u8)
        fixed (byte* contents = text.Length == 0 ? "\0"u8 : text)
        {
            var file = new CXUnsavedFile { Filename = name, Contents = contents, Length = (nuint)text.Length };
            error = clang.parseTranslationUnit2(_index, name, argv, arguments.Count, &file, 1, IncludeAttributedTypes, &unit);
        }

        for (int i = 0; i < arguments.Count; i++)
        {
            Marshal.FreeCoTaskMem((nint)argv[i]);
        }

        NativeMemory.Free(argv);
        if (error != 0 || unit == null)
        {
            clang.disposeIndex(_index);
            throw new ParseException($"libclang gave error {error}");
        }

        _unit = unit;
    }

    public CXCursor Root => clang.getTranslationUnitCursor(_unit);

    /// <summary>Errors and fatal errors.</summary>
    public List<ClangError> Errors()
    {
        var errors = new List<ClangError>();
        uint count = clang.getNumDiagnostics(_unit);
        for (uint i = 0; i < count; i++)
        {
            void* diagnostic = clang.getDiagnostic(_unit, i);
            if (clang.getDiagnosticSeverity(diagnostic) >= 3)
            {
                void* file;
                uint offset;
                clang.getFileLocation(clang.getDiagnosticLocation(diagnostic), &file, null, null, &offset);
                errors.Add(new ClangError(file == null ? -1 : (int)offset, clang.Take(clang.getDiagnosticSpelling(diagnostic))));
            }

            clang.disposeDiagnostic(diagnostic);
        }

        return errors;
    }

    /// <summary>Functions of gcc's headers (xmmintrin.h and its like) that clang has built in, and lets nobody define.</summary>
    private static readonly string[] s_intrinsics =
    [
        "_mm_prefetch", "_mm_getcsr", "_mm_setcsr", "_mm_sfence", "_mm_clflush", "_mm_lfence", "_mm_mfence", "_mm_pause", "__rdtsc",
        "_m_prefetch", "_m_prefetchw",
    ];

    private static List<string> Arguments(ParseOptions options)
    {
        var list = new List<string>
        {
            "-xc", "-undef", "-nostdinc", "-w", "-ferror-limit=0", "-fsyntax-only", "-fbracket-depth=100000",
            "-std=" + Standard(options.Standard),
            "-D_Float32=float", "-D_Float64=double", "-D_Float128=__float128", "-D_Float32x=double",
            "-D_Float64x=long double", "-D__malloc__(...)=__malloc__", "-D__upat_=__typeof__",
            "-Wno-implicit-int", "-Wno-implicit-function-declaration", "-Wno-int-conversion", "-Wno-incompatible-pointer-types",
            "-Wno-incompatible-function-pointer-types", "-Wno-return-type",
        };
        foreach (string name in s_intrinsics)
        {
            list.Add("-D" + name + "=__up_" + name);
        }

        foreach (string flag in options.Flags)
        {
            if (flag is "-funsigned-char" or "-fsigned-char" or "-fno-signed-char" or "-fno-unsigned-char" or "-fshort-enums"
                or "-fno-short-enums" or "-fshort-wchar" or "-fno-short-wchar" or "-fms-extensions" or "-fgnu89-inline" or "-fopenmp"
                || flag.StartsWith("-fpack-struct", StringComparison.Ordinal) || flag.StartsWith("-march=", StringComparison.Ordinal)
                || IsVectorFlag(flag))
            {
                list.Add(flag);
            }
        }

        return list;
    }

    // Intrinsics of gcc's headers are typed by vectors that clang takes only with the extension switched on.
    private static bool IsVectorFlag(string flag) =>
        flag.StartsWith("-mavx", StringComparison.Ordinal) || flag.StartsWith("-msse", StringComparison.Ordinal)
        || flag.StartsWith("-mssse", StringComparison.Ordinal) || flag is "-mfma" or "-mbmi" or "-mbmi2" or "-mpclmul" or "-maes";

    private static string Standard(string? gcc) => gcc switch
    {
        null or "" => "gnu17",
        "c2x" or "c23" or "iso9899:2024" => "c23",
        "gnu2x" or "gnu23" => "gnu23",
        "iso9899:1990" or "iso9899:199409" or "c89" or "c90" or "ansi" => "c89",
        "iso9899:199x" or "iso9899:1999" or "c9x" => "c99",
        "gnu9x" => "gnu99",
        "c1x" or "iso9899:2011" => "c11",
        "gnu1x" => "gnu11",
        "iso9899:2017" or "iso9899:2018" or "c18" => "c17",
        "gnu18" => "gnu17",
        _ => gcc,
    };

    public void Dispose()
    {
        clang.disposeTranslationUnit(_unit);
        clang.disposeIndex(_index);
    }
}

/// <summary>Collects the direct children of a cursor with one visit.</summary>
internal static unsafe class CursorChildren
{
    private struct Buffer
    {
        public CXCursor* Items;
        public int Count;
        public int Capacity;
    }

    public static CXCursor[] Of(CXCursor parent)
    {
        Buffer buffer = default;
        clang.visitChildren(parent, &OnChild, &buffer);
        return Finish(ref buffer);
    }

    public static CXCursor[] Fields(CXType record)
    {
        Buffer buffer = default;
        clang.Type_visitFields(record, &OnField, &buffer);
        return Finish(ref buffer);
    }

    private static CXCursor[] Finish(ref Buffer buffer)
    {
        if (buffer.Count == 0)
        {
            return [];
        }

        CXCursor[] result = new Span<CXCursor>(buffer.Items, buffer.Count).ToArray();
        NativeMemory.Free(buffer.Items);
        return result;
    }

    private static void Add(Buffer* buffer, CXCursor cursor)
    {
        if (buffer->Count == buffer->Capacity)
        {
            buffer->Capacity = buffer->Capacity == 0 ? 8 : buffer->Capacity * 2;
            buffer->Items = (CXCursor*)NativeMemory.Realloc(buffer->Items, (nuint)(buffer->Capacity * sizeof(CXCursor)));
        }

        buffer->Items[buffer->Count++] = cursor;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static CXChildVisitResult OnChild(CXCursor cursor, CXCursor parent, void* data)
    {
        Add((Buffer*)data, cursor);
        return CXChildVisitResult.CXChildVisit_Continue;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static CXVisitorResult OnField(CXCursor cursor, void* data)
    {
        Add((Buffer*)data, cursor);
        return CXVisitorResult.CXVisit_Continue;
    }
}
