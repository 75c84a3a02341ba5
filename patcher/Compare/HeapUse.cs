using UpStare.Frontend.Model;

namespace UpStare.Patcher.Compare;

/// <summary>Looks for places where the old version allocates objects of a changed type: those the patch cannot find by itself.</summary>
public static class HeapUse
{
    /// <summary>A finding that asks for the user's help, or null where no allocation is seen.</summary>
    public static Finding? Find(ProgramModel old, TypeChange change, string what)
    {
        string tag = change.Name[(change.Name.LastIndexOf(' ') + 1)..];
        foreach (UnitModel unit in old.Units)
        {
            foreach (Instrument.FunctionPlan f in unit.Plan.Functions)
            {
                if (f.Decl.Body is not null && Allocation(unit.Plan.Unit, f.Decl.Body, change.Old, tag, false) is Node node)
                {
                    return new Finding(Handling.NeedsUser, "type", change.Name, unit.Plan.Unit.PlaceOf(node.Start),
                        what + $"; {f.Decl.Name} asks for memory of its size: objects on the heap have to be converted in user_before")
                    {
                        UserFunction = "user_before",
                    };
                }
            }
        }

        return null;
    }

    // sizeof the type (or of an object of it) among the arguments of a call that gives a pointer.
    private static Node? Allocation(TranslationUnit unit, Node node, RecordDecl record, string tag, bool inAllocation)
    {
        if (node is CallExpr { Type.Canonical: PointerType } call && !HandsOn(call, record))
        {
            foreach (Expr argument in call.Arguments)
            {
                if (Allocation(unit, argument, record, tag, true) is Node found)
                {
                    return found;
                }
            }

            return null;
        }

        if (inAllocation && node is UnevaluatedExpr u)
        {
            if (SourceTokens.Split(unit.Slice(u)).Contains(tag))
            {
                return node;
            }

            foreach (Expr operand in u.Operands)
            {
                if (Holds(operand.Type, record))
                {
                    return node;
                }
            }
        }

        foreach (Node child in node.Children)
        {
            if (Allocation(unit, child, record, tag, inAllocation) is Node found)
            {
                return found;
            }
        }

        return null;
    }

    // memset(p, 0, sizeof(*p)) gives back what it got; realloc does too, but may have moved it.
    private static bool HandsOn(CallExpr call, RecordDecl record) =>
        call.Function?.Name.Contains("alloc", StringComparison.OrdinalIgnoreCase) != true
        && call.Arguments.Any(a => a.Type.Canonical is PointerType p && Holds(p.Pointee, record) || a.Inner is UnaryExpr { Op: UnaryOp.AddressOf });

    private static bool Holds(CType type, RecordDecl record) => type.Canonical switch
    {
        RecordType r => TypeComparer.SameRecord(r.Decl, record) && r.Decl.Tag == record.Tag,
        ArrayType a => Holds(a.Element, record),
        _ => false,
    };
}
