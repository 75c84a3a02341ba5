namespace UpStare.Scenario.Tests;

/// <summary>What the user has written for an update is wrong: nothing has happened, or what could be done has, and the program goes on.</summary>
public sealed class BadPatchTests : IDisposable
{
    private readonly string? _before = SelfPipeTests.Way(null);

    public void Dispose() => SelfPipeTests.Way(_before);

    [Theory]
    [InlineData(1, "a function of the patch has crashed: SIGSEGV")]
    [InlineData(2, "a function of the patch has crashed: SIGSEGV")]
    [InlineData(3, "a function of the patch has crashed: SIGABRT")]
    [InlineData(4, "a function of the patch waits for a lock that a stopped thread holds")]
    [InlineData(5, "a function of the patch waits for a lock that a stopped thread holds")]
    [InlineData(6, "a function of the patch does not come to its end")]
    [InlineData(7, "a function of the patch has crashed: SIGSEGV")]
    public void TheProgramGoesOnInItsVersion(int how, string why) => Applies(how, 2, 5, why, "v1 ends\n");

    [Theory]
    [InlineData(101, "a function of the patch has crashed: SIGSEGV")]
    [InlineData(104, "a function of the patch waits for a lock that a stopped thread holds")]
    public void AllProcessesGoOnInTheirVersion(int how, string why) => Applies(how, 2, 5, why, "v1 ends\nv1 ends, its child with 0\n");

    [Theory]
    [InlineData(8, "a function of the patch has crashed: SIGSEGV")]
    [InlineData(9, "a function of the patch waits for a lock that a stopped thread holds")]
    public void TheUpdateStandsWhereOnlyWhatFollowsItFails(int how, string why) =>
        Applies(how, 1, 0, "applied, but not all that is to be done after it: " + why, "v2 ends\n");

    private static void Applies(int how, int times, int exitCode, string message, string end)
    {
        var scenario = Scenario.Get("badpatch");
        using var program = scenario.Start("v1", $"{how}");
        program.WaitForGate();
        for (var i = 0; i < times; i++)
        {
            var answer = program.Apply(scenario.Patch("v1", "v2"));
            answer.Expect(exitCode);
            Assert.Contains(message, answer.Output, StringComparison.Ordinal);
        }

        Assert.EndsWith("fgets: a line\n" + end, program.Send("x").Finish(), StringComparison.Ordinal);
    }
}
