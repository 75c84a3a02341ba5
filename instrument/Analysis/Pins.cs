using UpStare.Frontend.Model;
using UpStare.Instrument.Emission;
using UpStare.Instrument.Lowering;

namespace UpStare.Instrument.Analysis;

/// <summary>Finds what makes a function impossible to transform; it then stays plain (docs/limits.md).</summary>
internal sealed class Pins(TranslationUnit unit, UnitFacts facts, bool hasExceptions, Func<CallExpr, bool> isSuspendable)
{
    /// <summary>Sets <see cref="FunctionFacts.Pinned"/> where there is a reason.</summary>
    public void Check(FunctionFacts f)
    {
        CheckDeclaration(f);
        foreach (VarDecl v in f.Locals)
        {
            CheckLocal(f, v);
        }

        foreach (Node n in f.Interesting)
        {
            CheckNode(f, n);
        }

        foreach (CallExpr c in f.Calls)
        {
            // They call what gets no check, or mean the frame that they stand in.
            if (c.Function is
                {
                    Name: "__builtin_apply" or "__builtin_apply_args" or "__builtin_return" or "__builtin_call_with_static_chain"
                or "__builtin_setjmp" or "__builtin_eh_return" or "__builtin_unwind_init"
                } builtin)
            {
                Pin(f, builtin.Name, c.Start);
            }
        }

        // Where makecontext follows, what getcontext has kept is not used.
        if (f.Calls.Find(c => c.Function?.Name == "getcontext") is { } kept && !f.Calls.Exists(c => c.Function?.Name == "makecontext"))
        {
            Pin(f, "getcontext: what it keeps leads into this frame", kept.Start);
        }

        CheckLabels(f);
        string text = unit.Slice(f.Decl);
        if (text.Contains("[[", StringComparison.Ordinal) && text.Contains("cleanup", StringComparison.Ordinal) && text.Contains("gnu", StringComparison.Ordinal))
        {
            Pin(f, "attribute cleanup in double brackets", f.Decl.Start);
        }

        if (text.Contains("#pragma omp", StringComparison.Ordinal))
        {
            Pin(f, "OpenMP directive", f.Decl.Start);
        }
    }

    private static void Pin(FunctionFacts f, string reason, int at)
    {
        if (f.Pinned is null)
        {
            f.Pinned = reason;
            f.PinnedAt = at;
        }
    }

    private void CheckDeclaration(FunctionFacts f)
    {
        FunctionDecl d = f.Decl;
        foreach (string attribute in (string[])["naked", "ifunc", "target_clones", "interrupt", "no_caller_saved_registers"])
        {
            if (d.Has(attribute))
            {
                Pin(f, "attribute " + attribute, d.Start);
            }
        }

        if (InlineRules.IsOnlyForInlining(unit, d))
        {
            Pin(f, "inline definition without external linkage", d.Start);
        }

        if (!IsPrintable(d.Type.Return) || d.Type.Parameters.Any(p => !IsPrintable(p, TypeText.OfParameter)))
        {
            Pin(f, "type that cannot be written", d.Start);
        }

        foreach (Decl t in f.LocalTypes)
        {
            if (NamesVariable(f, t, unit.Slice(t)) || (t is TypedefDecl { Underlying: var type } && VariableType.Is(type)))
            {
                Pin(f, "local type that depends on a variable", t.Start);
            }
        }
    }

    /// <summary>Local types are lifted out of their function, where its variables have no meaning; enumerations with the values of their constants.</summary>
    private static bool NamesVariable(FunctionFacts f, Decl type, string text)
    {
        if (text.Contains("typeof", StringComparison.Ordinal))
        {
            return true;
        }

        if (type is EnumDecl || !(text.Contains("sizeof", StringComparison.Ordinal) || text.Contains("lignof", StringComparison.Ordinal)))
        {
            return false;
        }

        string before = "";
        int depth = 0;
        int operand = -1;
        for (int at = 0; at < text.Length;)
        {
            (int from, at) = Tokens.Next(text, at, text.Length);
            string token = from < at ? text[from..at] : "";
            bool opens = before is "sizeof" or "_Alignof" or "__alignof__" or "__alignof";
            depth += token == "(" ? 1 : token == ")" ? -1 : 0;
            if ((opens || (operand >= 0 && before is not ("." or ">" or "struct" or "union" or "enum"))) && f.Locals.Concat(f.StaticLocals).Any(v => v.Name == token))
            {
                return true;
            }

            operand = opens && operand < 0 && token == "(" ? depth : token == ")" && depth < operand ? -1 : operand;
            before = token;
        }

        return false;
    }

