using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace UpStare.Scenario.Tests;

/// <summary>A running test program: read its lines, update it, let it go on, compare. Whatever fails shows all that was seen.</summary>
internal sealed class Session : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly Scenario _scenario;
    private readonly Process _process;
    private readonly BlockingCollection<string> _lines = [];
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly StringBuilder _log = new();

    public Session(Scenario scenario, string program, string version, string[] arguments)
    {
        _scenario = scenario;
        Version = version;
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Path.GetDirectoryName(program)!,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, e) =>
        {
            if (e.Data is null)
            {
                _lines.CompleteAdding();
            }
            else
            {
                _lines.Add(e.Data);
            }
        };
        _process.ErrorDataReceived += (_, e) =>
        {
            lock (_errors)
            {
                _errors.Append(e.Data).Append('\n');
            }
        };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The version that runs, as far as the updates were said to be done.</summary>
    public string Version { get; private set; }

    public int Pid => _process.Id;

    public bool IsRunning => !_process.HasExited;

    /// <summary>The next line of output; null at its end.</summary>
    public string? ReadLine()
    {
        var clock = Stopwatch.StartNew();
        while (!_lines.IsCompleted)
        {
            if (_lines.TryTake(out var line, 100))
            {
                _output.Append(line).Append('\n');
                return line;
            }

            if (clock.Elapsed > _patience)
            {
                Fail("no further line");
            }
        }

        return null;
    }

    /// <summary>Reads up to a line that begins so.</summary>
    public Session WaitFor(string start)
    {
        while (ReadLine() is { } line)
        {
            if (line.StartsWith(start, StringComparison.Ordinal))
            {
                return this;
            }
        }

        Fail($"the output ended before '{start}'");
        return this;
    }

    public Session WaitForGate() => WaitFor("gate ");

    /// <summary>Updates to another version, which has to work.</summary>
    public JsonElement Update(string to)
    {
        var answer = Apply(_scenario.Patch(Version, to));
        if (answer.ExitCode != 0)
        {
            Fail($"the update from {Version} to {to} was not done");
        }

        Version = to;
        return Json(answer);
    }

    /// <summary>Takes note of an update that the caller has seen done.</summary>
    public void Went(string to) => Version = to;

    /// <summary>Asks for an update and returns the tool's answer.</summary>
    public Outcome Apply(string patch, int timeout = 10000) => Control("apply", patch, "--timeout", timeout.ToString(CultureInfo.InvariantCulture), "--json");

    public Outcome Control(params string[] arguments)
    {
        var outcome = Tools.Execute(Tools.Temporary, Tools.Ctl, [Pid.ToString(CultureInfo.InvariantCulture), .. arguments]);
        lock (_log)
        {
            _log.Append(outcome).Append('\n');
        }

        return outcome;
    }

    public JsonElement Json(Outcome outcome)
    {
        try
        {
            return JsonDocument.Parse(outcome.Output).RootElement;
        }
        catch (JsonException e)
        {
            Fail("not JSON: " + e.Message);
            throw;
        }
    }

    /// <summary>Opens the gate that the program waits at.</summary>
    public Session Send(string line = "")
    {
        _process.StandardInput.Write(line + "\n");
        _process.StandardInput.Flush();
        return this;
    }

    /// <summary>Opens all gates that are to come, and waits for the end.</summary>
    public string Finish(int exitCode = 0)
    {
        _process.StandardInput.Close();
        while (ReadLine() is not null)
        {
        }

        if (!_process.WaitForExit(_patience))
        {
            Fail("it does not end");
        }

        _process.WaitForExit();
        if (_process.ExitCode != exitCode)
        {
            Fail($"it ended with {_process.ExitCode} and not {exitCode}");
        }

        return _output.ToString();
    }

    /// <summary>As <see cref="Finish"/>; all of the output has to be as in that file of the scenario.</summary>
    public void FinishAs(string file)
    {
        var output = Finish();
        Compare(_scenario.Expected(file), output);
    }

    public void Compare(string expected, string output)
    {
        if (expected != output)
        {
            Fail($"the output differs; expected:\n{expected}");
        }
    }

    public void Fail(string why)
    {
        var state = _process.HasExited ? $"ended with {_process.ExitCode}" : "runs";
        lock (_errors)
        {
            Assert.Fail($"{_scenario.Name}: {why}\n--- output ({state})\n{_output}--- errors\n{_errors}--- tools\n{_log}");
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process.Dispose();
        _lines.Dispose();
    }
}
