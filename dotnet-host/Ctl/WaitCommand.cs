using System.Diagnostics;
using System.Net;

namespace UpStare.Host.Ctl;

/// <summary>
/// TARGET wait [PATCH]: a program serves one request after the other, so an answer to status means that no update is under
/// way; with a patch, check is repeated until it would apply.
/// </summary>
public static class WaitCommand
{
    private const int PollMs = 200;

    /// <summary>Runs it and returns the exit code.</summary>
    public static int Run(string target, WaitOptions options)
    {
        if (!(options.Within >= 0))
        {
            throw new ControlException(ExitCodes.Usage, "--within is a number of seconds");
        }

        EndPoint at = Target.Resolve(target);
        TimeSpan within = TimeSpan.FromSeconds(options.Within);
        int limit = (int)Math.Clamp(within.TotalMilliseconds, 1, int.MaxValue);
        if (options.Patch is null)
        {
            Answer status = Channel.Ask(at, new Request("status", default, null), limit);
            Console.Out.WriteLine(options.Json ? status.Text : $"{target}: no update is under way");
            return status.Exit;
        }

        Request request = Commands.PatchRequest("check", options.Patch, Math.Min(limit, 1000));
        Stopwatch clock = Stopwatch.StartNew();
        while (true)
        {
            Answer answer = Channel.Ask(at, request, Commands.AnswerLimit(request.TimeoutMs));
            if (answer.Exit != ExitCodes.Refused || clock.Elapsed >= within)
            {
                return Commands.Print(target, answer, options.Json);
            }

            Thread.Sleep(PollMs);
        }
    }
}
