using System.Text;

namespace UpStare.Instrument.Emission;

/// <summary>Replacements of ranges of the unit's text, applied whenever a range is copied.</summary>
internal sealed class EditSet(string source)
{
    private readonly List<Edit> _edits = [];
    private bool _sorted = true;

    private readonly record struct Edit(int Start, int End, string Text);

    /// <summary>The unit's text (Latin-1: one char for each byte).</summary>
    public string Source { get; } = source;

    /// <summary>Puts <paramref name="text"/> in place of [start, end).</summary>
    public void Replace(int start, int end, string text)
    {
        _edits.Add(new Edit(start, end, text));
        _sorted = false;
    }

    /// <summary>Puts text in front of an offset.</summary>
    public void Insert(int at, string text) => Replace(at, at, text);

    /// <summary>Overwrites a range with blanks (line ends stay).</summary>
    public void Blank(int start, int end)
    {
        var text = new StringBuilder();
        for (int i = start; i < end; i++)
        {
            text.Append(Source[i] == '\n' ? '\n' : ' ');
        }

        Replace(start, end, text.ToString());
    }

    /// <summary>The text of [start, end) with all edits that lie inside.</summary>
    public string Copy(int start, int end)
    {
        if (!_sorted)
        {
            Sort();
        }

        int i = FirstAtOrAfter(start);
        if (i == _edits.Count || _edits[i].Start > end || (_edits[i].Start == end && start != end))
        {
            return Source[start..end];
        }

        var text = new StringBuilder();
        int at = start;
        for (; i < _edits.Count && _edits[i].Start < end && _edits[i].End <= end; i++)
        {
            Edit e = _edits[i];
            if (e.Start < at)
            {
                continue;
            }

            text.Append(Source, at, e.Start - at).Append(e.Text);
            at = e.End;
        }

        return text.Append(Source, at, end - at).ToString();
    }

    private void Sort()
    {
        // A stable order: several insertions at one place stay in the order they were made.
        var order = new List<(Edit Edit, int Index)>(_edits.Count);
        for (int i = 0; i < _edits.Count; i++)
        {
            order.Add((_edits[i], i));
        }

        order.Sort((a, b) =>
        {
            int c = a.Edit.Start.CompareTo(b.Edit.Start);
            c = c != 0 ? c : a.Edit.End.CompareTo(b.Edit.End);
            return c != 0 ? c : a.Index.CompareTo(b.Index);
        });
        _edits.Clear();
        foreach ((Edit edit, int _) in order)
        {
            _edits.Add(edit);
        }

        _sorted = true;
    }

    private int FirstAtOrAfter(int start)
    {
        int low = 0;
        int high = _edits.Count;
        while (low < high)
        {
            int mid = (low + high) / 2;
            if (_edits[mid].Start < start)
            {
                low = mid + 1;
            }
            else
            {
                high = mid;
            }
        }

        return low;
    }
}
