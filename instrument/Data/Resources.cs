using System.Text;

namespace UpStare.Instrument.Data;

/// <summary>The lists and texts that are embedded in this assembly.</summary>
internal static class Resources
{
    private static HashSet<string>? s_pure;
    private static HashSet<string>? s_noReturn;
    private static HashSet<string>? s_wrapped;
    private static string? s_prelude;

    /// <summary>Library functions that never make a system call and never call back.</summary>
    public static HashSet<string> Pure => s_pure ??= Names("pure-library-functions.txt");

    /// <summary>System functions that never come back.</summary>
    public static HashSet<string> NoReturn => s_noReturn ??= Names("noreturn-library-functions.txt");

    /// <summary>Library calls for which the runtime has a wrapper.</summary>
    public static HashSet<string> Wrapped => s_wrapped ??= Names("wrapped-calls.txt");

    /// <summary>The text of upstare/prelude.h.</summary>
    public static string Prelude => s_prelude ??= Read("prelude.h");

    private static string Read(string name)
    {
        using Stream stream = typeof(Resources).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException("missing resource " + name);
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return reader.ReadToEnd();
    }

    private static HashSet<string> Names(string resource)
    {
        var names = new HashSet<string>();
        foreach (string line in Read(resource).Split('\n'))
        {
            int hash = line.IndexOf('#');
            string text = hash < 0 ? line : line[..hash];
            foreach (string name in text.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries))
            {
                names.Add(name);
            }
        }

        return names;
    }
}
