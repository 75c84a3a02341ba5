using Iced.Intel;
using UpStare.Host.Elf;

namespace UpStare.Host.Verify;

/// <summary>Checks the machine code of a program or patch against what unrolling and reconstruction rest on.</summary>
public sealed class ProgramVerifier
{
    private readonly CodeReader _code;
    private readonly ProgramTables _tables;
    private readonly FunctionIndex _functions;
    private readonly ElfFile _file;
    private readonly VerifyResult _result = new();
    private readonly Dictionary<ulong, FunctionCost> _costs = [];
    private readonly Dictionary<ulong, string> _descriptors = [];
    private readonly Dictionary<ulong, PointEntry> _checkEnds = [];
    private readonly ReturnPlaces _places;
    private readonly Dictionary<ulong, ExitWalker> _exits = [];

    private ProgramVerifier(ElfFile file)
    {
        _file = file;
        _code = new CodeReader(file);
        _tables = ProgramTables.Read(file);
        _functions = new FunctionIndex(file);
        _places = new ReturnPlaces(_tables.Points);
    }

    /// <summary>Verifies a linked file.</summary>
    public static VerifyResult Verify(ElfFile file)
    {
        var verifier = new ProgramVerifier(file);
        verifier.Run();
        return verifier._result;
    }

    private void Run()
    {
        _result.IsStripped = _file.Section(".symtab") is null;
        foreach (FunctionInfo function in _tables.Functions)
        {
            var cost = new FunctionCost { Name = function.Key, File = function.File, Line = function.Line };
            cost.CloneBytes = function.ResumeClone != 0 && _functions.At(function.ResumeClone) is { } clone ? (long)clone.Size : 0;
            _costs[function.Address] = cost;
            _descriptors[function.Address] = function.Key;
            _result.Functions.Add(cost);
        }

        ulong flag = 0;
        foreach (PointEntry point in _tables.Points)
        {
            CheckPoint(point, ref flag);
        }

        CheckStubs();
        CheckClones();
        if (!_result.IsStripped)
        {
            CheckCalls();
        }

        _result.Exits = _exits.Count;
    }

    private void CheckPoint(PointEntry point, ref ulong flag)
    {
        if (!_descriptors.TryGetValue(point.Function, out string? key))
        {
            Report(point.Pc, "the point's function has no descriptor");
            return;
        }

        if (_code.IsPark(point.Pc))
        {
            return;
        }

        if (!_code.IsCheck(point.Pc, out ulong exit, out int length, out ulong itsFlag))
        {
            if (IsClone(point.Pc))
            {
                return; // __UP_CALLED: CheckPlace looks whether the calls find it
            }

            Report(point.Pc, "neither a check nor an entrance to the runtime ends here");
            return;
        }

        if (flag != 0 && flag != itsFlag)
        {
            Report(point.Pc, "the check reads another module's flag");
        }

        if (!_checkEnds.TryAdd(point.Pc, point))
        {
            return; // what is left of an inlined call's __UP_CALLED
        }

        flag = itsFlag;
        _result.Checks++;
        bool first = !_exits.TryGetValue(exit, out ExitWalker? walker);
        ElfSymbol? holder = _functions.At(point.Pc);
        if (first)
        {
            walker = new ExitWalker(_code, holder is { } function && !Calls(function).Any());
            _exits[exit] = walker;
            if (IsPinned(point.Pc))
            {
                return; // inlined into a pinned function: no thread parks above it, so this exit is never left by a return
            }

            walker.Walk(exit);
            foreach ((ulong address, string reason) in walker.Violations)
            {
                Report(address, reason + " (exit of " + key + ", point " + point.Point + ")");
            }
        }

        if (IsClone(point.Pc))
        {
            return;
        }

        FunctionCost cost = _costs[point.Function];
        cost.Checks++;
        cost.CheckBytes += length;
        cost.ExitBytes += first ? walker!.Size : 0;
        if (holder is { } hot && exit >= hot.Value && exit < hot.Value + hot.Size)
        {
            cost.InlineExits++;
        }
    }

    private bool IsClone(ulong pc) => _functions.IsClone(pc - 1);

    private bool IsPinned(ulong pc) => _file.Section("upstare_pinned") is { } text && pc > text.Address && pc <= text.Address + text.Size;

    private void CheckStubs()
    {
        foreach (StubInfo stub in _tables.Stubs)
        {
            _result.Stubs++;
            ReadOnlySpan<byte> bytes = _code.Bytes(stub.Stub);
            bool shaped = bytes.Length >= 10 && bytes[..6].SequenceEqual((ReadOnlySpan<byte>)[0xf3, 0x0f, 0x1e, 0xfa, 0xff, 0x25]);
            if (!shaped)
            {
                Report(stub.Stub, "the stub of " + stub.Key + " is not endbr64; jmp *slot(%rip)");
            }
            else if ((ulong)((long)(stub.Stub + 10) + BitConverter.ToInt32(bytes[6..])) != stub.Slot)
            {
                Report(stub.Stub, "the stub of " + stub.Key + " does not go through its slot");
            }
        }
    }

