using Iced.Intel;

namespace UpStare.Host.Verify;

/// <summary>
/// Follows a cold exit along all of its paths, from the target of the check's jne to ret, and looks for instructions that
/// would write below the stack pointer: popped callee frames lie there, and their memory must survive.
/// </summary>
internal sealed class ExitWalker(CodeReader code)
{
    private const int Limit = 20_000;

    private readonly HashSet<ulong> _seen = [];
    private readonly Queue<(ulong Address, bool AfterPark)> _work = new();

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
        _work.Enqueue((exit, false));
        while (_work.Count > 0 && _seen.Count < Limit)
        {
            (ulong address, bool afterPark) = _work.Dequeue();
            Follow(address, afterPark);
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

    private void Follow(ulong address, bool afterPark)
    {
        bool canary = false;
        while (_seen.Add(address))
        {
            if (!code.Decode(address, out Instruction instruction))
            {
                Violations.Add((address, "no code"));
                return;
            }

            Size += instruction.Length;
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
                    if (afterPark)
                    {
                        // Zero: nothing happened, back to the hot body. Only the other way belongs to the exit.
                        afterPark = false;
                        address = jumpsIfZero ? next : instruction.NearBranchTarget;
                    }
                    else if (canary)
                    {
                        // The other way leads to __stack_chk_fail, which does not return.
                        canary = false;
                        address = jumpsIfZero ? instruction.NearBranchTarget : next;
                    }
                    else
                    {
                        _work.Enqueue((instruction.NearBranchTarget, false));
                        address = next;
                    }

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

                default:
                    Violations.Add((address, "the exit holds " + instruction.Mnemonic.ToString().ToLowerInvariant()));
                    return;
            }
        }
    }

    /// <summary>Where the asm statement of a park ends: six bytes from its jump's start, however the linker wrote the jump.</summary>
    private static ulong ParkEnd(Instruction jump) => jump.IP + 6;

    private static string? Forbidden(in Instruction instruction)
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
            && (long)instruction.MemoryDisplacement64 < 0 && instruction.Mnemonic is not (Mnemonic.Cmp or Mnemonic.Test or Mnemonic.Lea))
        {
            return "the exit writes below the stack pointer";
        }

        if (instruction.Mnemonic == Mnemonic.Sub && instruction.Op0Kind == OpKind.Register && instruction.Op0Register == Register.RSP)
        {
            return "the exit moves the stack pointer down";
        }

        return null;
    }
}
