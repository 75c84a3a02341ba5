using System.Diagnostics;
using System.Globalization;
using System.Net;
using Spectre.Console;

namespace UpStare.Host.Ctl;

/// <summary>TARGET apply PATCH [--timeout MS] [--when EXPR] [--within SECONDS]</summary>
public static class ApplyCommand
{
    private const int PollMs = 200;
    private const double WhenSeconds = 86_400;

    /// <summary>Runs it and returns the exit code.</summary>
    public static int Run(string target, ApplyOptions options)
    {
        WhenExpression? when = options.When is null ? null : WhenExpression.Parse(options.When);
        double within = options.Within ?? (when is null ? 0 : WhenSeconds);
        if (!(within >= 0))
        {
            throw new ControlException(ExitCodes.Usage, "--within is a number of seconds");
        }

        Request request = Commands.PatchRequest("apply", options.Patch, options.Timeout);
        EndPoint at = Target.Resolve(target);
        Answer answer = Progress(options.Json, $"updating {target}", say => Attempt(at, request, when, TimeSpan.FromSeconds(within), say));
        int code = Commands.Print(target, answer, options.Json);
        if (code == ExitCodes.Refused && !options.Json)
        {
            Console.Error.WriteLine("  the program goes on as before; try again with a longer --timeout, or --within SECONDS to try until it fits");
        }

        return code;
    }

    private static Answer Attempt(EndPoint at, Request request, WhenExpression? when, TimeSpan within, Action<string> say)
    {
        Stopwatch clock = Stopwatch.StartNew();
        for (int attempt = 1; ; attempt++)
        {
            while (when is not null && !Holds(at, when))
            {
                if (clock.Elapsed > within)
                {
                    throw new ControlException(ExitCodes.Refused, "the condition of --when did not come true; nothing was changed");
                }

                say("waiting for --when");
                Thread.Sleep(PollMs);
            }

            Answer answer = Channel.Ask(at, request, Commands.AnswerLimit(request.TimeoutMs));
            if (answer.Exit != ExitCodes.Refused || clock.Elapsed >= within)
            {
                return answer;
            }

            say(string.Create(CultureInfo.InvariantCulture, $"refused {attempt} times, trying again"));
            Thread.Sleep(PollMs);
        }
    }

    private static bool Holds(EndPoint at, WhenExpression when)
    {
        Answer? status = when.NeedsStatus ? Channel.Ask(at, new Request("status", default, null), Commands.AnswerMs) : null;
        return when.Holds(DateTime.Now, Load(), status);
    }

    private static double Load()
    {
        try
        {
            return double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            return 0;
        }
    }

    /// <summary>Does the work under a spinner where somebody looks at it.</summary>
    private static Answer Progress(bool json, string title, Func<Action<string>, Answer> work)
    {
        if (json || Console.IsErrorRedirected || Console.IsOutputRedirected)
        {
            return work(_ => { });
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return console.Status().Start(Markup.Escape(title), context => work(text => context.Status(Markup.Escape(title + ": " + text))));
    }
}