    /// <summary>All functions of a patch have clones, those of a program none; clones stand together, not between hot functions.</summary>
    private void CheckClones()
    {
        if (_tables.Functions.All(f => f.ResumeClone == 0))
        {
            return;
        }

        foreach (FunctionInfo function in _tables.Functions)
        {
            if (function.ResumeClone == 0 || _file.At(function.ResumeClone) is not { IsCode: true })
            {
                Report(function.ResumeClone, function.Key + " has no resume clone");
            }
        }

        var clones = new HashSet<ulong>();
        foreach (FunctionInfo function in _tables.Functions)
        {
            clones.Add(function.ResumeClone);
        }

        ElfSymbol? before = null;
        foreach (ElfSymbol symbol in _functions.All)
        {
            bool isClone = clones.Contains(symbol.Value);
            if (isClone && before is { } previous && IsHot(previous) && NextIsHot(symbol))
            {
                Report(symbol.Value, "the resume clone " + symbol.Name + " stands between hot functions");
            }

            before = symbol;
        }
    }

    private bool NextIsHot(ElfSymbol symbol) => _functions.At(symbol.Value + symbol.Size + 15 & ~15UL) is { } next && IsHot(next);

    private bool IsHot(ElfSymbol symbol)
    {
        foreach (FunctionInfo function in _tables.Functions)
        {
            if (function.Name == symbol.Name)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A call of a transformed function from hot code has a check behind it.</summary>
    private void CheckCalls()
    {
        var transformed = new HashSet<string>();
        foreach (FunctionInfo function in _tables.Functions)
        {
            transformed.Add(function.Key == "main" ? "upstare_main" : function.Name);
        }

        // A name that a static function shares with a plain one says nothing about the callee.
        var once = new Dictionary<string, int>();
        foreach (ElfSymbol symbol in _functions.All)
        {
            once[symbol.Name] = once.GetValueOrDefault(symbol.Name) + 1;
        }

        foreach (ElfSymbol symbol in _functions.All)
        {
            bool isClone = _functions.IsClone(symbol.Value);
            if (isClone || transformed.Contains(Stem(symbol.Name)))
            {
                CheckCallsOf(symbol, name => !isClone && transformed.Contains(Stem(name)) && once[name] == 1, name => transformed.Contains(Stem(name)));
            }
        }
    }

    /// <summary>The function's name without what gcc appends to parts and copies of it (.part.0, .constprop.1).</summary>
    private static string Stem(string symbol) => symbol.IndexOf('.') is > 0 and var dot ? symbol[..dot] : symbol;

    /// <summary>The calls in a function's code, in its order.</summary>
    private IEnumerable<Instruction> Calls(ElfSymbol symbol)
    {
        ulong end = symbol.Value + symbol.Size;
        for (ulong at = symbol.Value; at < end;)
        {
            if (!_code.Decode(at, out Instruction instruction))
            {
                at++;
                continue;
            }

            at = instruction.NextIP;
            if (instruction.FlowControl is FlowControl.Call or FlowControl.IndirectCall)
            {
                yield return instruction;
            }
        }
    }

    private void CheckCallsOf(ElfSymbol symbol, Func<string, bool> needsCheck, Func<string, bool> isTransformed)
    {
        ulong end = symbol.Value + symbol.Size;
        foreach (Instruction instruction in Calls(symbol))
        {
            string? target = instruction.FlowControl == FlowControl.Call && _functions.At(instruction.NearBranchTarget) is { } callee
                && callee.Value == instruction.NearBranchTarget ? callee.Name : null;
            if (CheckBehind(instruction.NextIP) is { } point)
            {
                _result.CallsChecked++;
                if (instruction.FlowControl == FlowControl.IndirectCall || (target is not null && isTransformed(target)))
                {
                    CheckPlace(instruction.NextIP, end, point);
                }

                continue;
            }

            _result.CallsUnchecked++;
            if (target is not null && needsCheck(target))
            {
                Report(instruction.IP, "no check after the call of " + target);
            }
        }
    }

    /// <summary>A thread whose frame is in the call looks its point up by the return address, and must not find another one.</summary>
    private void CheckPlace(ulong returns, ulong end, PointEntry point)
    {
        if (_places.Nearest(returns, end) is { } found && (found.Function != point.Function || found.Point != point.Point))
        {
            Report(returns, $"the return address is taken for point {found.Point} of {_descriptors.GetValueOrDefault(found.Function)}, "
                + $"its check is point {point.Point} of {_descriptors.GetValueOrDefault(point.Function)}");
        }
    }

    /// <summary>The check that comes, straight on from a call, before the next call or the function's end; null: none.</summary>
    private PointEntry? CheckBehind(ulong address)
    {
        for (int i = 0; i < 64; i++)
        {
            if (!_code.Decode(address, out Instruction instruction))
            {
                return null;
            }

            switch (instruction.FlowControl)
            {
                case FlowControl.Next:
                    address = instruction.NextIP;
                    break;
                case FlowControl.ConditionalBranch:
                    address = instruction.NextIP;
                    if (_checkEnds.TryGetValue(address, out PointEntry point))
                    {
                        return point;
                    }

                    break;
                case FlowControl.UnconditionalBranch:
                    address = instruction.NearBranchTarget;
                    break;
                default:
                    return null;
            }
        }

        return null;
    }

    private void Report(ulong address, string reason) => _result.Violations.Add(new Violation(_functions.NameAt(address), address, reason));
}
