using Iced.Intel;

namespace UpStare.Host.Verify;

/// <summary>
/// Follows a cold exit along all of its paths, from the target of the check's jne to ret, and looks for instructions that
/// would write below the stack pointer: popped callee frames lie there, and their memory must survive. The exit of an inlined
/// callee goes on in its caller: the caller's check is always taken then (the flag is raised), and the runtime always answers
/// that it unrolls.
/// </summary>
/// <param name="code">The program's code.</param>
/// <param name="isLeaf">The check's function makes no calls: no callee's frame can lie below, and gcc keeps variables in the red zone there (System V ABI, 3.2.2).</param>
internal sealed class ExitWalker(CodeReader code, bool isLeaf)
{
    private const long RedZone = 128;

    private const int Limit = 20_000;

    private readonly HashSet<ulong> _seen = [];
    private readonly HashSet<ulong> _counted = [];
    private readonly Queue<ulong> _work = new();

    /// <summary>What was found wrong: address and reason.</summary>
    public List<(ulong Address, string Reason)> Violations { get; } = [];

    /// <summary>Bytes of instructions on the exit's paths.</summary>
    public int Size { get; private set; }

    /// <summary>A path led to ret.</summary>
    public bool Returns { get; private set; }

    /// <summary>The exit enters the runtime where it does not unroll.</summary>
    public bool Parks { get; private set; }

    /// <summary>Walks the exit that begins at an address.</summary>
    public void Walk(ulong exit)
    {
        _work.Enqueue(exit);
        while (_work.Count > 0 && _seen.Count < Limit)
        {
            Follow(_work.Dequeue());
        }

        if (_seen.Count >= Limit)
        {
            Violations.Add((exit, "the exit does not end"));
        }
        else if (!Returns && Violations.Count == 0)
        {
            Violations.Add((exit, "the exit does not return"));
        }
    }

    /// <param name="address">Where to go on.</param>
    private void Follow(ulong address)
    {
        bool canary = false, afterPark = false;
        while (_seen.Add(address))
        {
            if (!code.Decode(address, out Instruction instruction))
            {
                Violations.Add((address, "no code"));
                return;
            }

            Size += _counted.Add(address) ? instruction.Length : 0;
            ulong next = instruction.NextIP;
            switch (instruction.FlowControl)
            {
                case FlowControl.Next:
                    string? wrong = Forbidden(instruction);
                    if (wrong is not null)
                    {
                        Violations.Add((address, wrong));
                        return;
                    }

                    canary |= instruction.MemorySegment == Register.FS && instruction.MemoryDisplacement64 == 0x28;
                    address = next;
                    break;

                case FlowControl.ConditionalBranch:
                    bool jumpsIfZero = instruction.ConditionCode == ConditionCode.e;
                    ulong zero = jumpsIfZero ? instruction.NearBranchTarget : next;
                    ulong notZero = jumpsIfZero ? next : instruction.NearBranchTarget;
                    if (afterPark)
                    {
                        // Zero: nothing happened, back to the hot body. Only the other way belongs to the exit.
                        address = notZero;
                    }
                    else if (canary)
                    {
                        // The other way leads to __stack_chk_fail, which does not return.
                        address = zero;
                    }
                    else if (code.IsCheck(next, out ulong exit, out _, out _))
                    {
                        address = exit;
                    }
                    else
                    {
                        _work.Enqueue(instruction.NearBranchTarget);
                        address = next;
                    }

                    canary = afterPark = false;
                    break;

                case FlowControl.UnconditionalBranch when !code.IsPark(ParkEnd(instruction)):
                    address = instruction.NearBranchTarget;
                    break;

                case FlowControl.UnconditionalBranch or FlowControl.IndirectBranch when code.IsPark(ParkEnd(instruction)):
                    Parks = true;
                    afterPark = true;
                    address = ParkEnd(instruction);
                    break;

                case FlowControl.Return:
                    Returns = true;
                    return;

                case FlowControl.Call when code.Imported(instruction.NearBranchTarget)?.StartsWith("__asan_report_", StringComparison.Ordinal) == true:
                    // AddressSanitizer has found something, and ends the program.
                    return;

                default:
                    Violations.Add((address, "the exit holds " + instruction.Mnemonic.ToString().ToLowerInvariant()));
                    return;
            }
        }
    }

    /// <summary>Where the asm statement of a park ends: six bytes from its jump's start, however the linker wrote the jump.</summary>
    private static ulong ParkEnd(Instruction jump) => jump.IP + 6;

    private string? Forbidden(in Instruction instruction)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Push or Mnemonic.Pushfq or Mnemonic.Enter:
                return "the exit holds a push";
            case Mnemonic.Syscall or Mnemonic.Sysenter or Mnemonic.Int:
                return "the exit makes a system call";
        }

        // A store below rsp, or rsp moved down.
        if (instruction.Op0Kind == OpKind.Memory && instruction.MemoryBase == Register.RSP && instruction.MemoryIndex == Register.None
            && (long)instruction.MemoryDisplacement64 < (isLeaf ? -RedZone : 0) && instruction.Mnemonic is not (Mnemonic.Cmp or Mnemonic.Test or Mnemonic.Lea))
        {
            return "the exit writes below the stack pointer";
        }

        // gcc frees 128 bytes by "sub $-128, %rsp", which is shorter than "add $128, %rsp".
        if (instruction.Mnemonic == Mnemonic.Sub && instruction.Op0Kind == OpKind.Register && instruction.Op0Register == Register.RSP
            && !(instruction.Op1Kind is OpKind.Immediate8to64 or OpKind.Immediate32to64 && (long)instruction.GetImmediate(1) < 0))
        {
            return "the exit moves the stack pointer down";
        }

        return null;
    }
}
