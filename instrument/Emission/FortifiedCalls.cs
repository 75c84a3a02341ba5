using UpStare.Frontend.Model;

namespace UpStare.Instrument.Emission;

/// <summary>
/// Library calls that the runtime wraps and whose size -D_FORTIFY_SOURCE has looked at by an inline function of the header's
/// (glibc's bits/unistd.h, bits/socket2.h, bits/poll2.h). The wrapper is called by one that looks at it as well.
/// </summary>
internal static class FortifiedCalls
{
    /// <summary>Parameters, and what is passed on; n times UNIT bytes at p have to be there.</summary>
    private static readonly Dictionary<string, (string Type, string Parameters, string Unit, string Arguments)> s_calls = new(StringComparer.Ordinal)
    {
        ["read"] = ("long", "int f, void *p, unsigned long n", "1", "f, p, n"),
        ["recv"] = ("long", "int f, void *p, unsigned long n, int o", "1", "f, p, n, o"),
        ["recvfrom"] = ("long", "int f, void *p, unsigned long n, int o, void *a, unsigned int *l", "1", "f, p, n, o, (struct sockaddr *)a, l"),
        ["poll"] = ("int", "struct pollfd *p, unsigned long n, int t", "sizeof(*p)", "p, n, t"),
        ["ppoll"] = ("int", "struct pollfd *p, unsigned long n, const void *t, const void *m", "sizeof(*p)", "p, n, t, m"),
    };

    /// <summary>Whether the call is one of them.</summary>
    public static bool Contains(FunctionDecl f) => s_calls.ContainsKey(f.Name);

    /// <summary>The name of the function that looks at the size.</summary>
    public static string Name(FunctionDecl f) => "__up_f_" + f.Name;

    /// <summary>Its definition; the wrapper has to be declared.</summary>
    public static string Definition(FunctionDecl f, string wrapper)
    {
        (string type, string parameters, string unit, string arguments) = s_calls[f.Name];
        return $"static __inline__ __attribute__((always_inline, unused)) {type} {Name(f)}({parameters}) "
            + $"{{ unsigned long s = __builtin_object_size(p, 0); if (s != -1ul && n > s / {unit}) __up_chk_fail(); return {wrapper}({arguments}); }}";
    }
}
