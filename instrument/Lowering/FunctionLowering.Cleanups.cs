using UpStare.Frontend.Model;
using UpStare.Instrument.Analysis;

namespace UpStare.Instrument.Lowering;

/// <summary>The calls that attribute cleanup stands for, written out where scopes are left.</summary>
internal sealed partial class FunctionLowering
{
    /// <summary>Calls the functions of the variables whose scopes a node ends.</summary>
    private void CleanUp(Node exit)
    {
        if (_f.Facts.Cleanups is not { } scopes)
        {
            return;
        }

        int at = CleanupScopes.Place(exit);
        foreach (VarDecl v in scopes.LeftBy(exit))
        {
            CallExpr call = Unit.Facts.CleanupCall(v, at);
            FunctionDecl function = call.Function!;
            string text = (CalleeText(call) ?? function.Name) + "(&" + (VariableName(v) ?? v.Name) + ")";
            if (!Unit.Calls.IsSuspendable(call))
            {
                Line(at);
                Emit(text + "; ");
                continue;
            }

            _path.Add("cleanup");
            CallAndCheck(call, text, null, function.Name + "(&" + v.Name + ")");
            _path.RemoveAt(_path.Count - 1);
        }
    }

    /// <summary>The same at the end of a block; nothing where the end cannot be reached.</summary>
    private void CleanUp(CompoundStmt block)
    {
        Stmt? last = block.Body.Count > 0 ? block.Body[^1] : null;
        while (last is LabelStmt label)
        {
            last = label.Sub;
        }

        if (last is not (ReturnStmt or GotoStmt or BreakStmt or ContinueStmt))
        {
            CleanUp((Node)block);
        }
    }

    private bool CleansUp(Node exit) => _f.Facts.Cleanups is { } scopes && scopes.LeftBy(exit).Count > 0;
}
