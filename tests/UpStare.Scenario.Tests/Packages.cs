namespace UpStare.Scenario.Tests;

/// <summary>Sources of real programs, fetched from the distribution when a test needs them and kept below out/.</summary>
internal static class Packages
{
    /// <summary>
    /// Unpacks the original sources of a Debian source package into a folder of the test's own, without the distribution's
    /// changes, and returns the folder that they lie in. Skips the test where they cannot be had.
    /// </summary>
    public static string Unpack(string package, string into)
    {
        var fetched = Tools.Execute(Tools.Root, "sh", "tools/source.sh", "out/sources", package);
        Assert.SkipWhen(fetched.ExitCode != 0, $"the sources of {package} cannot be fetched from the registry:\n{fetched}");
        var directory = Path.Combine(Tools.Temporary, into);
        Directory.CreateDirectory(directory);
        Tools.Execute(directory, "tar", "xf", fetched.Output.Trim(), "--strip-components=1").Expect(0);
        return directory;
    }
}
