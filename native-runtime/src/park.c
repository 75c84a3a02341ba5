/* A thread's side of an update: it looks whether its own stack can be mapped, waits, unrolls, and comes back. */
#include "internal.h"

#include <cpuid.h>
#include <errno.h>
#include <unwind.h>

#include "tree/tree.h"

__thread struct __up_thread upstare_tls __attribute__((visibility("default"), tls_model("initial-exec")));
__thread struct upstare_thread *upstare_self;
__thread uint32_t upstare_in_stub;
exported unsigned char upstare_want;
hidden uint64_t upstare_xsave_size = 512;
hidden uint32_t upstare_has_xsave;

extern hidden const char upstare_text_start[] __asm__("__start_upstare_text");
extern hidden const char upstare_text_end[] __asm__("__stop_upstare_text");

/* Records of inlined frames are not seen by the unwinder: room for this many times what it sees. Only touched pages count. */
#define RECORD_FACTOR 16
#define RECORD_SPARE ((size_t)4 << 20)
/* More than upstare_park's own frame takes below its frame address. */
#define PARK_FRAME 1024

struct walk {
	struct upstare_thread *thread;
	const struct upstare_loaded *current, *target;
	size_t frames, bytes;
	char *base_sp; /* where the base calls from */
	bool done;
	struct upstare_obstacle obstacle;
};

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

