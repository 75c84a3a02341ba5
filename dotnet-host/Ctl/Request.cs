using System.Globalization;
using System.Text;

namespace UpStare.Host.Ctl;

/// <summary>A request as the control protocol writes it (docs/protocol.md).</summary>
/// <param name="Command">status, check, apply, history or rollback.</param>
/// <param name="Patch">Bytes that follow the header line; empty for commands without a patch.</param>
/// <param name="TimeoutMs">How long the program may look for a safe state; null: its default.</param>
public sealed record Request(string Command, ReadOnlyMemory<byte> Patch, int? TimeoutMs)
{
    /// <summary>The header line up to where a mac would follow, without a newline.</summary>
    public string Header(string? extra = null)
    {
        StringBuilder line = new("upstare/1 ");
        line.Append(Command);
        if (TimeoutMs is int timeout)
        {
            line.Append(CultureInfo.InvariantCulture, $" timeout={timeout}");
        }

        if (Patch.Length > 0)
        {
            line.Append(CultureInfo.InvariantCulture, $" size={Patch.Length}");
        }

        return line.Append(extra).ToString();
    }
}
