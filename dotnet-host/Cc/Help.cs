namespace UpStare.Host.Cc;

/// <summary>The text of upstare-cc --help.</summary>
internal static class Help
{
    public const string Text =
        """
        usage: upstare-cc ARGS...                        as gcc ARGS..., for programs that can be updated while they run
               upstare-cc --report PROGRAM [--json]      functions, update points, what is pinned and why
               upstare-cc --verify PROGRAM [--json]      checks the machine code of a program or patch
               upstare-cc --dump=STAGE FILE.c ARGS...    prints a stage: preprocessed, model, plan, hot, clone
               upstare-cc --upstare-version

        All other options are those of the real compiler (upstare-cc --version shows it).

        Environment:
          UPSTARE_CC       the real compiler, with leading options (gcc)
          UPSTARE_DISABLE  1: only call the real compiler
          UPSTARE_POINTS   all: update points in every loop and function; default: after calls and in outer loops
          UPSTARE_CHECKS   none, empty: no checks, or checks without exits, for measurements; such a program is not updateable
          UPSTARE_KEEP     a directory that gets the transformed C
          UPSTARE_LOG      a file that gets a line about each file that is compiled plainly, with the reason

        """;
}
