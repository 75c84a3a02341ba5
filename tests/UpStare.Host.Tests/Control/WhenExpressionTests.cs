using System.Text;
using UpStare.Host.Ctl;

namespace UpStare.Host.Tests.Control;

public class WhenExpressionTests
{
    private static readonly Answer _status = Answer.Parse(Encoding.UTF8.GetBytes(
        """{"updates":3,"threads":[{"tid":1,"function":"serve"},{"tid":2,"function":"serve"},{"tid":3,"function":null},{"tid":4}]}"""));

    [Theory]
    [InlineData("time>=03:00", true)]
    [InlineData("time >= 03:31", false)]
    [InlineData("time<3:31 and time>3:29", true)]
    [InlineData("time==03:30", true)]
    [InlineData("time!=03:30", false)]
    [InlineData("load<0.5", false)]
    [InlineData("load<=0.5", true)]
    [InlineData("threads=4", true)]
    [InlineData("threads<4", false)]
    [InlineData("updates==3 and in(serve)==2", true)]
    [InlineData("updates==3 and in(serve)==0", false)]
    [InlineData("in(other)==0", true)]
    public void Holds(string text, bool expected)
    {
        WhenExpression when = WhenExpression.Parse(text);
        Assert.Equal(expected, when.Holds(new DateTime(2020, 1, 1, 3, 30, 59), 0.5, _status));
    }

    [Theory]
    [InlineData("")]
    [InlineData("time")]
    [InlineData("time>=25:00")]
    [InlineData("time>=3")]
    [InlineData("load<x")]
    [InlineData("load<-1")]
    [InlineData("in()==1")]
    [InlineData("threads==1 or load<1")]
    [InlineData("moon==1")]
    [InlineData("threads==1 and ")]
    public void MalformedIsUsage(string text) =>
        Assert.Equal(ExitCodes.Usage, Assert.Throws<ControlException>(() => WhenExpression.Parse(text)).ExitCode);

    [Fact]
    public void OnlyTheProgramsOwnSubjectsNeedItsStatus()
    {
        Assert.False(WhenExpression.Parse("time>3:00 and load<1").NeedsStatus);
        Assert.True(WhenExpression.Parse("time>3:00 and in(f)==0").NeedsStatus);
    }
}
