using UpStare.Frontend.Model;

namespace UpStare.Instrument.Analysis;

/// <summary>What <c>inline</c> without <c>static</c> means: C99's rules, or those of GNU C before (-fgnu89-inline, attribute gnu_inline).</summary>
internal static class InlineRules
{
    /// <summary>Whether this definition gives nothing that other units could call: gcc may only copy it into its callers.</summary>
    public static bool IsOnlyForInlining(TranslationUnit unit, FunctionDecl definition)
    {
        if (!definition.IsInline || definition.IsStatic)
        {
            return false;
        }

        if (unit.HasGnuInline || definition.Has("gnu_inline"))
        {
            return definition.Storage == StorageClass.Extern;
        }

        foreach (Decl other in unit.Decls)
        {
            if (other is FunctionDecl f && f.Entity == definition.Entity && (f.Storage == StorageClass.Extern || !f.IsInline))
            {
                return false;
            }
        }

        return true;
    }
}
