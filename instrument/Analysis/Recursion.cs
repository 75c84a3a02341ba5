using UpStare.Frontend.Model;

namespace UpStare.Instrument.Analysis;

/// <summary>Finds functions that can call themselves through direct calls inside the unit (Tarjan's components).</summary>
internal sealed class Recursion
{
    private readonly UnitFacts _facts;
    private readonly Dictionary<Decl, (int Index, int Low)> _numbers = [];
    private readonly Stack<Decl> _stack = new();
    private readonly HashSet<Decl> _onStack = [];
    private readonly HashSet<Decl> _recursive = [];

    private Recursion(UnitFacts facts) => _facts = facts;

    /// <summary>Entities of the recursive functions.</summary>
    public static HashSet<Decl> Find(UnitFacts facts)
    {
        var search = new Recursion(facts);
        foreach (Decl entity in facts.Functions.Keys)
        {
            if (!search._numbers.ContainsKey(entity))
            {
                search.Visit(entity);
            }
        }

        return search._recursive;
    }

    private int Visit(Decl entity)
    {
        int index = _numbers.Count;
        int low = index;
        _numbers[entity] = (index, low);
        _stack.Push(entity);
        _onStack.Add(entity);
        foreach (CallExpr call in _facts.Functions[entity].Calls)
        {
            if (call.Function?.Entity is not { } callee || !_facts.Functions.ContainsKey(callee))
            {
                continue;
            }

            if (callee == entity)
            {
                _recursive.Add(entity);
            }

            if (!_numbers.TryGetValue(callee, out (int Index, int Low) seen))
            {
                low = Math.Min(low, Visit(callee));
            }
            else if (_onStack.Contains(callee))
            {
                low = Math.Min(low, seen.Index);
            }
        }

        _numbers[entity] = (index, low);
        if (low == index)
        {
            Pop(entity);
        }

        return low;
    }

    private void Pop(Decl root)
    {
        bool alone = _stack.Peek() == root;
        Decl member;
        do
        {
            member = _stack.Pop();
            _onStack.Remove(member);
            if (!alone)
            {
                _recursive.Add(member);
            }
        }
        while (member != root);
    }
}
