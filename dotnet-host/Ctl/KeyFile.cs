using System.Security.Cryptography;

namespace UpStare.Host.Ctl;

/// <summary>The key that both ends of a TCP connection share (docs/protocol.md).</summary>
public static class KeyFile
{
    private const int Size = 32;

    /// <summary><c>UPSTARE_KEY_FILE</c>, or <c>~/.config/upstare/key</c>.</summary>
    public static string DefaultPath
    {
        get
        {
            string? path = Environment.GetEnvironmentVariable("UPSTARE_KEY_FILE");
            return string.IsNullOrEmpty(path)
                ? Path.Combine(Environment.GetEnvironmentVariable("HOME") ?? "/", ".config/upstare/key")
                : path;
        }
    }

    /// <summary>Reads a key. Throws <see cref="ControlException"/> where the file is missing, malformed or open to others.</summary>
    public static byte[] Read(string path)
    {
        string text;
        try
        {
            UnixFileMode mode = File.GetUnixFileMode(path);
            if (mode != (UnixFileMode.UserRead | UnixFileMode.UserWrite))
            {
                throw new ControlException(ExitCodes.NotPermitted, $"the key file {path} must have mode 0600: chmod 600 {path}");
            }

            text = File.ReadAllText(path).TrimEnd('\n');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ControlException(
                ExitCodes.NotPermitted,
                $"cannot read the key {path}: {e.Message.TrimEnd('.')}; copy the program's key there, or set UPSTARE_KEY_FILE");
        }

        byte[] key;
        try
        {
            key = Convert.FromHexString(text);
        }
        catch (FormatException)
        {
            key = [];
        }

        return key.Length == Size
            ? key
            : throw new ControlException(ExitCodes.NotPermitted, $"{path} is not a key: 64 hex digits are expected (upstare-ctl keygen)");
    }

    /// <summary>Writes a new key; an existing one is kept unless <paramref name="force"/> is set.</summary>
    public static void Create(string path, bool force)
    {
        try
        {
            string? directory = Path.GetDirectoryName(Path.GetFullPath(path));
            if (directory is not null && !Directory.Exists(directory))
            {
                Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            string made = path + "." + Environment.ProcessId;
            FileStreamOptions options = new()
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            };
            using (StreamWriter writer = new(made, options))
            {
                writer.Write(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Size)) + "\n");
            }

            try
            {
                File.Move(made, path, overwrite: force);
            }
            catch (IOException) when (!force && File.Exists(path))
            {
                File.Delete(made);
                throw new ControlException(ExitCodes.Usage, $"{path} exists; --force replaces it, and programs that run with it refuse the new one");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ControlException(ExitCodes.NotPermitted, $"cannot write {path}: {e.Message}");
        }
    }
}
