using UpStare.Frontend.Model;

namespace UpStare.Instrument.Analysis;

/// <summary>
/// Variables with attribute cleanup: which of them each block and each jump leaves. gcc runs their functions there, the last
/// variable's first; the transformed body calls them itself, since the way out of a frame that is being unrolled must not.
/// </summary>
internal sealed class CleanupScopes
{
    private readonly Dictionary<Node, List<VarDecl>> _left = [];
    private readonly List<VarDecl> _active = [];
    private readonly List<(GotoStmt Jump, List<VarDecl> Active)> _jumps = [];
    private readonly Dictionary<string, List<VarDecl>> _labels = [];

    // How many variables were there when the statement began that a break or a continue leaves.
    private readonly Stack<int> _breaks = new();
    private readonly Stack<int> _continues = new();

    /// <summary>Walks a function's body.</summary>
    public CleanupScopes(CompoundStmt body)
    {
        Visit(body);
        foreach ((GotoStmt jump, List<VarDecl> active) in _jumps)
        {
            if (_labels.TryGetValue(jump.Label, out List<VarDecl>? there))
            {
                Leave(jump, active.FindAll(v => !there.Contains(v)));
            }
        }
    }

    /// <summary>What makes the scopes impossible to tell, with its place; null where nothing does.</summary>
    public (string Reason, int At)? Problem { get; private set; }

    /// <summary>The nodes that leave scopes.</summary>
    public IEnumerable<Node> Exits => _left.Keys;

    /// <summary>The variables whose scope ends with a node: a jump, a block, or a loop that declares them in its head. In the order of their functions' calls.</summary>
    public IReadOnlyList<VarDecl> LeftBy(Node node) => _left.TryGetValue(node, out List<VarDecl>? left) ? left : [];

    /// <summary>Where the functions are called, as an offset in the text.</summary>
    public static int Place(Node exit) => exit is CompoundStmt or LoopStmt ? Math.Max(exit.Start, exit.End - 1) : exit.Start;

    private void Leave(Node node, List<VarDecl> variables)
    {
        if (variables.Count > 0)
        {
            variables.Reverse();
            _left[node] = variables;
        }
    }

    private void Fail(string reason, int at) => Problem ??= (reason, at);

    private void Visit(Node node)
    {
        switch (node)
        {
            case UnevaluatedExpr or UnknownStmt:
                return;
            case CompoundStmt c:
                Block(c);
                return;
            case LoopStmt l:
                Loop(l);
                return;
            case SwitchStmt w:
                Visit(w.Cond);
                _breaks.Push(_active.Count);
                Visit(w.Body);
                _breaks.Pop();
                return;
            case DeclStmt d:
                Declare(d, isOfBlock: false);
                return;
            case LabelStmt l:
                if (!_labels.TryAdd(l.Name, [.. _active]))
                {
                    Fail("attribute cleanup beside labels of one name", l.Start);
                }

                break;
            case AsmStmt { IsGoto: true } a when _active.Count > 0:
                Fail("asm goto in the scope of a variable with attribute cleanup", a.Start);
                break;
        }

        foreach (Node child in node.Children)
        {
            Visit(child);
        }

        // Behind its value: what stands there declares variables in scopes of its own only.
        switch (node)
        {
            case ReturnStmt:
                Leave(node, [.. _active]);
                break;
            case BreakStmt when _breaks.TryPeek(out int outside):
                Leave(node, _active[outside..]);
                break;
            case ContinueStmt when _continues.TryPeek(out int outside):
                Leave(node, _active[outside..]);
                break;
            case GotoStmt g:
                _jumps.Add((g, [.. _active]));
                break;
        }
    }

    private void Block(CompoundStmt c)
    {
        int outside = _active.Count;
        foreach (Stmt s in c.Body)
        {
            if (s is DeclStmt d)
            {
                Declare(d, isOfBlock: true);
            }
            else
            {
                Visit(s);
            }
        }

        End(c, outside);
    }

    private void End(Node node, int outside)
    {
        Leave(node, _active[outside..]);
        _active.RemoveRange(outside, _active.Count - outside);
    }

    private void Loop(LoopStmt loop)
    {
        int outside = _active.Count;
        if (loop is ForStmt { Init: DeclStmt d })
        {
            Declare(d, isOfBlock: true);
        }

        _breaks.Push(_active.Count);
        _continues.Push(_active.Count);
        foreach (Node child in loop.Children)
        {
            if (child is not DeclStmt)
            {
                Visit(child);
            }
        }

        _breaks.Pop();
        _continues.Pop();
        End(loop, outside);
    }

    /// <summary>A variable's function is due from behind its initialiser on.</summary>
    private void Declare(DeclStmt d, bool isOfBlock)
    {
        foreach (Decl decl in d.Decls)
        {
            foreach (Node child in decl.Children)
            {
                Visit(child);
            }

            if (decl is VarDecl { Cleanup: not null } v)
            {
                if (!isOfBlock)
                {
                    Fail("attribute cleanup on a variable behind a label", v.Start);
                }

                _active.Add(v);
            }
        }
    }
}
