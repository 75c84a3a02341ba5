using UpStare.Frontend.Model;

namespace UpStare.Instrument.Lowering;

/// <summary>Declarations: split where an initialiser holds a point, hoisted in clones.</summary>
internal sealed partial class FunctionLowering
{
    private void Declaration(DeclStmt d)
    {
        Line(d.Start);
        int mark = Mark();
        if (_mode == LoweringMode.Clone && Hoisted(d))
        {
            DeclareInClone(d);
        }
        else if (!_f.NeedsLowering(d))
        {
            Emit(Text(d));
            EnterScope(d);
        }
        else
        {
            DeclareSplit(d);
        }

        Release(mark);
    }

    private bool Hoisted(DeclStmt d)
    {
        foreach (Decl decl in d.Decls)
        {
            if (decl is VarDecl { HasStaticLifetime: false } v && _f.Slots.ContainsKey(v.Entity))
            {
                return true;
            }
        }

        return false;
    }

    private void EnterScope(DeclStmt d)
    {
        foreach (Decl decl in d.Decls)
        {
            EnterScope(decl);
        }
    }

    private void EnterScope(Decl decl)
    {
        if (decl is not VarDecl { HasStaticLifetime: false } v)
        {
            return;
        }

        if (_f.VariableTypes.TryGetValue((VarDecl)v.Entity, out VariableType? type) && !_scope.Contains(type.Bounds[0]))
        {
            MeasureBounds(v, type);
        }

        _scope.Add(v);
    }

    /// <summary>Hot: one declarator keeps its text; several are written by type, so that each can have its calls before it.</summary>
    private void DeclareSplit(DeclStmt d)
    {
        if (d.Decls.Count == 1 && d.Decls[0] is VarDecl { Init: { } only } single && !NamesItself(single, only)
            && !_f.VariableTypes.ContainsKey((VarDecl)single.Entity))
        {
            string value = Initialiser(single, only);
            var pieces = new List<Piece>();
            GatherName(single, pieces);
            pieces.Add(new Piece(only.Start, only.End, value));
            Line(d.Start);
            Emit(Compose(d.Start, d.End, pieces));
            EnterScope(single);
            return;
        }

        foreach (Decl decl in d.Decls)
        {
            if (decl is not VarDecl v)
            {
                continue;
            }

            if (v.HasStaticLifetime)
            {
                continue;
            }

            if (v.Init is not null && NamesItself(v, v.Init))
            {
                DeclareBeforeInitialiser(d, v, v.Init);
                continue;
            }

            if (_f.VariableTypes.TryGetValue((VarDecl)v.Entity, out VariableType? variable))
            {
                DeclareVariable(d, v, variable);
                continue;
            }

            string? init = v.Init is null ? null : Initialiser(v, v.Init);
            Line(d.Start);
            Emit(v.Alignment + "__typeof__(" + TypeText.Of(v.Type, Unit.RenameType) + ") " + (VariableName(v) ?? v.Name)
                + (init is null ? "" : " = " + init) + ";");
            EnterScope(v);
        }
    }

    /// <summary><c>T *p = f(sizeof(*p));</c></summary>
    private void DeclareBeforeInitialiser(DeclStmt d, VarDecl v, Expr init)
    {
        string name = VariableName(v) ?? v.Name;
        Line(d.Start);
        Emit(v.Alignment + "__typeof__(" + TypeText.Unqualified(v.Type, Unit.RenameType) + ") " + name + "; ");
        EnterScope(v);
        string value = Initialiser(v, init);
        Line(d.Start);
        Emit(AssignInitialiser(v, name, "&" + name, value));
    }

    private bool NamesItself(VarDecl v, Node init)
    {
        if (!_f.NeedsLowering(init))
        {
            return false;
        }

        return Mentions(v, init);
    }

    private static bool Mentions(VarDecl v, Node node)
    {
        if (node is DeclRefExpr r && r.Decl.Entity == v.Entity)
        {
            return true;
        }

        foreach (Node child in node.Children)
        {
            if (Mentions(v, child))
            {
                return true;
            }
        }

        return false;
    }

