using System.Text.Json.Serialization;

namespace UpStare.Host.Ctl;

/// <summary>One element of <c>upstare-ctl list --json</c>.</summary>
public sealed record ListedProgram(
    int Pid, int Ppid, string Program, string Executable, string Socket, string? Version, int? Updates, bool Busy);

/// <summary>An error as JSON; also what <c>wait</c> prints.</summary>
public sealed record ErrorAnswer(int Exit, string Message);

/// <summary>The JSON that the tool writes itself; answers of programs are passed on as they came.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(List<ListedProgram>))]
[JsonSerializable(typeof(ErrorAnswer))]
[JsonSerializable(typeof(string))]
public sealed partial class OutputJson : JsonSerializerContext;
