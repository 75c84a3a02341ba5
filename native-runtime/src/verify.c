/*
 * What a thread finds when it looks at its own stack: segments of the program's frames, with frames of library code between them.
 * Only the innermost segment is unrolled. What stands below library code stays where it is and is brought to the current version
 * when the library returns (migrate.c); so all that could prevent that is looked for here.
 */
#include "internal.h"

#include <string.h>
#include <unwind.h>

#include "blocking/elsewhere.h"

/* Records of inlined frames are not seen by the unwinder: room for this many times what it sees. Only touched pages count. */
#define RECORD_FACTOR 16
#define RECORD_SPARE ((size_t)4 << 20)
/* DWARF's number of rbx. */
#define RBX 3

struct walk {
	struct upstare_thread *thread;
	const struct upstare_loaded *target;
	bool stale;
	size_t frames, bytes; /* of the innermost segment */
	bool below;           /* past it */
	bool done;
	bool kicked;          /* the next signal frame is the kick's own, and library code below it */
	uintptr_t library;    /* the last library frame */
	uintptr_t inside;     /* the same, an address in its function */
	bool interrupted;     /* the frames are those that a handler interrupted, as far as the program's */
	struct upstare_obstacle obstacle;
};

const char upstare_in_library[] = "library code stands on the stack";

static _Unwind_Reason_Code obstruct(struct walk *w, uintptr_t pc, const struct upstare_function *f, uint32_t line,
				    const char *why)
{
	w->obstacle = (struct upstare_obstacle){pc, f, line, why};
	return _URC_NORMAL_STOP;
}

static uint32_t line_of(const struct upstare_function *f, uint32_t point)
{
	const struct upstare_point_info *points = (const void *)UPSTARE_REL(f->points_rel);
	return points && point < f->npoints ? points[point].line : f->line;
}

static const char *callee_of(const struct upstare_function *f, uint32_t point)
{
	const struct upstare_point_info *points = (const void *)UPSTARE_REL(f->points_rel);
	return points && point < f->npoints ? UPSTARE_REL(points[point].callee_rel) : NULL;
}

static bool same_callee(const char *a, const char *b)
{
	return !a || !b || strcmp(a, b) == 0;
}

/* A longjmp may come to a frame that has been left as it was: to the check behind setjmp, which is a point as any other. */
static bool returns_again(const struct upstare_function *f, const struct upstare_map *map)
{
	const struct upstare_point_info *points = (const void *)UPSTARE_REL(f->points_rel);
	for (uint32_t i = 0; map->points && i < f->npoints; i++)
		if (points[i].kind == UPSTARE_POINT_SETJMP && map->points[i] < 0)
			return false;
	return true;
}

/*
 * Why a frame of version l cannot become one of the target version, through those between them; NULL: it can. later: it is to be
 * done after the update.
 */
static const char *hindrance(const struct walk *w, const struct upstare_loaded *l, uint32_t function, uint32_t point, bool later)
{
	while (l != w->target) {
		const struct upstare_loaded *version = upstare_version(l);
		const struct upstare_loaded *next = version == upstare_current ? w->target : version->successor;
		const struct upstare_function *f = upstare_loaded_function(l, function);
		if (!next || next->prepared_for != version)
			return "code of a replaced version is running";
		const struct upstare_map *map = next->maps[l->first + function];
		if (!map)
			return "function has no counterpart in the patch";
		/* Whether a step of the caller leaves the frame out the records will tell. */
		if (point < f->npoints && map->points && map->points[point] == UPSTARE_POINT_LEFT_OUT && !later)
			return NULL;
		if (point >= f->npoints || (map->points && map->points[point] < 0))
			return "this place has no counterpart in the patch";
		if (later && f->flags & UPSTARE_FUNCTION_SETJMP && !returns_again(f, map))
			return "stands below library code, and a setjmp of it has no counterpart in the patch";
		uint32_t mapped = map->points ? (uint32_t)map->points[point] : point;
		if (later && (map->flags & UPSTARE_MAP_MOVES || map->user))
			return "stands below library code, and its variables have to be converted now";
		if (later && !same_callee(callee_of(f, point), callee_of(map->new_function, mapped)))
			return "stands below library code, in a call of another function than in the patch";
		function = (uint32_t)(map->new_function - next->module->functions);
		point = mapped;
		l = next;
	}
	return NULL;
}

/* Of the innermost segment. */
static _Unwind_Reason_Code innermost(struct walk *w, struct upstare_loaded *l, uintptr_t pc, uintptr_t region)
{
	bool exact;
	if (!upstare_is_current(l) && !w->stale)
		return obstruct(w, pc, NULL, 0, "code of a replaced version is running");
	const struct upstare_index_entry *e = upstare_loaded_point(l, pc, region, &exact);
	if (!e)
		return obstruct(w, pc, NULL, 0, "code that was not transformed");
	const struct upstare_function *f = upstare_loaded_function(l, e->function);
	/* Where it is not exact the record will tell. */
	const char *why = exact ? hindrance(w, l, e->function, e->point, false) : NULL;
	if (why)
		return obstruct(w, pc, f, line_of(f, e->point), why);
	w->frames++;
	w->bytes += f->record_size;
	return _URC_NO_REASON;
}

