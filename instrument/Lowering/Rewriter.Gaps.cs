using System.Text;
using UpStare.Frontend.Model;
using UpStare.Instrument.Emission;

namespace UpStare.Instrument.Lowering;

/// <summary>Text between expressions, in which variables can be named too: the operands of sizeof, typeof and alignof in types.</summary>
internal partial class Rewriter
{
    /// <summary>The text between two offsets in which no expression stands.</summary>
    protected virtual string Gap(int start, int end)
    {
        string text = Edits.Copy(start, end);
        return Unit.Promoted.Count > 0 && HoldsOperand(text) ? Renamed(text, text.Length == end - start ? start : -1) : text;
    }

    /// <summary>Whether a text may name a variable.</summary>
    protected static bool HoldsOperand(string text) => Holds(text, "sizeof") || Holds(text, "typeof") || Holds(text, "lignof");

    /// <summary>What stands for a word between expressions; null: as it is.</summary>
    /// <param name="token">The word.</param>
    /// <param name="before">The token before it.</param>
    /// <param name="isOperand">It stands in the operand of sizeof or the like, or in an array's bound.</param>
    /// <param name="at">Its place in the source, or -1.</param>
    protected virtual string? NewName(string token, string before, bool isOperand, int at) =>
        isOperand && at >= 0 && before is not ("." or ">" or "struct" or "union" or "enum") && Unit.VisibleStatic(token, at) is { } promoted
            ? promoted.Name : null;

    private static bool Holds(string text, string word) => text.Contains(word, StringComparison.Ordinal);

    /// <summary>Replaces the names in a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="start">Where it begins in the source; -1 where it is not the source's own.</param>
    protected string Renamed(string text, int start)
    {
        var result = new StringBuilder();
        int copied = 0;
        // The text may close parentheses that were opened before it.
        int depth = text.Length;
        int operandDepth = -1;
        int brackets = 0;
        bool operandNext = false;
        string before = "";
        string tagKeyword = "";
        int tagDepth = 0;
        for (int at = 0; at < text.Length;)
        {
            (int from, int to) = Tokens.Next(text, at, text.Length);
            if (from >= text.Length)
            {
                break;
            }

            string token = text[from..to];
            string? name = null;
            if (token == "(")
            {
                depth++;
                operandDepth = operandNext && operandDepth < 0 ? depth : operandDepth;
            }
            else if (token == ")")
            {
                operandDepth = operandDepth == depth ? -1 : operandDepth;
                depth--;
            }
            else if (token is "[" or "]")
            {
                // A bound, in a cast to a pointer to a variable-length array. (An index that is to be renamed is an expression.)
                brackets += token == "[" ? 1 : -1;
                to = token == "[" && NamesOperand(text, to) ? text.IndexOf(']', to) : to;
            }
            else if (Tokens.IsWord(token[0]))
            {
                name = NewName(token, before, operandDepth >= 0 || operandNext || brackets > 0, start < 0 ? -1 : start + from);
            }

            operandNext = token is "sizeof" or "typeof" or "__typeof__" or "__typeof" or "_Alignof" or "__alignof__" or "__alignof";
            if (name is not null)
            {
                result.Append(text, copied, from - copied).Append(name);
                copied = to;
            }

            // In "struct __attribute__((packed)) tag" the tag still follows "struct".
            if (token is ("__attribute__" or "__attribute") && before is ("struct" or "union" or "enum"))
            {
                (tagKeyword, tagDepth) = (before, depth);
            }

            bool closes = tagKeyword.Length > 0 && token == ")" && depth == tagDepth;
            before = closes ? tagKeyword : token;
            tagKeyword = closes ? "" : tagKeyword;
            at = to;
        }

        return copied == 0 ? text : result.Append(text, copied, text.Length - copied).ToString();
    }

    /// <summary>Whether what stands behind a bracket is the name of an asm statement's operand: <c>[x] "=r"(x)</c>.</summary>
    private static bool NamesOperand(string text, int at)
    {
        (int from, int to) = Tokens.Next(text, at, text.Length);
        if (from >= text.Length || !Tokens.IsWord(text[from]))
        {
            return false;
        }

        (from, to) = Tokens.Next(text, to, text.Length);
        if (from >= text.Length || text[from] != ']')
        {
            return false;
        }

        (from, _) = Tokens.Next(text, to, text.Length);
        return from < text.Length && text[from] == '"';
    }
}
