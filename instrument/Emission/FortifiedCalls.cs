using UpStare.Frontend.Model;

namespace UpStare.Instrument.Emission;

/// <summary>
/// Library calls that the runtime wraps and that -D_FORTIFY_SOURCE has looked at by an inline function of the header's (glibc's
/// bits/unistd.h, bits/socket2.h, bits/poll2.h, bits/fcntl2.h). The wrapper is called by one that looks as well.
/// </summary>
internal static class FortifiedCalls
{
    private static readonly Dictionary<string, Check> s_calls = new(StringComparer.Ordinal)
    {
        ["read"] = new("long", "int f, void *p, unsigned long n", Room("1"), "f, p, n"),
        ["recv"] = new("long", "int f, void *p, unsigned long n, int o", Room("1"), "f, p, n, o"),
        ["recvfrom"] = new(
            "long", "int f, void *p, unsigned long n, int o, void *a, unsigned int *l", Room("1"), "f, p, n, o, (struct sockaddr *)a, l"),
        ["poll"] = new("int", "struct pollfd *p, unsigned long n, int t", Room("sizeof(*p)"), "p, n, t"),
        ["ppoll"] = new("int", "struct pollfd *p, unsigned long n, const void *t, const void *m", Room("sizeof(*p)"), "p, n, t, m"),
        ["open"] = new("int", "const char *p, int o", Mode("__open_2(p, o)"), "p, o", WithoutMode: 2),
        ["openat"] = new("int", "int f, const char *p, int o", Mode("__openat_2(f, p, o)"), "f, p, o", WithoutMode: 3),
    };

    /// <summary>Whether the call is one of them; open with a mode is not.</summary>
    public static bool Contains(FunctionDecl f, CallExpr call) =>
        s_calls.TryGetValue(f.Name, out Check? check) && (check.WithoutMode is null || check.WithoutMode == call.Arguments.Count);

    /// <summary>The name of the function that looks.</summary>
    public static string Name(FunctionDecl f) => "__up_f_" + f.Name;

    /// <summary>Its definition; the wrapper has to be declared.</summary>
    public static string Definition(FunctionDecl f, string wrapper)
    {
        Check c = s_calls[f.Name];
        return $"static __inline__ __attribute__((always_inline, unused)) {c.Type} {Name(f)}({c.Parameters}) "
            + $"{{ {c.Looks} return {wrapper}({c.Arguments}); }}";
    }

    private static string Room(string unit) => $"unsigned long s = __builtin_object_size(p, 0); if (s != -1ul && n > s / {unit}) __up_chk_fail();";

    /// <summary>O_CREAT, or O_TMPFILE with O_DIRECTORY; the libc's function that says so and ends the program.</summary>
    private static string Mode(string libcs) => $"if (o & 0100 || (o & 020200000) == 020200000) return {libcs};";

    /// <summary>Parameters, what looks at them, and what is passed on; the number of arguments of a call of open without a mode.</summary>
    private sealed record Check(string Type, string Parameters, string Looks, string Arguments, int? WithoutMode = null);
}
