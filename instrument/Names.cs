using System.Globalization;
using System.Text;
using UpStare.Frontend.Model;

namespace UpStare.Instrument;

/// <summary>Keys and symbols of docs/architecture.md, "Names".</summary>
public static class Names
{
    /// <summary>Key of a function: its name, or <c>unit:name</c> where it is static.</summary>
    public static string FunctionKey(InstrumentOptions options, FunctionDecl function) =>
        function.IsStatic ? options.UnitId + ":" + function.Name : options.KeyPrefix + function.Name;

    /// <summary>M of a function: its linker name, or the unit's hash and the name where it is static.</summary>
    public static string FunctionMangled(InstrumentOptions options, FunctionDecl function) =>
        function.IsStatic ? options.SymbolHash + "_" + function.Name : options.SymbolPrefix + function.Name;

    /// <summary>Key of a file-level variable.</summary>
    public static string VariableKey(InstrumentOptions options, VarDecl variable) =>
        variable.IsStatic ? options.UnitId + ":" + variable.Name : options.KeyPrefix + variable.Name;

    /// <summary>Key of a static local; <paramref name="occurrence"/> counts those of that name in the function from 0.</summary>
    public static string StaticLocalKey(InstrumentOptions options, string function, string name, int occurrence) =>
        options.UnitId + ":" + function + ":" + name + (occurrence == 0 ? "" : "#" + (occurrence + 1).ToString(CultureInfo.InvariantCulture));

    /// <summary>FNV-1a over the bytes of a text; stable over runs and machines.</summary>
    public static uint Hash(string text)
    {
        uint hash = 2166136261;
        foreach (byte b in Encoding.UTF8.GetBytes(text))
        {
            hash = (hash ^ b) * 16777619;
        }

        return hash;
    }
}
