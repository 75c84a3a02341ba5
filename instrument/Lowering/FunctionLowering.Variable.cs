using System.Globalization;
using UpStare.Frontend.Model;

namespace UpStare.Instrument.Lowering;

/// <summary>Variables of variably modified types (<see cref="VariableType"/>).</summary>
internal sealed partial class FunctionLowering
{
    private static readonly BuiltinType s_long = new() { Spelling = "unsigned long", Size = 8, Align = 8 };

    /// <summary>Makes the temporaries that hold bounds.</summary>
    private void MakeBounds()
    {
        int k = 0;
        foreach (VarDecl v in _f.Facts.Locals)
        {
            if (!VariableType.Is(v.Type))
            {
                continue;
            }

            var bounds = new List<Temp>();
            for (int i = VariableType.Count(v.Type); i > 0; i--)
            {
                // By the variable's name, so that another version finds its own.
                bounds.Add(new Temp
                {
                    Name = string.Create(CultureInfo.InvariantCulture, $"__up_n{k++}_{v.Name}"),
                    Type = s_long,
                    Mode = RecordMode.ByValue,
                    TypeText = "bound",
                });
            }

            _temps.AddRange(bounds);
            var type = new VariableType(v, bounds);
            _f.VariableTypes[(VarDecl)v.Entity] = type;
            if (!v.IsParameter)
            {
                // What is not understood is to show while the function can still be pinned.
                type.Expressions(Unit.Unit);
            }
        }
    }

    /// <summary>The bounds come into scope with the variable; the hot body looks at the variable for them.</summary>
    private void MeasureBounds(VarDecl v, VariableType type)
    {
        _scope.AddRange(type.Bounds);
        if (_mode != LoweringMode.Hot)
        {
            return;
        }

        int i = 0;
        foreach (string measure in type.Measures(VariableName(v) ?? v.Name))
        {
            Emit(Name(type.Bounds[i++]) + " = " + measure + "; ");
        }
    }

    /// <summary>Hot: a declaration that holds a call, in its bounds or beside them.</summary>
    private void DeclareVariable(DeclStmt d, VarDecl v, VariableType type)
    {
        EvaluateBounds(type);
        string? init = v.Init is null ? null : Initialiser(v, v.Init);
        Line(d.Start);
        var bounds = new Queue<string>(type.Bounds.Select(Name));
        Emit(v.Alignment + TypeText.OfVariable(v.Type, VariableName(v) ?? v.Name, bounds, Unit.RenameType) + (init is null ? "" : " = " + init) + "; ");
        EnterScope(v);
    }

    /// <summary>The bounds come into scope one by one, before the variable: there may be calls behind each of them.</summary>
    private void EvaluateBounds(VariableType type)
    {
        int i = 0;
        foreach ((Expr? bound, int start, int end) in type.Expressions(Unit.Unit))
        {
            string value = bound is null ? Gap(start, end) : _f.NeedsLowering(bound) ? Value(bound) : Text(bound);
            Emit(Name(type.Bounds[i]) + " = (" + value + "); ");
            _scope.Add(type.Bounds[i++]);
        }
    }

    /// <summary>
    /// Clone: storage for an array that begins its life here. What an earlier turn of a loop has left is used again, since memory from
    /// alloca lives until the function returns.
    /// </summary>
    private static string Allocate(VariableType type, RecordVariable slot)
    {
        string place = "__up_p_" + slot.Member;
        string room = Room(slot);
        return string.Create(CultureInfo.InvariantCulture,
            $"if ({room} < sizeof({slot.CloneText}) || !{place}) {{ {room} = sizeof({slot.CloneText}); {place} = __builtin_alloca_with_align({room}, {type.AlignmentInBits()}); }}");
    }

    /// <summary>A clone's variable that says how many bytes an array's storage has.</summary>
    internal static string Room(RecordVariable slot) => "__up_z_" + slot.Member;
}
