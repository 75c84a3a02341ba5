using UpStare.Frontend.Model;
using UpStare.Instrument.Analysis;

namespace UpStare.Instrument.Lowering;

/// <summary>
/// What is still in scope at the point before a jump: variables of the blocks that the jump leaves have ended their lives, and
/// recording them would keep them alive, in the dispatch loops of interpreters above all.
/// </summary>
internal sealed partial class FunctionLowering
{
    /// <summary>Blocks around the place that is being written, with what was in scope when they began.</summary>
    private readonly List<(Node Block, int ScopeStart)> _blocks = [];

    private Dictionary<string, int>? _labels;
    private List<int>? _addressed;

    private void OpenBlock(Node block) => _blocks.Add((block, _scope.Count));

    /// <summary>Ends a block, and with it the scope of what it has declared.</summary>
    private void CloseBlock()
    {
        int start = _blocks[^1].ScopeStart;
        _scope.RemoveRange(start, _scope.Count - start);
        _blocks.RemoveAt(_blocks.Count - 1);
    }

    /// <summary>The part of <see cref="_scope"/> that a point records.</summary>
    private List<object> InScope(Node point)
    {
        int limit = _scope.Count;
        List<int>? targets = Targets(point);
        for (int i = _blocks.Count - 1; targets is not null && i >= 0 && !HoldsAll(_blocks[i].Block, targets); i--)
        {
            limit = _blocks[i].ScopeStart;
        }

        List<object> result = _scope[..limit];
        for (int i = limit; i < _scope.Count; i++)
        {
            // What is variably modified stays: a clone has the point's label in the scope, and must not declare it there.
            if (_scope[i] is not VarDecl v || _f.VariableTypes.ContainsKey((VarDecl)v.Entity)
                || (point is IndirectGotoStmt g && Mentions(v, g.Target)))
            {
                result.Add(_scope[i]);
            }
        }

        return result;
    }

    private static bool HoldsAll(Node block, List<int> targets) => targets.TrueForAll(t => block.Start <= t && t < block.End);

    /// <summary>Where a jump may lead; null: not a jump, or not known.</summary>
    private List<int>? Targets(Node point)
    {
        if (point is not (GotoStmt or IndirectGotoStmt) || !FindLabels())
        {
            return null;
        }

        if (point is GotoStmt g)
        {
            return _labels!.TryGetValue(g.Label, out int at) ? [at] : null;
        }

        return _addressed;
    }

    /// <summary>False where a name stands for several labels (__label__).</summary>
    private bool FindLabels()
    {
        if (_labels is null)
        {
            var labels = new Dictionary<string, int>();
            var addressed = new List<string>();
            bool unique = true;
            Walk.Evaluated(_f.Decl.Body!, n =>
            {
                if (n is LabelStmt l)
                {
                    unique &= labels.TryAdd(l.Name, l.Start);
                }
                else if (n is AddrLabelExpr a)
                {
                    addressed.Add(a.Label);
                }
            });
            _labels = unique ? labels : [];
            _addressed = _labels.Count > 0 ? [] : null;
            foreach (string name in addressed)
            {
                if (_labels.TryGetValue(name, out int at))
                {
                    _addressed!.Add(at);
                }
                else
                {
                    _addressed = null;
                    break;
                }
            }
        }

        return _labels.Count > 0;
    }
}