    private string Initialiser(VarDecl v, Expr init) => _f.NeedsLowering(init) ? Value(init) : Text(init);

    /// <summary>Clone: variables of the record are declared at the top; here they are assigned.</summary>
    private void DeclareInClone(DeclStmt d)
    {
        foreach (Decl decl in d.Decls)
        {
            if (decl is not VarDecl v)
            {
                continue;
            }

            if (v.HasStaticLifetime)
            {
                continue;
            }

            bool early = v.Init is not null && NamesItself(v, v.Init);
            if (_f.VariableTypes.TryGetValue((VarDecl)v.Entity, out VariableType? variable))
            {
                EvaluateBounds(variable);
                early |= variable.IsArray;
            }

            if (early)
            {
                EnterScope(v);
            }

            string? init = v.Init is null ? null : Initialiser(v, v.Init);
            Line(d.Start);
            if (!_f.Slots.TryGetValue(v.Entity, out RecordVariable? slot))
            {
                Emit("__typeof__(" + TypeText.Of(v.Type, Unit.RenameType) + ") " + v.Name + (init is null ? "" : " = " + init) + ";");
            }
            else if (variable is not null)
            {
                Emit(variable.IsArray ? Allocate(variable, slot) : init is null ? ";" : PlainName(slot) + " = (void *)(" + init + ");");
            }
            else if (init is not null)
            {
                Emit(AssignInitialiser(v, CloneName(slot), "&" + CloneName(slot), init));
            }
            else
            {
                Emit(";");
            }

            if (!early)
            {
                EnterScope(v);
            }
        }
    }

    private string AssignInitialiser(VarDecl v, string name, string address, string init)
    {
        string type = TypeText.Unqualified(v.Type, Unit.RenameType);
        bool list = v.Init!.Inner is InitListExpr;
        bool array = v.Type.Canonical is ArrayType;
        string value = list ? "(" + type + ")" + init : array ? "(" + type + "){ " + init + " }" : init;
        bool whole = array || (v.Type.Canonical is RecordType r && RecordLayout.HasFixedMember(r.Decl));
        if (!whole)
        {
            return name + " = " + value + ";";
        }

        string from = list || array ? "&" + value : "&(struct { __typeof__(" + type + ") v; }){ " + value + " }";
        return "__builtin_memcpy(" + address + ", " + from + ", sizeof(" + type + "));";
    }

    private static bool OnlyTypes(DeclStmt d)
    {
        foreach (Decl decl in d.Decls)
        {
            if (decl is VarDecl or FunctionDecl or OtherDecl)
            {
                return false;
            }
        }

        return true;
    }

    private void GatherName(VarDecl v, List<Piece> pieces)
    {
        if (_mode != LoweringMode.Clone && VariableName(v) is { } name)
        {
            pieces.Add(new Piece(v.NameStart, v.NameStart + v.Name.Length, name));
        }
    }

    /// <inheritdoc/>
    protected override void GatherDeclaration(DeclStmt d, List<Piece> pieces)
    {
        foreach (Decl decl in d.Decls)
        {
            if (decl is VarDecl { HasStaticLifetime: true } v && Unit.Promoted.ContainsKey(v.Entity))
            {
                base.GatherDeclaration(d, pieces);
                return;
            }
        }

        if (_f.LiftedNames.Count > 0 && OnlyTypes(d))
        {
            // A lone "struct new_name;" would declare another type in this scope.
            pieces.Add(new Piece(d.Start, d.End, ";"));
            return;
        }

        foreach (Decl decl in d.Decls)
        {
            GatherType(decl, pieces);
            if (decl is OtherDecl { Condition: { } condition })
            {
                Gather(condition, pieces);
            }
            else if (decl is VarDecl v)
            {
                GatherName(v, pieces);
                foreach (Expr bound in v.Bounds)
                {
                    Gather(bound, pieces);
                }

                if (v.Init is not null)
                {
                    Gather(v.Init, pieces);
                }
            }
        }
    }
}
