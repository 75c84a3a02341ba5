using System.Globalization;
using System.Text;
using UpStare.Frontend.Model;
using UpStare.Instrument.Analysis;
using UpStare.Instrument.Lowering;

namespace UpStare.Instrument.Emission;

/// <summary>Writes one of the two texts of a unit: the user's text with edits, transformed functions, and what has to stand before them.</summary>
internal sealed class UnitEmitter
{
    private readonly UnitPlan _plan;
    private readonly UnitContext _context;
    private readonly TextKind _kind;
    private readonly EditSet _edits;
    private readonly ExternSet _externs;
    private readonly UnitEdits _unitEdits;
    private readonly Rewriter _rewriter;
    private readonly StringBuilder _out = new();
    private readonly Dictionary<Decl, FunctionPlan> _plans = [];

    public UnitEmitter(UnitPlan plan, TextKind kind)
    {
        _plan = plan;
        _context = plan.Context ?? throw new ArgumentException("the plan was not made by Planner.Plan", nameof(plan));
        _kind = kind;
        _edits = new EditSet(_context.Source);
        _externs = new ExternSet(plan.Options.Mode);
        _rewriter = new Rewriter(_context, _edits, _externs);
        _unitEdits = new UnitEdits(_context, kind, _edits);
        _unitEdits.Make();
        foreach (FunctionPlan f in plan.Functions)
        {
            _plans[f.Decl.Entity] = f;
        }
    }

    /// <summary>The text.</summary>
    public string Write()
    {
        string source = _context.Source;
        _out.Append("# 1 \"upstare/prelude.h\" 3\n").Append(Data.Resources.Prelude).Append('\n').Append(_unitEdits.Head);
        LineMarker.Append(_out, new SourcePlace(_plan.Unit.SourceFile, 1, 1), generated: false);
        IReadOnlyList<Decl> decls = _plan.Unit.Decls;
        int at = 0;
        for (int i = 0; i < decls.Count;)
        {
            int next = i + 1;
            int start = Start(decls[i]);
            int end = Math.Max(decls[i].End, decls[i].GroupEnd);
            while (next < decls.Count && Start(decls[next]) < end)
            {
                end = Math.Max(end, Math.Max(decls[next].End, decls[next].GroupEnd));
                next++;
            }

            _out.Append(_edits.Copy(at, start));
            Group(decls, i, next, start, end);
            at = end;
            i = next;
        }

        _out.Append(_edits.Copy(at, source.Length)).Append('\n');
        LineMarker.Append(_out, new SourcePlace(_plan.Unit.SourceFile, 1, 1), generated: true);
        WeakImports();
        if (_kind == TextKind.Hot)
        {
            new TableWriter(_plan, _context, _out).Write();
        }
        else
        {
            Clones();
        }

        return _out.ToString();
    }

    /// <summary>Patch mode: kept variables with external linkage are weak undefined names, bound by the runtime.</summary>
    private void WeakImports()
    {
        if (_plan.Options.Mode != InstrumentMode.Patch || _plan.Options.BindVariable is not { } bind)
        {
            return;
        }

        foreach (Decl d in _context.Facts.FirstDeclared.Keys)
        {
            if (d is VarDecl { IsStatic: false, HasStaticLifetime: true } v
                && bind(Names.VariableKey(_plan.Options, v)) == VariableBinding.Import)
            {
                _out.Append("__asm__(\".weak ").Append(v.AsmName ?? v.Name).Append("\");\n");
            }
        }
    }

    private static int Start(Decl d) => d.GroupStart >= 0 ? Math.Min(d.GroupStart, d.Start) : d.Start;

    private void Group(IReadOnlyList<Decl> decls, int from, int to, int start, int end)
    {
        if (to == from + 1 && decls[from] is FunctionDecl { Body: not null } f && !f.InSystemHeader)
        {
            Function(f);
            return;
        }

        var pieces = new List<(int Start, int End, string Text)>();
        for (int i = from; i < to; i++)
        {
            if (decls[i] is VarDecl { Init: not null } v && !IsDropped(v))
            {
                pieces.Add((v.Init.Start, v.Init.End, _rewriter.Text(v.Init)));
            }
            else if (decls[i] is FunctionDecl { Body: null, Name: "main" } m)
            {
                pieces.Add((m.End, m.End, " __asm__(\"upstare_main\")"));
            }
        }

        var text = new StringBuilder();
        int at = start;
        foreach ((int s, int e, string t) in pieces)
        {
            text.Append(_edits.Copy(at, s)).Append(t);
            at = e;
        }

        text.Append(_edits.Copy(at, end));
        Externs(start, null);
        _out.Append(text);
    }

    private bool IsDropped(VarDecl v) => _context.Variables.TryGetValue(v.Entity, out VariablePlan? plan)
        && plan.Kind != VariableKind.Private && (_kind == TextKind.Clone || UnitEdits.IsImported(_context, plan));