    private void CheckLocal(FunctionFacts f, VarDecl v)
    {
        if (v is { Storage: StorageClass.Register, AsmName: not null })
        {
            Pin(f, "variable bound to a register", v.Start);
        }

        if (v.Cleanup is not null)
        {
            CheckCleanup(f, v);
        }

        if (VariableType.Is(v.Type))
        {
            CheckVariable(f, v);
        }
        else if (v.Name.Length > 0 && (!IsPrintable(v.Type) || v.Type.Canonical.Size < 0))
        {
            Pin(f, "variable of a type that cannot be written", v.Start);
        }
    }

    /// <summary>Where the function cannot be called by its name, or is called in ways that no statement stands for.</summary>
    private void CheckCleanup(FunctionFacts f, VarDecl v)
    {
        if (hasExceptions)
        {
            Pin(f, "attribute cleanup with -fexceptions", v.Start);
        }
        else if (!facts.KnowsCleanup(v))
        {
            Pin(f, "attribute cleanup with a function that is not declared at file level", v.Start);
        }
        else if (f.Locals.Exists(other => other.Name == v.Cleanup) || f.StaticLocals.Exists(other => other.Name == v.Cleanup)
            || f.LocalTypes.Exists(t => t is EnumDecl e && e.Constants.Exists(c => c.Name == v.Cleanup)))
        {
            Pin(f, "attribute cleanup with a function that a local name hides", v.Start);
        }
        else if (f.Cleanups!.Problem is { } problem)
        {
            Pin(f, problem.Reason, problem.At);
        }
    }

    private static void CheckVariable(FunctionFacts f, VarDecl v)
    {
        try
        {
            VariableType.Count(v.Type);
        }
        catch (UnprintableTypeException e)
        {
            Pin(f, e.Message, v.Start);
        }

        // A buffer that is armed again is armed above the array's place.
        if (v.Type.Canonical is ArrayType && f.Calls.Exists(c => c.Function?.Name.Contains("setjmp", StringComparison.Ordinal) == true))
        {
            Pin(f, "variable-length array beside setjmp", v.Start);
        }
    }

    private void CheckNode(FunctionFacts f, Node n)
    {
        switch (n)
        {
            case FunctionDecl nested:
                Pin(f, "nested function", nested.Start);
                break;
            case UnknownStmt u:
                Pin(f, u.Reason, u.Start);
                break;
            case UnknownExpr u when Walk.Any(u, n => MustBeLowered(f, n)):
                Pin(f, u.Reason, u.Start);
                break;
            case AsmStmt a when Walk.Any(a, n => MustBeLowered(f, n)):
                Pin(f, "asm statement with a call inside", a.Start);
                break;
            case GenericExpr g when Walk.Any(g, n => MustBeLowered(f, n)):
                Pin(f, "_Generic with a call inside", g.Start);
                break;
            case VaArgExpr { Type: var type } v when !IsPrintable(type):
                Pin(f, "va_arg of a type that cannot be written", v.Start);
                break;
        }
    }

    private bool MustBeLowered(FunctionFacts f, Node n) => (n is CallExpr c && isSuspendable(c)) || f.Cleanups?.LeftBy(n).Count > 0;

    private void CheckLabels(FunctionFacts f)
    {
        if (StoredLabels.Unclear(f, facts) is { } label)
        {
            Pin(f, "kept address of a label that has a namesake or stands in a table of distances", label.Start);
        }
    }

    private static bool IsPrintable(CType type) => IsPrintable(type, TypeText.Of);

    private static bool IsPrintable(CType type, Func<CType, TypeText.Rename?, string> print)
    {
        try
        {
            print(type, null);
            return true;
        }
        catch (UnprintableTypeException)
        {
            return false;
        }
    }
}
