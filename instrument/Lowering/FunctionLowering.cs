using System.Globalization;
using System.Text;
using UpStare.Frontend.Model;
using UpStare.Instrument.Emission;

namespace UpStare.Instrument.Lowering;

/// <summary>For what a body is written.</summary>
internal enum LoweringMode
{
    /// <summary>Nothing is kept of the text; temporaries and points are collected.</summary>
    Plan,

    /// <summary>The body that runs.</summary>
    Hot,

    /// <summary>The body that a resume clone goes on in.</summary>
    Clone,
}

/// <summary>
/// Writes one function's body with suspendable calls taken out of expressions and points put in. All modes walk in the same
/// way, so that temporaries and points have the same numbers in each.
/// </summary>
internal sealed partial class FunctionLowering : Rewriter
{
    private readonly FunctionContext _f;
    private readonly LoweringMode _mode;
    private readonly StringBuilder _out = new();
    private readonly List<object> _scope = [];
    private readonly List<string> _path = [];
    private readonly List<string?> _continues = [];
    private int _nextContinue;
    private int _nextPoint;

    public FunctionLowering(UnitContext unit, FunctionContext function, LoweringMode mode, EditSet edits, ExternSet externs)
        : base(unit, edits, externs)
    {
        _f = function;
        _mode = mode;
    }

    /// <summary>setjmp sites met, in order (clone: what has to be armed again).</summary>
    public List<SetJmpSite> SetJmpSites { get; } = [];

    /// <summary>Writes the user's body, braces included, and returns it.</summary>
    public string Body()
    {
        FunctionDecl d = _f.Decl;
        MakeFunctionWide();
        foreach (VarDecl p in d.Parameters)
        {
            if (p.Name.Length > 0)
            {
                EnterScope(p);
            }
        }

        if (_f.HasEntryPoint)
        {
            Point(PointKind.Entry, null, d, d.Name, null);
        }

        Statement(d.Body!);
        if (_mode == LoweringMode.Plan)
        {
            _f.Temps = _temps;
        }

        return _out.ToString();
    }

    private void Emit(string text) => _out.Append(text);

    /// <summary>A line marker, so that what follows belongs to the user's place of an offset.</summary>
    private void Line(int offset, bool generated = false)
    {
        if (_mode != LoweringMode.Plan)
        {
            LineMarker.Append(_out, Unit.Unit.PlaceOf(offset), generated);
        }
    }

    /// <summary>The name of a variable in this mode's text; null: as the user wrote it.</summary>
    private string? VariableName(VarDecl v)
    {
        var entity = (VarDecl)v.Entity;
        if (_mode == LoweringMode.Clone && _f.Slots.TryGetValue(entity, out RecordVariable? slot))
        {
            return CloneName(slot);
        }

        return _mode == LoweringMode.Hot && _f.HotNames.TryGetValue(entity, out string? name) ? name : null;
    }

    /// <summary>How a clone names a variable of the record.</summary>
    internal static string CloneName(RecordVariable slot) => slot.CloneText ?? PlainName(slot);

    /// <summary>The same without the cast of a variably modified type.</summary>
    internal static string PlainName(RecordVariable slot) =>
        slot.Mode == RecordMode.InPlace ? "(*__up_p_" + slot.Member + ")" : "__up_l_" + slot.Member;

    /// <inheritdoc/>
    protected override string? Reference(DeclRefExpr reference)
    {
        if (reference.Decl is VarDecl { HasStaticLifetime: false } v)
        {
            return VariableName(v);
        }

        return base.Reference(reference);
    }

    /// <inheritdoc/>
    protected override void Gather(Node node, List<Piece> pieces)
    {
        switch (node)
        {
            case ContinueStmt when _continues.Count > 0 && _continues[^1] is { } label:
                pieces.Add(new Piece(node.Start, node.End, "goto " + label + ";"));
                return;
            case LoopStmt:
                _continues.Add(null);
                base.Gather(node, pieces);
                _continues.RemoveAt(_continues.Count - 1);
                return;
            case CompoundLiteralExpr literal when _literals.Contains(literal):
                pieces.Add(new Piece(node.Start, node.End, InPlaceLiteral(literal)));
                return;
            case LiteralExpr { Kind: LiteralKind.String } literal when _mode == LoweringMode.Clone && NamesFunction(literal):
                // The clone has a name of its own.
                pieces.Add(new Piece(node.Start, node.End, "\"" + _f.Decl.Name + "\""));
                return;
            case CallExpr call when GatherSpecialCall(call, pieces):
                return;
        }

        base.Gather(node, pieces);
    }