static bool calls_one_of(const struct upstare_loaded *l, const char *callee, size_t low, size_t high)
{
	for (size_t i = low; callee && i < high; i++)
		if (strcmp(UPSTARE_STRING(upstare_loaded_function(l, l->index[i].function)->name_rel), callee) == 0)
			return true;
	return false;
}

/*
 * The frames that the compiler has made one with this one: the return address tells only the innermost. Each call in this piece of
 * code of a function that is inlined there might be under way.
 */
static const char *inlined_around(const struct walk *w, struct upstare_loaded *l, const struct upstare_index_entry *e,
				  const struct upstare_index_entry **where)
{
	size_t at = (size_t)(e - l->index), low = at, high = at;
	bool several = false;
	while (low > 0 && l->index[low - 1].region == e->region)
		low--;
	while (high < l->nindex && l->index[high].region == e->region)
		several |= l->index[high++].function != e->function;
	for (size_t i = low; i < at; i++)
		several |= l->index[i].function != e->function;
	for (size_t i = low; several && i < high; i++) {
		const struct upstare_index_entry *other = &l->index[i];
		const char *callee = callee_of(upstare_loaded_function(l, other->function), other->point);
		if (!calls_one_of(l, callee, low, high))
			continue;
		const char *why = hindrance(w, l, other->function, other->point, true);
		*where = other;
		if (why)
			return why;
	}
	return NULL;
}

/*
 * A function that never blocks nor calls back is called without a check behind it, so that the next check is another call's. A thread that was
 * kicked while it computes may be in one: the name tells. One that waits may be on the way to one, in the dynamic linker.
 */
static bool is_called(const struct walk *w, const char *callee)
{
	const char *symbol = NULL, *file = NULL;
	if (w->thread->kicked != UPSTARE_KICKED_COMPUTING)
		return !upstare_in_dynamic_linker(w->inside);
	return callee && upstare_symbol_at(w->inside, &symbol, &file) && symbol && strcmp(symbol, callee) == 0;
}

/* Of a segment below library code. innermost: the first of the program's frames. */
static _Unwind_Reason_Code below(struct walk *w, struct upstare_loaded *l, uintptr_t pc, uintptr_t region, bool innermost)
{
	struct upstare_thread *t = w->thread;
	bool exact;
	const struct upstare_index_entry *e = upstare_loaded_point(l, pc, region, &exact);
	if (e && exact && innermost && t->kicked)
		exact = is_called(w, callee_of(upstare_loaded_function(l, e->function), e->point));
	if (!e || !exact) {
		const struct upstare_function *f = e ? upstare_loaded_function(l, e->function) : NULL;
		return obstruct(w, w->library, f, e ? line_of(f, e->point) : 0, upstare_in_library);
	}
	const struct upstare_index_entry *where = e;
	const char *why = hindrance(w, l, e->function, e->point, true);
	if (!why)
		why = inlined_around(w, l, e, &where);
	if (why) {
		const struct upstare_function *f = upstare_loaded_function(l, where->function);
		return obstruct(w, pc, f, line_of(f, where->point), why);
	}
	/* Versions come one after the other: the older one is the one from which the other is reached. */
	struct upstare_loaded *version = upstare_version(l);
	for (const struct upstare_loaded *m = version; m; m = m->successor)
		if (m == t->oldest_below || !t->oldest_below) {
			t->oldest_below = version;
			break;
		}
	return _URC_NO_REASON;
}

/*
 * A process that was forked in a signal handler often stays in it until it ends. To it the handler's frame and what that interrupted
 * are library code, if that was a blocking call or a library's code, which return to a check of the program's. t->bottom_sp is
 * the handler's.
 */
static bool may_stay(const struct walk *w, uintptr_t pc, const char *sp, bool ours)
{
	const struct upstare_thread *t = w->thread;
	return w->below && upstare_forked_at && sp > upstare_forked_at && t->bottom_sp >= t->own.low && sp > t->bottom_sp && sp < t->own.high &&
	       (ours ? upstare_in_stub : !upstare_loaded_with_text(pc));
}

static void end_of_innermost(struct walk *w, enum upstare_bottom bottom, struct _Unwind_Context *context)
{
	w->below = true;
	w->thread->bottom = bottom;
	w->thread->bottom_sp = (char *)_Unwind_GetCFA(context);
}

