using UpStare.Frontend.Model;

namespace UpStare.Frontend.Text;

/// <summary>
/// The line markers of gcc's preprocessed output (<c># 12 "file.h" 1 3</c>, also <c>#line 12 "file.h"</c>): from offsets to
/// the user's places.
/// </summary>
public sealed class LineMap
{
    private readonly int[] _lineStarts;
    private readonly int _lineCount;
    private readonly List<int> _markerLine = []; // physical line that the marker describes (0-based)
    private readonly List<int> _markerUserLine = [];
    private readonly List<string> _markerFile = [];
    private readonly List<bool> _markerSystem = [];
    private readonly string _sourceFile;

    /// <summary>Reads the markers of a text.</summary>
    public LineMap(byte[] text, string sourceFile)
    {
        _sourceFile = sourceFile;
        int[] starts = new int[(text.Length / 24) + 16];
        var files = new Dictionary<string, string>();
        int count = 0;
        int at = 0;
        while (at <= text.Length)
        {
            if (count == starts.Length)
            {
                Array.Resize(ref starts, count * 2);
            }

            starts[count++] = at;
            if (at < text.Length && text[at] == '#')
            {
                ReadMarker(text, at, count, files);
            }

            int end = text.AsSpan(at).IndexOf((byte)'\n');
            if (end < 0)
            {
                break;
            }

            at += end + 1;
        }

        _lineStarts = starts;
        _lineCount = count;
    }

    private void ReadMarker(byte[] text, int at, int nextLine, Dictionary<string, string> files)
    {
        at = SkipBlanks(text, at + 1);
        if (CText.IsWordAt(text, at, "line"u8))
        {
            at = SkipBlanks(text, at + 4);
        }

        if (at >= text.Length || !CText.IsDigit(text[at]))
        {
            return;
        }

        int line = 0;
        while (at < text.Length && CText.IsDigit(text[at]))
        {
            line = unchecked((line * 10) + (text[at++] - '0'));
        }

        at = SkipBlanks(text, at);
        string file = _markerFile.Count > 0 ? _markerFile[^1] : _sourceFile;
        bool system = false;
        if (CText.Is(text, at, '"'))
        {
            int end = CText.TokenEnd(text, at);
            string raw = System.Text.Encoding.UTF8.GetString(text, at + 1, Math.Max(0, end - at - 2));
            if (!files.TryGetValue(raw, out string? known))
            {
                known = Unescape(raw);
                files.Add(raw, known);
            }

            file = known;
            for (at = end; at < text.Length && text[at] is (byte)' ' or (byte)'1' or (byte)'2' or (byte)'3' or (byte)'4'; at++)
            {
                system |= text[at] == '3';
            }
        }

        _markerLine.Add(nextLine);
        _markerUserLine.Add(line);
        _markerFile.Add(file);
        _markerSystem.Add(system && IsOfTheSystem(file));
    }

    private static string Unescape(string raw) =>
        raw.Contains('\\') ? raw.Replace("\\\"", "\"").Replace("\\\\", "\\") : raw;

    private static int SkipBlanks(byte[] text, int at)
    {
        while (at < text.Length && text[at] is (byte)' ' or (byte)'\t')
        {
            at++;
        }

        return at;
    }

    private int Line(int offset)
    {
        int index = Array.BinarySearch(_lineStarts, 0, _lineCount, offset);
        return index >= 0 ? index : ~index - 1;
    }

    private int Marker(int line)
    {
        int low = 0;
        int high = _markerLine.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_markerLine[middle] <= line)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low - 1;
    }

    /// <summary>The user's file, line and column (in the preprocessed line) of an offset.</summary>
    public SourcePlace PlaceOf(int offset)
    {
        int line = Line(offset);
        int marker = Marker(line);
        int column = offset - _lineStarts[line] + 1;
        return marker < 0
            ? new SourcePlace(_sourceFile, line + 1, column)
            : new SourcePlace(_markerFile[marker], _markerUserLine[marker] + line - _markerLine[marker], column);
    }

    /// <summary>
    /// Whether the offset lies in a system header: flag 3 stands at the marker before it, and the file is in one of gcc's own folders. What a
    /// system header's macro brings into the user's file has the flag, too, and so has what -isystem names.
    /// </summary>
    public bool IsSystem(int offset)
    {
        int marker = Marker(Line(offset));
        return marker >= 0 && _markerSystem[marker];
    }

    private static bool IsOfTheSystem(string file) => file.Contains("/usr/include/", StringComparison.Ordinal)
        || file.StartsWith("/usr/local/include/", StringComparison.Ordinal) || file.Contains("/lib/gcc/", StringComparison.Ordinal);
}
