using UpStare.Frontend.Model;

namespace UpStare.Instrument.Lowering;

/// <summary>Loops. A condition or step with points in it moves into the body.</summary>
internal sealed partial class FunctionLowering
{
    private void Loop(LoopStmt loop)
    {
        Line(loop.Start);
        Emit("{ ");
        OpenBlock(loop);
        switch (loop)
        {
            case WhileStmt w:
                While(w);
                break;
            case DoStmt d:
                Do(d);
                break;
            case ForStmt f:
                For(f);
                break;
        }

        CleanUp(loop);
        CloseBlock();
        Emit(" }");
    }

    private void While(WhileStmt w)
    {
        if (!_f.NeedsLowering(w.Cond))
        {
            Emit("while (" + Text(w.Cond) + ") ");
            LoopBody(w, "while", null, null);
            return;
        }

        Emit("for (;;) ");
        LoopBody(w, "while", w.Cond, null);
    }

    private void For(ForStmt f)
    {
        if (f.Init is not null)
        {
            Statement(f.Init);
            Line(f.Start);
        }

        bool step = f.Step is not null && _f.NeedsLowering(f.Step);
        bool cond = f.Cond is not null && _f.NeedsLowering(f.Cond);
        Emit("for (; " + (f.Cond is null || cond ? "" : Text(f.Cond)) + "; " + (f.Step is null || step ? "" : Text(f.Step)) + ") ");
        LoopBody(f, "for", cond ? f.Cond : null, step ? f.Step : null);
    }

    private void Do(DoStmt d)
    {
        if (!_f.NeedsLowering(d.Cond))
        {
            Emit("do ");
            LoopBody(d, "do", null, null);
            Line(d.Cond.Start);
            Emit(" while (" + Text(d.Cond) + ");");
            return;
        }

        string label = NewContinueLabel();
        Emit("do { ");
        _continues.Add(label);
        LoopBody(d, "do", null, null, keepContinue: true);
        _continues.RemoveAt(_continues.Count - 1);
        Line(d.Cond.Start);
        Emit(" " + label + ":; ");
        int mark = Mark();
        _path.Add("do.cond");
        string cond = Value(d.Cond);
        _path.RemoveAt(_path.Count - 1);
        Line(d.Cond.Start);
        Emit("} while (" + cond + ");");
        Release(mark);
    }

    /// <summary>The braces with the loop's check, a condition that was taken out, the user's body, and a step that was taken out.</summary>
    private void LoopBody(LoopStmt loop, string path, Expr? cond, Expr? step, bool keepContinue = false)
    {
        Emit("{ ");
        if (_f.Checks.Contains(loop))
        {
            _path.Add(path);
            Point(PointKind.Loop, null, loop, LoopHead(loop), null);
            _path.RemoveAt(_path.Count - 1);
            Line(loop.Start);
        }

        if (cond is not null)
        {
            int mark = Mark();
            _path.Add(path + ".cond");
            string value = Value(cond);
            _path.RemoveAt(_path.Count - 1);
            Line(cond.Start);
            Emit("if (!(" + value + ")) break; ");
            Release(mark);
        }

        string? label = step is null ? null : NewContinueLabel();
        if (!keepContinue)
        {
            _continues.Add(label);
        }

        Sub(loop.Body, path);
        if (!keepContinue)
        {
            _continues.RemoveAt(_continues.Count - 1);
        }

        if (step is not null)
        {
            Line(step.Start);
            Emit(" " + label + ":; ");
            int mark = Mark();
            _path.Add(path + ".step");
            Discard(step);
            _path.RemoveAt(_path.Count - 1);
            Release(mark);
        }

        Emit(" }");
    }

    private string LoopHead(LoopStmt loop) => loop is DoStmt d
        ? "do while (" + Folded(d.Cond.Start, d.Cond.End) + ")"
        : Folded(loop.Start, loop.Body.Start);
}
