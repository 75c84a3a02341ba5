using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace UpStare.Host.Ctl;

/// <summary>The commands that ask once and print.</summary>
public static class Commands
{
    /// <summary>How long a program may take to answer what needs no safe state; it may be busy with an update.</summary>
    public const int AnswerMs = 30_000;

    private const int DefaultTimeoutMs = 10_000;
    private const int ListMs = 2_000;

    /// <summary>list</summary>
    public static int List(ListOptions options)
    {
        List<Target.Found> all = Target.All(out List<string> notPermitted);
        List<ListedProgram> listed = [];
        foreach (Target.Found found in all)
        {
            Answer? answer = null;
            try
            {
                answer = Channel.Ask(new UnixDomainSocketEndPoint(found.Socket), new Request("status", default, null), ListMs);
            }
            catch (ControlException)
            {
                // shown as busy
            }

            bool answered = answer?.Exit == ExitCodes.Done;
            listed.Add(new ListedProgram(
                found.Process.Pid,
                found.Process.Parent,
                found.Process.Name,
                found.Process.Executable,
                found.Socket,
                answered ? answer!.String("version") : null,
                answered ? (int?)answer!.Number("updates") : null,
                !answered));
        }

        if (options.Json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(listed, OutputJson.Default.ListListedProgram));
            return ExitCodes.Done;
        }

        foreach (ListedProgram p in listed)
        {
            string state = p.Busy ? "busy" : string.Create(CultureInfo.InvariantCulture, $"version {Output.Short(p.Version)}, updates {p.Updates}");
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{p.Pid,7} {p.Program,-16} {state}  {p.Executable}"));
        }

        if (listed.Count == 0)
        {
            Console.Error.WriteLine("upstare-ctl: no updateable program runs (built with upstare-cc, started by this user, not with UPSTARE=off)");
        }

        foreach (string path in notPermitted)
        {
            Console.Error.WriteLine($"upstare-ctl: not permitted: {path}");
        }

        return ExitCodes.Done;
    }

    /// <summary>TARGET status</summary>
    public static int Status(string target, StatusOptions options)
    {
        EndPoint at = Target.Resolve(target);
        Answer answer = Channel.Ask(at, new Request("status", default, null), AnswerMs);
        if (options.Json)
        {
            Console.Out.WriteLine(answer.Text);
        }
        else if (answer.Exit != ExitCodes.Done)
        {
            Output.Result(Console.Error, target, answer);
        }
        else
        {
            Output.Status(Console.Out, answer);
        }

        return answer.Exit;
    }

    /// <summary>TARGET history</summary>
    public static int History(string target, HistoryOptions options)
    {
        Answer answer = Channel.Ask(Target.Resolve(target), new Request("history", default, null), AnswerMs);
        if (options.Json)
        {
            Console.Out.WriteLine(answer.Text);
        }
        else if (answer.Exit != ExitCodes.Done)
        {
            Output.Result(Console.Error, target, answer);
        }
        else
        {
            Output.History(Console.Out, answer);
        }

        return answer.Exit;
    }

    /// <summary>TARGET rollback</summary>
    public static int Rollback(string target, RollbackOptions options) =>
        Print(target, Channel.Ask(Target.Resolve(target), new Request("rollback", default, null), AnswerMs), options.Json);

    /// <summary>TARGET check PATCH</summary>
    public static int Check(string target, CheckOptions options)
    {
        Request request = PatchRequest("check", options.Patch, options.Timeout);
        return Print(target, Channel.Ask(Target.Resolve(target), request, AnswerLimit(options.Timeout)), options.Json);
    }

    /// <summary>Prints an answer and returns its exit code: JSON and success on standard output, the rest on standard error.</summary>
    public static int Print(string target, Answer answer, bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(answer.Text);
        }
        else
        {
            Output.Result(answer.Exit == ExitCodes.Done ? Console.Out : Console.Error, target, answer);
        }

        return answer.Exit;
    }

    /// <summary>How long to wait for an answer that may take that timeout: loading a large patch has to fit in too.</summary>
    public static int AnswerLimit(int? timeout) => (int)Math.Min((timeout ?? DefaultTimeoutMs) + 60_000L, int.MaxValue);

    /// <summary>A request that carries a patch. Throws <see cref="ControlException"/> where the file or the timeout is no good.</summary>
    public static Request PatchRequest(string command, string path, int? timeout)
    {
        const long MaxPatch = 1L << 30;
        if (timeout is < 0 or > 86_400_000)
        {
            throw new ControlException(ExitCodes.Usage, "--timeout is a number of milliseconds up to a day");
        }

        byte[] patch;
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > MaxPatch })
            {
                throw new ControlException(ExitCodes.WrongProgram, $"{path} is larger than a patch may be (1 GiB)");
            }

            patch = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ControlException(ExitCodes.Usage, $"cannot read the patch: {e.Message}");
        }

        return patch.Length > 0
            ? new Request(command, patch, timeout)
            : throw new ControlException(ExitCodes.WrongProgram, $"{path} is empty, not a patch; upstare-patch OLD NEW -o {path} makes one");
    }

    /// <summary>An error as a JSON object.</summary>
    public static string ErrorJson(int exitCode, string message) =>
        JsonSerializer.Serialize(new ErrorAnswer(exitCode, message), OutputJson.Default.ErrorAnswer);
}
