using System.Runtime.ExceptionServices;

namespace UpStare.Patcher.Build;

/// <summary>Runs independent work on two threads with deep stacks: recursion follows the nesting of the sources.</summary>
public static class Workers
{
    private const int StackSize = 512 << 20;

    /// <summary>Runs <paramref name="work"/> for 0 to <paramref name="count"/> - 1.</summary>
    /// <exception cref="Exception">The first exception of the lowest index, as it was thrown.</exception>
    public static void For(int count, Action<int> work)
    {
        var failures = new ExceptionDispatchInfo?[count];
        int next = -1;
        var threads = new Thread[Math.Min(2, count)];
        for (int t = 0; t < threads.Length; t++)
        {
            threads[t] = new Thread(
                () =>
                {
                    for (int i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
                    {
                        try
                        {
                            work(i);
                        }
                        catch (Exception e)
                        {
                            failures[i] = ExceptionDispatchInfo.Capture(e);
                        }
                    }
                },
                StackSize);
            threads[t].Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        Array.Find(failures, f => f is not null)?.Throw();
    }

    /// <summary>Runs something on a thread with a deep stack.</summary>
    public static T Deep<T>(Func<T> work)
    {
        T? result = default;
        For(1, _ => result = work());
        return result!;
    }
}
