using System.Text;
using UpStare.Frontend.Model;

namespace UpStare.Instrument.Emission;

/// <summary>Declarations of generated names that have to stand before the file-level declaration that uses them.</summary>
internal sealed class ExternSet(InstrumentMode mode)
{
    private readonly HashSet<string> _done = [];
    private readonly List<(FunctionDecl Function, string Name, string Text)> _pending = [];

    /// <summary>The name of a function's stub; asks for its declaration.</summary>
    public string Stub(StubPlan stub)
    {
        string name = "upstare_f_" + stub.Mangled;
        string visibility = mode == InstrumentMode.Patch ? "weak" : "visibility(\"hidden\")";
        Need(stub.Decl, name, "extern __typeof__(" + stub.Decl.Name + ") " + name + " __attribute__((" + visibility + "));");
        return name;
    }

    /// <summary>Asks for the declaration of a library call's wrapper.</summary>
    public void Wrapper(FunctionDecl function, string name) =>
        Need(function, name, "extern __typeof__(" + function.Name + ") " + name + ";");

    /// <summary>Asks for the function that looks at a size before the wrapper is called.</summary>
    public void Fortified(FunctionDecl function, string wrapper)
    {
        Wrapper(function, wrapper);
        Need(function, FortifiedCalls.Name(function), FortifiedCalls.Definition(function, wrapper));
    }

    /// <summary>The declarations asked for since the last time, each with the function it mentions.</summary>
    public List<(FunctionDecl Function, string Text)> Take()
    {
        var taken = new List<(FunctionDecl, string)>();
        foreach ((FunctionDecl f, string _, string text) in _pending)
        {
            taken.Add((f, text));
        }

        _pending.Clear();
        return taken;
    }

    private void Need(FunctionDecl function, string name, string text)
    {
        if (_done.Add(name))
        {
            _pending.Add((function, name, text));
        }
    }
}
