using System.Globalization;
using UpStare.Frontend.Model;
using UpStare.Instrument.Analysis;

namespace UpStare.Instrument.Lowering;

/// <summary>Statements.</summary>
internal sealed partial class FunctionLowering
{
    // The statement without parts of its own that is being lowered.
    private Stmt? _simple;

    private void Statement(Stmt s)
    {
        Stmt? outer = _simple;
        _simple = s is DeclStmt or ExprStmt or ReturnStmt ? s : null;
        Lower(s);
        _simple = outer;
    }

    private void Lower(Stmt s)
    {
        if (s is DeclStmt d)
        {
            Declaration(d);
            return;
        }

        if (!_f.NeedsLowering(s))
        {
            Line(s.Start);
            Emit(Text(s));
            return;
        }

        switch (s)
        {
            case CompoundStmt c:
                Block(c);
                break;
            case ExprStmt e:
                Line(s.Start);
                Emit("{ ");
                int mark = Mark();
                Discard(e.Expr);
                Release(mark);
                Emit(" }");
                break;
            case IfStmt i:
                If(i);
                break;
            case LoopStmt l:
                Loop(l);
                break;
            case SwitchStmt w:
                Switch(w);
                break;
            case CaseStmt or DefaultStmt or LabelStmt:
                Labelled(s);
                break;
            case ReturnStmt r:
                Return(r);
                break;
            case GotoStmt or BreakStmt or ContinueStmt:
                Line(s.Start);
                Emit("{ ");
                CleanUp(s);
                if (_f.Checks.Contains(s))
                {
                    Point(PointKind.Goto, null, s, Folded(s.Start, s.End), null);
                }

                Line(s.Start);
                Emit(Text(s) + " }");
                break;
            case IndirectGotoStmt g:
                IndirectGoto(g);
                break;
            default:
                throw new InvalidOperationException("cannot lower " + s.GetType().Name);
        }
    }

    /// <summary>A statement in a place where C wants one only.</summary>
    private void Sub(Stmt s, string path)
    {
        _path.Add(path);
        int scope = _scope.Count;
        Emit("{ ");
        Statement(s);
        Emit(" }");
        _scope.RemoveRange(scope, _scope.Count - scope);
        _path.RemoveAt(_path.Count - 1);
    }

    private void Block(CompoundStmt c)
    {
        Emit("{ ");
        OpenBlock(c);
        foreach (Stmt s in c.Body)
        {
            Statement(s);
        }

        CleanUp(c);
        CloseBlock();
        Line(Math.Max(c.Start, c.End - 1));
        Emit("}");
    }

    private void If(IfStmt i)
    {
        Line(i.Start);
        Emit("{ ");
        int mark = Mark();
        string cond = Value(i.Cond);
        Line(i.Start);
        Emit("if (" + cond + ") ");
        Release(mark);
        Sub(i.Then, "if.then");
        if (i.Else is not null)
        {
            Emit(" else ");
            Sub(i.Else, "if.else");
        }

        Emit(" }");
    }

    private void Switch(SwitchStmt w)
    {
        Line(w.Start);
        Emit("{ ");
        int mark = Mark();
        string cond = Value(w.Cond);
        Line(w.Start);
        Emit("switch (" + cond + ") ");
        Release(mark);
        _path.Add("switch");
        if (_f.NeedsLowering(w.Body))
        {
            Statement(w.Body);
        }
        else
        {
            Emit(Text(w.Body));
        }

        _path.RemoveAt(_path.Count - 1);
        Emit(" }");
    }

    private void Labelled(Stmt s)
    {
        (int colonEnd, Stmt sub, string path) = s switch
        {
            CaseStmt c => (c.ColonEnd, c.Sub, "case(" + Folded(c.Low.Start, c.Low.End) + ")"),
            DefaultStmt d => (d.ColonEnd, d.Sub, "default"),
            LabelStmt l => (l.ColonEnd, l.Sub, ""),
            _ => throw new InvalidOperationException(),
        };
        Line(s.Start);
        var pieces = new List<Piece>();
        if (s is CaseStmt k)
        {
            Gather(k.Low, pieces);
            if (k.High is not null)
            {
                Gather(k.High, pieces);
            }
        }

        Emit(Compose(s.Start, colonEnd, pieces) + " ");
        if (sub is CaseStmt or DefaultStmt or LabelStmt)
        {
            Statement(sub);
            return;
        }

        if (path.Length > 0)
        {
            Sub(sub, path);
        }
        else
        {
            Emit("{ ");
            Statement(sub);
            Emit(" }");
        }
    }

    private void Return(ReturnStmt r)
    {
        Line(r.Start);
        Emit("{ ");
        int mark = Mark();
        bool isVoid = _f.Decl.Type.Return.Canonical is BuiltinType { IsVoid: true };
        if (r.Value is null || isVoid)
        {
            if (r.Value is not null)
            {
                Discard(r.Value);
            }

            CleanUp(r);
            Line(r.Start);
            Emit("return;");
        }
        else
        {
            string value = CleansUp(r) ? Spill(r.Value) : Value(r.Value);
            CleanUp(r);
            Line(r.Start);
            Emit("return " + value + ";");
        }

        Release(mark);
        Emit(" }");
    }

    private void IndirectGoto(IndirectGotoStmt g)
    {
        Line(g.Start);
        Emit("{ ");
        int mark = Mark();
        string target = _f.NeedsLowering(g.Target) ? Value(g.Target) : Text(g.Target);
        if (Unit.TokenJumps.Contains(g))
        {
            target = StoredLabels.Target(target);
        }

        Point(PointKind.Goto, null, g, Folded(g.Start, g.End), null);
        Line(g.Start);
        Emit("goto *" + target + "; }");
        Release(mark);
    }

    private string NewContinueLabel() => "__up_c" + (_nextContinue++).ToString(CultureInfo.InvariantCulture);
}