    private bool NamesFunction(LiteralExpr literal)
    {
        string text = Unit.Unit.Slice(literal);
        return text is "__func__" or "__FUNCTION__" or "__PRETTY_FUNCTION__" || text.StartsWith("__builtin_FUNCTION", StringComparison.Ordinal);
    }

    private void Point(PointKind kind, string? callee, Node node, string text, Temp? result, Temp? buffer = null)
    {
        int number = _nextPoint++;
        if (_mode == LoweringMode.Plan)
        {
            PlanPoint(number, kind, callee, node, text, result, buffer);
            return;
        }

        ContinuationPoint point = _f.Points[number];
        if (point.Kind != kind || point.Callee != callee)
        {
            throw new InvalidOperationException($"{_f.Decl.Name}: point {number} is not the one that was planned");
        }

        CheckStage stage = Unit.Options.Checks;
        if (stage == CheckStage.None)
        {
            return;
        }

        Line(node.Start, generated: true);
        bool apart = true;
        Emit(stage == CheckStage.Full ? Exit(point, out apart) : ExitWriter.CheckBehind(_f, number, ""));
        if (apart || _mode == LoweringMode.Clone)
        {
            // Where exits that stand apart, and clones, go on behind the point.
            Emit(string.Create(CultureInfo.InvariantCulture, $"__up_b{number}:;"));
        }
    }

    /// <summary>The text of a node on one line, without line markers.</summary>
    private string Folded(int start, int end)
    {
        string text = Unit.Unit.Slice(start, end);
        var folded = new StringBuilder();
        bool space = false;
        foreach (string line in text.Split('\n'))
        {
            if (line.StartsWith("# ", StringComparison.Ordinal))
            {
                continue;
            }

            foreach (char c in line)
            {
                if (c is ' ' or '\t' or '\r' or '\f' or '\v')
                {
                    space = folded.Length > 0;
                    continue;
                }

                if (space)
                {
                    folded.Append(' ');
                    space = false;
                }

                folded.Append(c);
            }

            space = folded.Length > 0;
        }

        return folded.ToString();
    }

    private void PlanPoint(int number, PointKind kind, string? callee, Node node, string text, Temp? result, Temp? buffer)
    {
        List<object> inScope = InScope(node);
        inScope.AddRange(_active);
        _planned.Add(new PlannedPoint
        {
            Number = number,
            Kind = kind,
            Callee = callee,
            Path = string.Join('/', _path),
            Text = text,
            Statement = _simple is { } s ? Folded(s.Start, s.End) : text,
            Place = Unit.Unit.PlaceOf(node.Start),
            Offset = node.Start,
            InScope = inScope,
            Result = result,
            Buffer = buffer,
        });
    }

    private readonly List<PlannedPoint> _planned = [];

    /// <summary>Points met in plan mode.</summary>
    public IReadOnlyList<PlannedPoint> Planned => _planned;
}

/// <summary>A point before slots have indexes.</summary>
internal sealed class PlannedPoint
{
    public required int Number { get; init; }

    public required PointKind Kind { get; init; }

    public required string? Callee { get; init; }

    public required string Path { get; init; }

    public required string Text { get; init; }

    public required string Statement { get; init; }

    public required SourcePlace Place { get; init; }

    public required int Offset { get; init; }

    /// <summary>Declarations and temporaries.</summary>
    public required List<object> InScope { get; init; }

    public required Temp? Result { get; init; }

    public required Temp? Buffer { get; init; }
}

/// <summary>A call of setjmp whose buffer a clone arms again.</summary>
internal sealed record SetJmpSite(int Number, Temp Buffer, Temp Result);
