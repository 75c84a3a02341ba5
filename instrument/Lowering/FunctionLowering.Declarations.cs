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
        if (decl is VarDecl { HasStaticLifetime: false } v)
        {
            _scope.Add(v);
        }
    }

    /// <summary>Hot: one declarator keeps its text; several are written by type, so that each can have its calls before it.</summary>
    private void DeclareSplit(DeclStmt d)
    {
        if (d.Decls.Count == 1 && d.Decls[0] is VarDecl { Init: { } only } single)
        {
            if (only.Inner is not InitListExpr && single.Type.Canonical is not ArrayType && MentionsItself(single, only))
            {
                // T *p = malloc(sizeof(*p)): the call comes first, and has to know p.
                string name = VariableName(single) ?? single.Name;
                Emit("__typeof__(" + TypeText.Unqualified(single.Type, Unit.RenameType) + ") " + name + ";");
                string assigned = Initialiser(single, only);
                Line(d.Start);
                Emit(name + " = " + assigned + ";");
                EnterScope(single);
                return;
            }

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

            string? init = v.Init is null ? null : Initialiser(v, v.Init);
            Line(d.Start);
            Emit("__typeof__(" + TypeText.Of(v.Type, Unit.RenameType) + ") " + (VariableName(v) ?? v.Name)
                + (init is null ? "" : " = " + init) + ";");
            EnterScope(v);
        }
    }

    private static bool Mentions(string text, string name)
    {
        for (int at = text.IndexOf(name, StringComparison.Ordinal); at >= 0; at = text.IndexOf(name, at + 1, StringComparison.Ordinal))
        {
            bool starts = at == 0 || !(char.IsAsciiLetterOrDigit(text[at - 1]) || text[at - 1] == '_');
            int end = at + name.Length;
            if (starts && (end == text.Length || !(char.IsAsciiLetterOrDigit(text[end]) || text[end] == '_')))
            {
                return true;
            }
        }

        return false;
    }

    private bool MentionsItself(VarDecl v, Expr init) => Mentions(Text(init), v.Name);

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

            string? init = v.Init is null ? null : Initialiser(v, v.Init);
            Line(d.Start);
            if (!_f.Slots.TryGetValue(v.Entity, out RecordVariable? slot))
            {
                Emit("__typeof__(" + TypeText.Of(v.Type, Unit.RenameType) + ") " + v.Name + (init is null ? "" : " = " + init) + ";");
            }
            else if (init is not null)
            {
                Emit(AssignInitialiser(v, slot, init));
            }
            else
            {
                Emit(";");
            }

            EnterScope(v);
        }
    }

    private string AssignInitialiser(VarDecl v, RecordVariable slot, string init)
    {
        string type = TypeText.Unqualified(v.Type, Unit.RenameType);
        bool list = v.Init!.Inner is InitListExpr;
        bool array = v.Type.Canonical is ArrayType;
        string value = list ? "(" + type + ")" + init : array ? "(" + type + "){ " + init + " }" : init;
        bool whole = array || (v.Type.Canonical is RecordType r && RecordLayout.HasFixedMember(r.Decl));
        if (!whole)
        {
            return CloneName(slot) + " = " + value + ";";
        }

        string from = list || array ? "&" + value : "&(struct { __typeof__(" + type + ") v; }){ " + value + " }";
        return "__builtin_memcpy(__up_p_" + slot.Member + ", " + from + ", sizeof(" + type + "));";
    }

    private static bool OnlyTypes(DeclStmt d)
    {
        foreach (Decl decl in d.Decls)
        {
            if (decl is VarDecl or FunctionDecl)
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
            if (decl is VarDecl v)
            {
                GatherName(v, pieces);
                if (v.Init is not null)
                {
                    Gather(v.Init, pieces);
                }
            }
        }
    }
}
