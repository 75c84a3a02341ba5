using System.Text.Json;
using UpStare.Host.Elf;

namespace UpStare.Host.Verify;

/// <summary>upstare-cc --verify PROGRAM [--json]</summary>
public static class VerifyCommand
{
    /// <summary>Verifies and prints. 0: all is well, 1: usage or unreadable, 4: violations.</summary>
    public static int Run(string[] args)
    {
        bool json = args.Contains("--json");
        string[] files = [.. args.Where(a => a != "--json")];
        if (files.Length != 1 || files[0].StartsWith('-'))
        {
            Console.Error.WriteLine("usage: upstare-cc --verify PROGRAM [--json]");
            return 1;
        }

        VerifyResult result;
        try
        {
            result = ProgramVerifier.Verify(ElfFile.Read(files[0]));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            Console.Error.WriteLine("upstare-cc: " + e.Message);
            return 1;
        }

        if (json)
        {
            PrintJson(result);
        }
        else
        {
            Print(result);
        }

        return result.Violations.Count == 0 ? 0 : 4;
    }

    private static void Print(VerifyResult result)
    {
        TextWriter output = Console.Out;
        output.WriteLine($"{"function",-40} {"checks",7} {"bytes",7} {"exits",8} {"clone",8}");
        foreach (FunctionCost function in result.Functions)
        {
            output.WriteLine($"{function.Name,-40} {function.Checks,7} {function.CheckBytes,7} {function.ExitBytes,8} {function.CloneBytes,8}");
        }

        output.WriteLine();
        output.WriteLine(
            $"{result.Functions.Count} functions, {result.Checks} checks, {result.Exits} exits, {result.Stubs} stubs, "
            + $"{result.CallsChecked} calls checked, {result.CallsUnchecked} calls that need no check");
        if (result.IsStripped)
        {
            output.WriteLine("no symbol table: calls were not looked at");
        }

        foreach (Violation violation in result.Violations)
        {
            output.WriteLine($"VIOLATION {violation.Function} 0x{violation.Address:x}: {violation.Reason}");
        }

        output.WriteLine(result.Violations.Count == 0 ? "verified: no violations" : result.Violations.Count + " violations");
    }

    private static void PrintJson(VerifyResult result)
    {
        using Stream stdout = Console.OpenStandardOutput();
        using var writer = new Utf8JsonWriter(stdout, new JsonWriterOptions { Indented = true });
        writer.WriteStartObject();
        writer.WriteNumber("checks", result.Checks);
        writer.WriteNumber("exits", result.Exits);
        writer.WriteNumber("stubs", result.Stubs);
        writer.WriteNumber("callsChecked", result.CallsChecked);
        writer.WriteNumber("callsUnchecked", result.CallsUnchecked);
        writer.WriteBoolean("stripped", result.IsStripped);
        writer.WriteStartArray("functions");
        foreach (FunctionCost function in result.Functions)
        {
            writer.WriteStartObject();
            writer.WriteString("function", function.Name);
            writer.WriteString("file", function.File);
            writer.WriteNumber("line", function.Line);
            writer.WriteNumber("checks", function.Checks);
            writer.WriteNumber("checkBytes", function.CheckBytes);
            writer.WriteNumber("exitBytes", function.ExitBytes);
            writer.WriteNumber("inlineExits", function.InlineExits);
            writer.WriteNumber("cloneBytes", function.CloneBytes);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("violations");
        foreach (Violation violation in result.Violations)
        {
            writer.WriteStartObject();
            writer.WriteString("function", violation.Function);
            writer.WriteString("address", "0x" + violation.Address.ToString("x"));
            writer.WriteString("reason", violation.Reason);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.Flush();
        stdout.Write("\n"u8);
    }
}