    /// <summary>Declarations that the coming text needs; a function that has none yet is declared first.</summary>
    private void Externs(int offset, FunctionDecl? defined)
    {
        List<(FunctionDecl Function, string Text)> needed = _externs.Take();
        if (needed.Count == 0)
        {
            return;
        }

        LineMarker.Append(_out, _plan.Unit.PlaceOf(offset), generated: true);
        foreach ((FunctionDecl f, string text) in needed)
        {
            if (defined is not null && f.Entity == defined.Entity && defined.Entity == defined)
            {
                _out.Append(Header(defined)).Append(';');
            }

            _out.Append(text).Append(' ');
        }

        LineMarker.Append(_out, _plan.Unit.PlaceOf(offset), generated: false);
    }

    /// <summary>A definition's head, as a declaration without the semicolon.</summary>
    private string Header(FunctionDecl f)
    {
        if (!f.IsKAndR)
        {
            return _edits.Copy(Start(f), f.Body!.Start);
        }

        return (f.IsStatic ? "static " : "") + "__typeof__(" + TypeText.Of(f.Type.Return) + ") " + f.Name + "()";
    }

    private void Function(FunctionDecl f)
    {
        CompoundStmt body = f.Body!;
        FunctionPlan? plan = _plans.GetValueOrDefault(f.Entity);
        bool kept = _kind == TextKind.Hot || f.IsStatic || InlineRules.IsOnlyForInlining(_plan.Unit, f);
        if (plan is null)
        {
            _out.Append(_edits.Copy(Start(f), f.End));
            return;
        }

        string text = "";
        if (kept)
        {
            text = _context.Functions.TryGetValue(f.Entity, out FunctionContext? function) && plan.IsTransformed
                ? new BodyWriter(_plan, _context, function, _edits, _externs).Hot() : _rewriter.Text(body);
        }

        Externs(f.Start, f);
        LineMarker.Append(_out, _plan.Unit.PlaceOf(f.Start), generated: true);
        if (plan.IsTransformed)
        {
            _out.Append(FunctionLowering.LiftedTypes(_context, _context.Functions[f.Entity], _edits));
        }

        Promoted(plan);
        if (plan.IsTransformed)
        {
            RecordEmitter.Append(_out, _context, _context.Functions[f.Entity], plan);
        }

        if (f.Name == "main")
        {
            _out.Append(Header(f)).Append(" __asm__(\"upstare_main\");");
        }

        LineMarker.Append(_out, _plan.Unit.PlaceOf(f.Start), generated: false);
        if (!kept)
        {
            _out.Append(Header(f)).Append(';');
            return;
        }

        _out.Append(Prefix(f, plan)).Append(_edits.Copy(Start(f), body.Start)).Append(text);
    }

    private string Prefix(FunctionDecl f, FunctionPlan plan)
    {
        if (plan.PinnedReason is not null)
        {
            return f.Has("always_inline") || (f.IsInline && !f.IsStatic) ? "" : "__attribute__((noinline, section(\"upstare_pinned\"))) ";
        }

        return _kind == TextKind.Clone && f.IsStatic && !f.Has("section") ? "__attribute__((section(\".text.unlikely.upstare\"))) " : "";
    }

    /// <summary>Static variables of a function that have become variables of the file.</summary>
    private void Promoted(FunctionPlan plan)
    {
        foreach (VariablePlan v in _plan.Variables)
        {
            if (v.Function != plan.Key || !_context.Promoted.TryGetValue(v.Decl.Entity, out PromotedLocal? local))
            {
                continue;
            }

            bool declared = _kind == TextKind.Clone || UnitEdits.IsImported(_context, v);
            string init = declared ? "" : v.LabelIndex is { } index ? string.Create(CultureInfo.InvariantCulture, $" = {index}")
                : v.Decl.Init is null ? "" : " = " + _rewriter.Text(v.Decl.Init);
            foreach ((FunctionDecl _, string text) in _externs.Take())
            {
                _out.Append(text).Append(' ');
            }

            _out.Append(declared ? "extern " : "").Append(v.Decl.IsThreadLocal ? "__thread " : "").Append("__typeof__(")
                .Append(TypeText.Of(v.Decl.Type, _context.RenameType)).Append(") ").Append(local.Name).Append(_unitEdits.Label(v))
                .Append(init).Append(";\n");
        }
    }

    private void Clones()
    {
        foreach (FunctionPlan f in _plan.Functions)
        {
            if (f.IsTransformed)
            {
                string text = new BodyWriter(_plan, _context, _context.Functions[f.Decl.Entity], _edits, _externs).Clone(f);
                Externs(f.Decl.Start, null);
                _out.Append(text);
            }
        }

        _out.Append('\n');
    }
}
