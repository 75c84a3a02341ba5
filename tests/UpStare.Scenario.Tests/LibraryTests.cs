namespace UpStare.Scenario.Tests;

/// <summary>Programs with shared libraries of their own.</summary>
public class LibraryTests
{
    /// <summary>Nobody may believe that a library was updated when it was not.</summary>
    [Fact]
    public void AChangedLibraryIsNamed()
    {
        var scenario = Scenario.Get("library");
        var patch = Path.Combine(Tools.Temporary, "library.so");
        var made = scenario.MakePatch("v1", "v2", patch, withUser: false).Expect(2);
        Assert.Contains("libcount.so: differs", made.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(patch));
        scenario.MakePatch("v1", "v2", patch, withUser: false, "--force").Expect(0);
        scenario.MakePatch("v1", "v1", patch, withUser: false).Expect(0);
    }
}