const char upstare_in_library[] = "library code stands on the stack";

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *argument)
{
	struct walk *w = argument;
	int interrupted = 0;
	bool exact;
	uintptr_t pc = _Unwind_GetIPInfo(context, &interrupted);
	if (pc == (uintptr_t)upstare_base_return) {
		w->done = !w->obstacle.why;
		w->base_sp = (char *)_Unwind_GetCFA(context);
		return _URC_NORMAL_STOP;
	}
	if (interrupted)
		return obstruct(w, pc, NULL, 0, "a signal handler is running");
	if (pc >= (uintptr_t)upstare_text_start && pc <= (uintptr_t)upstare_text_end) {
		if (w->frames == 0)
			return _URC_NO_REASON;
		return obstruct(w, pc, NULL, 0, "inside the runtime");
	}
	const struct upstare_module *m = w->current->module;
	if (w->obstacle.why) {
		/* Below a library's frames: up to the program's call of it, which is what its author knows. */
		if (!upstare_loaded_text(w->current, pc)) {
			w->obstacle.pc = pc;
			return _URC_NO_REASON;
		}
		const struct upstare_index_entry *e = upstare_loaded_point(w->current, pc, _Unwind_GetRegionStart(context), &exact);
		if (e) {
			w->obstacle.function = upstare_loaded_function(w->current, e->function);
			w->obstacle.line = line_of(w->obstacle.function, e->point);
		}
		return _URC_NORMAL_STOP;
	}
	if (!upstare_loaded_text(w->current, pc)) {
		for (const struct upstare_loaded *l = upstare_modules; l; l = l->next)
			if (upstare_loaded_text(l, pc))
				return obstruct(w, pc, NULL, 0, "code of a replaced version is running");
		obstruct(w, pc, NULL, 0, upstare_in_library);
		return _URC_NO_REASON;
	}
	if (pc > (uintptr_t)m->pinned_text && pc <= (uintptr_t)m->pinned_text_end)
		return obstruct(w, pc, NULL, 0, "pinned function");
	const struct upstare_index_entry *e = upstare_loaded_point(w->current, pc, _Unwind_GetRegionStart(context), &exact);
	if (!e)
		return obstruct(w, pc, NULL, 0, "code that was not transformed");
	const struct upstare_function *f = upstare_loaded_function(w->current, e->function);
	uint32_t line = line_of(f, e->point);
	const struct upstare_map *map = w->target->maps[e->function];
	if (!map && exact)
		return obstruct(w, pc, f, line, "function has no counterpart in the patch");
	if (exact && (e->point >= f->npoints || (map->points && map->points[e->point] < 0)))
		return obstruct(w, pc, f, line, "this place has no counterpart in the patch");
	w->frames++;
	w->bytes += f->record_size;
	return _URC_NO_REASON;
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

/*
 * 0: every frame down to the base can be mapped, and there is room for the records and for what undoing needs. Else
 * thread->obstacle says what is not. sp: the lowest frame that is to be unrolled.
 */
int upstare_verify(struct upstare_thread *t, char *sp)
{
	struct walk w = {.thread = t, .current = upstare_current, .target = upstare_update.target};
	_Unwind_Backtrace(step, &w);
	if (!w.done) {
		if (!w.obstacle.why)
			w.obstacle.why = "the stack cannot be unwound to its base";
		t->obstacle = w.obstacle;
		t->frames = w.frames;
		return -1;
	}
	size_t want = RECORD_SPARE + w.bytes * RECORD_FACTOR;
	size_t index = (want / sizeof(struct __up_header) + 1) * 2 * sizeof(void *);
	if (room(&t->records, &t->records_size, want) ||
	    room((char **)&t->index, &t->index_size, (index + 4095) & ~(size_t)4095) ||
	    upstare_snapshot_room(t, sp, t->rebuilt_sp ? t->rebuilt_sp : w.base_sp)) {
		t->obstacle = (struct upstare_obstacle){0, NULL, 0, "no memory for the frame records"};
		return -1;
	}
	t->frames = w.frames;
	return 0;
}

bool upstare_has_obstacle(void)
{
	struct upstare_thread *t = upstare_self;
	return !t || !t->tls->control_sp || t->obstacle_generation == upstare_update.generation;
}

/* Waits for the coordinator's next order after `last`. */
static uint32_t next_order(struct upstare_thread *t, uint32_t last)
{
	uint32_t order;
	while ((order = __atomic_load_n(&t->order, __ATOMIC_ACQUIRE)) == last)
		upstare_futex_wait(&t->order, last, 0);
	return order;
}

static void set_state(struct upstare_thread *t, uint32_t state)
{
	__atomic_store_n(&t->state, state, __ATOMIC_RELEASE);
	upstare_event();
}

/* All signals are blocked; mask: the program's. 1: unroll now. */
static int park(struct upstare_thread *t, unsigned after, uint64_t mask)
{
	int error = errno;
	if (__atomic_load_n(&upstare_tree_asked, __ATOMIC_ACQUIRE))
		upstare_tree_join();
	uint64_t ignored, generation = __atomic_load_n(&upstare_update.generation, __ATOMIC_ACQUIRE);
	/* The child of a vfork runs on its parent's thread state: nothing may happen there. */
	if (upstare_raw_getpid() != upstare_pid || upstare_thread_bounds(t))
		goto go_on;
	if (__atomic_load_n(&upstare_update.phase, __ATOMIC_ACQUIRE) != UPSTARE_PARKING)
		goto go_on;
	/* At a point the frames end at the program's rsp; a wrapped call is the innermost frame itself, with this one above it. */
	bool at_point = t->tls->saved_sp != NULL;
	char *sp = at_point ? t->tls->saved_sp : (char *)__builtin_frame_address(0);
	int obstructed = !t->empty && upstare_verify(t, at_point ? sp : sp - PARK_FRAME);
	upstare_lock(&ignored);
	if (upstare_update.phase != UPSTARE_PARKING || upstare_update.generation != generation) {
		upstare_unlock(&ignored);
		goto go_on;
	}
	if (obstructed) {
		t->obstacle_generation = generation;
		t->skip = (uint32_t)(t->frames / 8);
	} else {
		/* No stub is below: what a handler left behind that jumped out of one is no longer true. */
		upstare_in_stub = 0;
		t->obstacle_generation = 0;
		t->order = UPSTARE_ORDER_WAIT;
		t->state = UPSTARE_PARKED;
		t->mask = mask;
		t->park_sp = sp;
	}
	upstare_unlock(&ignored);
	upstare_event();
	if (obstructed || next_order(t, UPSTARE_ORDER_WAIT) == UPSTARE_ORDER_GO_ON)
		goto go_on;
	t->saved_errno = error;
	if (!t->empty) {
		if (_setjmp(t->resume) != 0)
			goto undone;
		/* What the base does while the stack is unrolled happens below the frames that are parked here. */
		if (at_point)
			t->tls->control_sp = (char *)(((uintptr_t)__builtin_frame_address(0) - PARK_FRAME) & ~(uintptr_t)15);
		upstare_snapshot_take(t);
	}
	t->tls->after = after;
	t->tls->top = t->records;
	t->tls->unrolling = 1;
	return 1;
undone:
	t->tls->saved_sp = at_point ? t->park_sp : NULL;
go_on:
	errno = error;
	return 0;
}

static bool wanted(const struct upstare_thread *t)
{
	return t && (__atomic_load_n(&upstare_want, __ATOMIC_ACQUIRE) & UPSTARE_WANT_UPDATE);
}

int upstare_park(unsigned after)
{
	struct upstare_thread *t = upstare_self;
	uint64_t mask;
	if (!wanted(t))
		return 0;
	if (t->obstacle_generation == __atomic_load_n(&upstare_update.generation, __ATOMIC_ACQUIRE) && t->skip > 0) {
		t->skip--;
		return 0;
	}
	upstare_block_signals(&mask);
	if (park(t, after, mask))
		return 1;
	upstare_set_signals(&mask);
	return 0;
}

int upstare_park_call(uint64_t mask)
{
	struct upstare_thread *t = upstare_self;
	return wanted(t) && park(t, 0, mask);
}

hidden int upstare_point_c(void);
int upstare_point_c(void)
{
	if (upstare_run_mode) {
		if (__atomic_load_n(&upstare_run_left, __ATOMIC_RELAXED) <= 0)
			return upstare_run_due();
	}
	return upstare_park(UPSTARE_AFTER);
}

struct upstare_restart {
	char *sp;
	void (*clone)(void);
};

static void (*clone_of(const struct __up_header *record))(void)
{
	return (void (*)(void))(uintptr_t)UPSTARE_REL(record->function->clone_rel);
}

hidden struct upstare_restart upstare_unrolled(char *base_sp);
/* Called by the base, on the control stack, when the last frame has returned. */
struct upstare_restart upstare_unrolled(char *base_sp)
{
	struct upstare_thread *t = upstare_self;
	t->base_sp = base_sp;
	t->tls->unrolling = 0;
	t->tls->saved_sp = NULL;
	set_state(t, UPSTARE_UNROLLED);
	uint32_t next = next_order(t, UPSTARE_ORDER_UNROLL);
	t->tls->control_sp = (char *)t;
	if (next == UPSTARE_ORDER_UNDO)
		upstare_snapshot_restore(t);
	t->rebuilt_sp = t->new_sp;
	t->pop = t->nindex;
	return (struct upstare_restart){t->new_sp, clone_of(t->pops[t->nindex - 1])};
}

exported void *upstare_pop(void)
{
	struct upstare_thread *t = upstare_self;
	return t->pops[--t->pop];
}

exported void (*upstare_next(void))(void)
{
	struct upstare_thread *t = upstare_self;
	return clone_of(t->pops[t->pop - 1]);
}

static void released(struct upstare_thread *t)
{
	set_state(t, UPSTARE_REBUILT);
	next_order(t, UPSTARE_ORDER_REBUILD);
	upstare_set_signals(&t->mask);
	errno = t->saved_errno;
}

static void leave_undone(struct upstare_thread *t)
{
	upstare_set_signals(&t->mask);
	errno = t->saved_errno;
}

exported void upstare_resumed(void)
{
	released(upstare_self);
}

int upstare_call_released(void)
{
	struct upstare_thread *t = upstare_self;
	set_state(t, UPSTARE_REBUILT);
	next_order(t, UPSTARE_ORDER_REBUILD);
	int due = upstare_signals_due(t->mask);
	upstare_set_signals(&t->mask);
	errno = t->saved_errno;
	return due;
}

/* A thread that has not called its start routine yet has nothing to unroll, but may not run on while others do. */
void upstare_park_entry(void)
{
	struct upstare_thread *t = upstare_self;
	t->empty = true;
	if (upstare_park(0)) {
		t->tls->unrolling = 0;
		set_state(t, UPSTARE_UNROLLED);
		if (next_order(t, UPSTARE_ORDER_UNROLL) == UPSTARE_ORDER_REBUILD)
			released(t);
		else
			leave_undone(t);
	}
	t->empty = false;
}

static void __attribute__((constructor)) processor_state(void)
{
	unsigned a, b, c, d;
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !__get_cpuid_count(0xd, 0, &a, &b, &c, &d) || b < 576)
		return;
	upstare_xsave_size = b;
	upstare_has_xsave = 1;
}
