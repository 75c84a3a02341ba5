using System.Text.Json;

namespace UpStare.Host.Ctl;

/// <summary>What a program answered: one JSON object (docs/protocol.md).</summary>
public sealed class Answer
{
    private readonly JsonElement _root;

    private Answer(JsonElement root, string text)
    {
        _root = root;
        Text = text;
    }

    /// <summary>The object as it came.</summary>
    public string Text { get; }

    /// <summary>Exit code of the contract.</summary>
    public int Exit => (int)(Number("exit") ?? ExitCodes.NotPermitted);

    /// <summary>What the program has to say to people.</summary>
    public string? Message => String("message");

    /// <summary>Parses an answer; throws <see cref="ControlException"/> where it is none.</summary>
    public static Answer Parse(ReadOnlyMemory<byte> text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return new Answer(document.RootElement.Clone(), System.Text.Encoding.UTF8.GetString(text.Span));
            }
        }
        catch (JsonException)
        {
            // said below
        }

        throw new ControlException(ExitCodes.NotPermitted, "what listens there is not a program built with upstare-cc");
    }

    /// <summary>A member that is a string.</summary>
    public string? String(string name) => String(_root, name);

    /// <summary>A member that is a number.</summary>
    public double? Number(string name) => Number(_root, name);

    /// <summary>The elements of a member that is an array; none if it is missing.</summary>
    public IEnumerable<JsonElement> List(string name) =>
        _root.TryGetProperty(name, out JsonElement list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : [];

    /// <summary>A member that is an object.</summary>
    public JsonElement? Object(string name) =>
        _root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Object ? value : null;

    /// <summary>A string of an element.</summary>
    public static string? String(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>A number of an element.</summary>
    public static double? Number(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    /// <summary>A truth value of an element.</summary>
    public static bool? Bool(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind is (JsonValueKind.True or JsonValueKind.False) ? value.GetBoolean() : null;
}
