using Iced.Intel;
using UpStare.Host.Elf;

namespace UpStare.Host.Verify;

/// <summary>Decodes single instructions of a linked file and knows the shapes of the prelude's asm statements.</summary>
internal sealed class CodeReader(ElfFile file)
{
    private Dictionary<ulong, string>? _slots;

    /// <summary>The words that the dynamic linker fills with addresses of functions: System V ABI, AMD64, R_X86_64_JUMP_SLOT and GLOB_DAT.</summary>
    private Dictionary<ulong, string> Slots => _slots ??= ReadSlots();

    /// <summary>Decodes the instruction at an address; false where there is no code.</summary>
    public bool Decode(ulong address, out Instruction instruction)
    {
        if (file.At(address) is not { IsCode: true })
        {
            instruction = default;
            return false;
        }

        ReadOnlySpan<byte> bytes = file.BytesAt(address);
        var decoder = Decoder.Create(64, bytes[..Math.Min(15, bytes.Length)].ToArray(), address);
        decoder.Decode(out instruction);
        return !instruction.IsInvalid;
    }

    /// <summary>The bytes at an address.</summary>
    public ReadOnlySpan<byte> Bytes(ulong address) => file.BytesAt(address);

    /// <summary>The function of another module that a call of a procedure linkage table's entry leads to; null: it is none.</summary>
    public string? Imported(ulong entry)
    {
        for (ulong at = entry; Decode(at, out Instruction instruction); at = instruction.NextIP)
        {
            if (instruction.Mnemonic != Mnemonic.Endbr64)
            {
                bool jumps = instruction.FlowControl == FlowControl.IndirectBranch && instruction.IsIPRelativeMemoryOperand;
                return jumps ? Slots.GetValueOrDefault(instruction.IPRelativeMemoryAddress) : null;
            }
        }

        return null;
    }

    /// <summary>
    /// Whether a check (__UP_CHECK: cmpb $0, flag(%rip); jne exit) ends at an address; its exit, its length, and the flag.
    /// </summary>
    public bool IsCheck(ulong end, out ulong exit, out int length, out ulong flag)
    {
        foreach ((int jump, bool near) in (ReadOnlySpan<(int, bool)>)[(6, true), (2, false)])
        {
            ulong start = end - (ulong)(7 + jump);
            ReadOnlySpan<byte> bytes = file.BytesAt(start);
            if (bytes.Length < 7 + jump || bytes[0] != 0x80 || bytes[1] != 0x3d || bytes[6] != 0)
            {
                continue;
            }

            bool matches = near ? bytes[7] == 0x0f && bytes[8] == 0x85 : bytes[7] == 0x75;
            if (matches)
            {
                int target = near ? BitConverter.ToInt32(bytes[9..]) : (sbyte)bytes[8];
                exit = (ulong)((long)end + target);
                length = 7 + jump;
                flag = (ulong)((long)(start + 7) + BitConverter.ToInt32(bytes[2..]));
                return true;
            }
        }

        exit = flag = 0;
        length = 0;
        return false;
    }

    /// <summary>
    /// Whether an entrance to the runtime (__UP_ENTER: lea entry(%rip), %r11; lea back(%rip), %r10; jmp *upstare_point) has its
    /// return place, with its je, at an address.
    /// </summary>
    public bool IsPark(ulong end)
    {
        ReadOnlySpan<byte> bytes = file.BytesAt(end - 20);
        if (bytes.Length < 21 || bytes[0] != 0x4c || bytes[1] != 0x8d || bytes[2] != 0x1d
            || bytes[7] != 0x4c || bytes[8] != 0x8d || bytes[9] != 0x15 || BitConverter.ToInt32(bytes[10..]) != 6)
        {
            return false;
        }

        bool isZero = bytes[20] == 0x74 || (bytes[20] == 0x0f && bytes.Length > 21 && bytes[21] == 0x84);

        // The linker turns jmp *x@GOTPCREL(%rip) into jmp x; nop where x is in the same module.
        return isZero && ((bytes[14] == 0xff && bytes[15] == 0x25) || (bytes[14] == 0xe9 && bytes[19] == 0x90));
    }

    private Dictionary<ulong, string> ReadSlots()
    {
        const int EntrySize = 24;
        var slots = new Dictionary<ulong, string>();
        List<ElfSymbol> symbols = file.DynamicSymbols();
        foreach (string name in (string[])[".rela.plt", ".rela.dyn"])
        {
            ReadOnlySpan<byte> entries = file.Section(name) is { } section ? file.Bytes(section) : [];
            for (; entries.Length >= EntrySize; entries = entries[EntrySize..])
            {
                ulong info = BitConverter.ToUInt64(entries[8..]);
                int symbol = (int)(info >> 32);
                if ((uint)info is 6 or 7 && symbol < symbols.Count)
                {
                    slots[BitConverter.ToUInt64(entries)] = symbols[symbol].Name;
                }
            }
        }

        return slots;
    }
}