static void note_place(struct upstare_thread *t, const struct upstare_loaded *l, uintptr_t pc, uintptr_t region)
{
	bool exact;
	const struct upstare_index_entry *e = upstare_loaded_point(l, pc, region, &exact);
	const struct upstare_function *f = e ? upstare_loaded_function(l, e->function) : NULL;
	t->place = (struct upstare_obstacle){pc, f, e ? line_of(f, e->point) : 0, NULL};
}

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *argument)
{
	struct walk *w = argument;
	struct upstare_thread *t = w->thread;
	int interrupted = 0;
	uintptr_t pc = _Unwind_GetIPInfo(context, &interrupted);
	if (pc == (uintptr_t)upstare_base_return) {
		w->done = true;
		if (!t->base_sp)
			t->base_sp = (char *)_Unwind_GetCFA(context);
		if (w->below)
			upstare_floor_marks(t, &t->base_marks);
		else
			end_of_innermost(w, UPSTARE_AT_BASE, context);
		return _URC_NORMAL_STOP;
	}
	if (pc == (uintptr_t)upstare_segment_return) {
		struct upstare_segment *s = (struct upstare_segment *)_Unwind_GetGR(context, RBX);
		if (w->below) {
			upstare_floor_marks(t, &s->marks);
		} else {
			/* What it retains, the records tell; but undoing the update needs it. */
			end_of_innermost(w, UPSTARE_AT_TRAMPOLINE, context);
			upstare_floor_at(t, s);
		}
		upstare_floor_at(t, s->to.sp);
		w->library = s->to.pc;
		return _URC_NO_REASON;
	}
	/* What the program's handlers return to stands for libc's. */
	bool restorer = pc == (uintptr_t)upstare_restorer_restarting || pc == (uintptr_t)upstare_restorer_ending;
	bool ours = !restorer && pc >= (uintptr_t)upstare_text_start && pc <= (uintptr_t)upstare_text_end;
	if (interrupted && w->kicked && !ours) {
		w->kicked = false;
	} else if (interrupted) {
		if (!may_stay(w, pc, (const char *)_Unwind_GetCFA(context), ours))
			return obstruct(w, pc, NULL, 0, "a signal handler is running");
		w->interrupted = t->in_handler = true;
	}
	if (ours) {
		if ((w->frames == 0 && !w->below) || w->interrupted)
			return _URC_NO_REASON;
		return obstruct(w, pc, NULL, 0, "inside the runtime");
	}
	struct upstare_loaded *l = restorer ? NULL : upstare_loaded_with_text(pc);
	/* Between updates a library of the current version is as any other: nothing of it is to be migrated. */
	if (l && l->prefix && w->stale && upstare_is_current(l))
		l = NULL;
	if (!l) {
		if (!w->below) {
			end_of_innermost(w, w->frames ? UPSTARE_AT_LIBRARY : UPSTARE_NO_SEGMENT, context);
			upstare_floor_at(t, t->bottom_sp);
		}
		w->library = pc;
		w->inside = pc - !interrupted;
		if (t->kicked && !t->place.pc && upstare_may_hold_lock(w->inside, t->kicked))
			return obstruct(w, pc, NULL, 0, upstare_in_library);
		return _URC_NO_REASON;
	}
	w->interrupted = false;
	bool first = !t->place.pc;
	if (first)
		note_place(t, l, pc, _Unwind_GetRegionStart(context));
	if (pc > (uintptr_t)l->module->pinned_text && pc <= (uintptr_t)l->module->pinned_text_end)
		return obstruct(w, pc, NULL, 0, "pinned function");
	return (w->below ? below(w, l, pc, _Unwind_GetRegionStart(context), first) : innermost(w, l, pc, _Unwind_GetRegionStart(context)));
}

static int room(char **area, size_t *have, size_t want)
{
	if (*have >= want)
		return 0;
	upstare_pages_free(*area, *have);
	*have = 0;
	*area = upstare_pages(want);
	if (!*area)
		return -1;
	*have = want;
	return 0;
}

int upstare_verify(struct upstare_thread *t, const struct upstare_loaded *target, char *sp, bool stale)
{
	struct walk w = {.thread = t, .target = target, .stale = stale, .kicked = t->kicked != UPSTARE_NOT_KICKED};
	t->oldest_below = NULL;
	t->in_handler = false;
	t->place.pc = 0;
	upstare_floor_begin(t);
	_Unwind_Backtrace(step, &w);
	if (!w.done && !w.obstacle.why) {
		if (w.below)
			w.obstacle = (struct upstare_obstacle){w.library, NULL, 0, upstare_in_library};
		else
			w.obstacle.why = "the stack cannot be unwound to its base";
	}
	t->frames = w.frames;
	if (w.obstacle.why) {
		t->obstacle = w.obstacle;
		return -1;
	}
	if (t->bottom == UPSTARE_NO_SEGMENT)
		return 0;
	size_t want = RECORD_SPARE + w.bytes * RECORD_FACTOR;
	size_t index = (want / sizeof(struct __up_header) + 1) * sizeof(void *);
	if (room(&t->records, &t->records_size, want) ||
	    room((char **)&t->index, &t->index_size, (index + 4095) & ~(size_t)4095) || upstare_snapshot_room(t, sp, t->bottom_sp)) {
		t->obstacle = (struct upstare_obstacle){0, NULL, 0, "no memory for the frame records"};
		return -1;
	}
	return 0;
}
