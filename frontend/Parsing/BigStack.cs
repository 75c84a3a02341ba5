using System.Runtime.ExceptionServices;

namespace UpStare.Frontend.Parsing;

/// <summary>Runs what recurses as deeply as the source nests.</summary>
public static class BigStack
{
    private const int Size = 512 << 20; // pages are only touched when used

    [ThreadStatic]
    private static bool _here;

    /// <summary>Runs a function on a thread with a large stack (on this one, if it is such) and gives its result or exception.</summary>
    public static T Run<T>(Func<T> function)
    {
        if (_here)
        {
            return function();
        }

        T? result = default;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(
            () =>
            {
                _here = true;
                try
                {
                    result = function();
                }
                catch (Exception exception)
                {
                    failure = ExceptionDispatchInfo.Capture(exception);
                }
            },
            Size);
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result!;
    }
}
