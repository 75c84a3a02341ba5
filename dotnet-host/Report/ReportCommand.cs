using System.Text.Json;
using UpStare.Host.Elf;

namespace UpStare.Host.Report;

/// <summary>upstare-cc --report PROGRAM [--json]: what can be updated in a program and what cannot.</summary>
public static class ReportCommand
{
    private static readonly string[] s_kinds = ["call", "loop", "entry", "goto", "setjmp"];

    /// <summary>Prints the report. 0: printed, 1: usage or unreadable.</summary>
    public static int Run(string[] args)
    {
        bool json = args.Contains("--json");
        string[] files = [.. args.Where(a => a != "--json")];
        if (files.Length != 1 || files[0].StartsWith('-'))
        {
            Console.Error.WriteLine("usage: upstare-cc --report PROGRAM [--json]");
            return 1;
        }

        try
        {
            ElfFile file = ElfFile.Read(files[0]);
            var report = new ProgramReport(file);
            if (json)
            {
                PrintJson(report);
            }
            else
            {
                Print(report);
            }

            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            Console.Error.WriteLine("upstare-cc: " + e.Message);
            return 1;
        }
    }

    private static void Print(ProgramReport report)
    {
        TextWriter output = Console.Out;
        output.WriteLine(report.WhyNot is null ? report.IsLibrary ? "can be updated, with the program that loads it" : "can be updated" : "cannot be updated: " + report.WhyNot);
        output.WriteLine("build-id " + (report.BuildId.Length == 0 ? "none" : report.BuildId));
        if (report.WantedLinkTime)
        {
            output.WriteLine("without -flto: transformed objects are optimised one by one");
        }

        output.WriteLine();
        output.WriteLine($"{"function",-40} {"points",6} {"in loops",8} {"record",7}  place");
        foreach (FunctionInfo function in report.Tables.Functions)
        {
            output.WriteLine(
                $"{function.Key,-40} {function.Points.Count,6} {ProgramReport.UpdatePoints(function),8} {function.RecordSize,7}  {function.File}:{function.Line}");
        }

        if (report.Tables.Pinned.Count > 0)
        {
            output.WriteLine();
            output.WriteLine("pinned (an update waits until these are on no stack):");
            foreach (PinnedInfo pinned in report.Tables.Pinned)
            {
                output.WriteLine($"  {pinned.Name} ({pinned.File}:{pinned.Line}): {pinned.Reason}");
            }
        }

        if (report.PlainFiles.Count > 0)
        {
            output.WriteLine();
            output.WriteLine("compiled plainly:");
            foreach ((string file, string reason) in report.PlainFiles)
            {
                output.WriteLine($"  {file}: {reason}");
            }
        }

        output.WriteLine();
        output.WriteLine(
            $"{report.Tables.Functions.Count} functions, {report.ContinuationPoints} continuation points, {report.Tables.Points.Count} places in code, "
            + $"{report.Tables.Stubs.Count} function-pointer stubs, {report.Tables.Pinned.Count} pinned functions, {report.PlainFiles.Count} plain files");
    }

    private static void PrintJson(ProgramReport report)
    {
        using Stream stdout = Console.OpenStandardOutput();
        using var writer = new Utf8JsonWriter(stdout, new JsonWriterOptions { Indented = true });
        writer.WriteStartObject();
        writer.WriteBoolean("updateable", report.WhyNot is null);
        if (report.WhyNot is not null)
        {
            writer.WriteString("reason", report.WhyNot);
        }

        writer.WriteString("buildId", report.BuildId);
        writer.WriteBoolean("withoutLto", report.WantedLinkTime);
        writer.WriteStartArray("functions");
        foreach (FunctionInfo function in report.Tables.Functions)
        {
            writer.WriteStartObject();
            writer.WriteString("function", function.Key);
            writer.WriteString("file", function.File);
            writer.WriteNumber("line", function.Line);
            writer.WriteNumber("recordSize", function.RecordSize);
            writer.WriteStartArray("points");
            foreach (PointInfo point in function.Points)
            {
                writer.WriteStartObject();
                writer.WriteNumber("line", point.Line);
                writer.WriteString("kind", point.Kind < s_kinds.Length ? s_kinds[point.Kind] : point.Kind.ToString());
                if (point.Callee is not null)
                {
                    writer.WriteString("callee", point.Callee);
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("pinned");
        foreach (PinnedInfo pinned in report.Tables.Pinned)
        {
            writer.WriteStartObject();
            writer.WriteString("function", pinned.Name);
            writer.WriteString("file", pinned.File);
            writer.WriteNumber("line", pinned.Line);
            writer.WriteString("reason", pinned.Reason);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("plainFiles");
        foreach ((string file, string reason) in report.PlainFiles)
        {
            writer.WriteStartObject();
            writer.WriteString("file", file);
            writer.WriteString("reason", reason);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.Flush();
        stdout.Write("\n"u8);
    }
}
