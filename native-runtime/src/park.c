/* A thread's side of an update: it looks whether its own stack can be mapped, waits, unrolls, and comes back. */
#include "internal.h"

#include <cpuid.h>
#include <errno.h>
#include <setjmp.h>

#include "tree/tree.h"

__thread struct __up_thread upstare_tls __attribute__((visibility("default"), tls_model("initial-exec")));
__thread struct upstare_thread *upstare_self;
__thread uint32_t upstare_in_stub;
exported unsigned char upstare_want;
hidden uint64_t upstare_xsave_size = 512;
hidden uint32_t upstare_has_xsave;

/* More than park and upstare_begin_unrolling take below the frame address of park. */
#define PARK_FRAME 2048

bool upstare_has_obstacle(void)
{
	struct upstare_thread *t = upstare_self;
	return !t || !t->tls->control_sp || t->obstacle_generation == __atomic_load_n(&upstare_update.generation, __ATOMIC_RELAXED);
}

/* Waits for the coordinator's next order after `last`. All threads wait for one word, so that one call wakes them. */
static uint32_t next_order(struct upstare_thread *t, uint32_t last)
{
	for (;;) {
		uint32_t seen = __atomic_load_n(&upstare_update.orders, __ATOMIC_ACQUIRE), order = __atomic_load_n(&t->order, __ATOMIC_ACQUIRE);
		if (order != last)
			return order;
		upstare_futex_wait(&upstare_update.orders, seen, 0);
	}
}

/* What was ordered is done: the coordinator counts on nothing else. The last thread wakes it. */
static void done(void)
{
	if (__atomic_sub_fetch(&upstare_update.awaited, 1, __ATOMIC_ACQ_REL) == 0)
		upstare_event();
}

int upstare_begin_unrolling(struct upstare_thread *t, unsigned after, bool at_point, uint64_t mask, int error)
{
	t->mask = mask;
	t->saved_errno = error;
	if (!t->empty) {
		if (upstare_registers_save(&t->resume) != 0) {
			t->tls->saved_sp = at_point ? t->park_sp : NULL;
			errno = error;
			return 0;
		}
		/* What the base does while the stack is unrolled happens below the frames that are parked here. */
		if (at_point)
			t->tls->control_sp = (char *)(((uintptr_t)__builtin_frame_address(0) - PARK_FRAME) & ~(uintptr_t)15);
		upstare_snapshot_take(t);
		if (t->bottom == UPSTARE_AT_LIBRARY) {
			uintptr_t *slot = (uintptr_t *)t->bottom_sp - 1;
			t->to.pc = *slot;
			t->to.sp = t->bottom_sp;
			*slot = (uintptr_t)upstare_segment_entry;
		}
	}
	t->tls->after = after;
	t->tls->top = t->records;
	t->tls->unrolling = 1;
	return 1;
}

/* Of a thread that has nothing to unroll, after the order to unroll: it may not run on while others do. True: in the new version. */
static bool stand_by(struct upstare_thread *t)
{
	done();
	if (next_order(t, UPSTARE_ORDER_UNROLL) != UPSTARE_ORDER_REBUILD)
		return false;
	done();
	next_order(t, UPSTARE_ORDER_REBUILD);
	return true;
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
	bool at_point = t->tls->saved_sp != NULL, empty = t->empty;
	char *sp = at_point ? t->tls->saved_sp : (char *)__builtin_frame_address(0);
	t->place.pc = 0;
	int obstructed = !empty && upstare_verify(t, upstare_update.target, at_point ? sp : sp - PARK_FRAME, false);
	upstare_lock(&ignored);
	if (upstare_update.phase != UPSTARE_PARKING || upstare_update.generation != generation) {
		upstare_unlock(&ignored);
		goto go_on;
	}
	bool tell;
	if (upstare_update.looking) {
		obstructed = 1;
		t->seen.place = t->place;
	}
	if (obstructed) {
		t->obstacle_generation = generation;
		t->skip = (uint32_t)(t->frames / 8);
		tell = upstare_update.fail_with == t || upstare_update.looking;
	} else {
		/* No stub is below: what a handler left behind that jumped out of one is no longer true. */
		if (!t->in_handler)
			upstare_in_stub = 0;
		t->obstacle_generation = 0;
		t->order = UPSTARE_ORDER_WAIT;
		t->state = UPSTARE_PARKED;
		t->park_sp = sp;
		t->empty = empty || t->bottom == UPSTARE_NO_SEGMENT;
		tell = ++upstare_update.parked == upstare_nthreads;
	}
	upstare_unlock(&ignored);
	if (tell)
		upstare_event();
	if (!obstructed && next_order(t, UPSTARE_ORDER_WAIT) != UPSTARE_ORDER_GO_ON) {
		if (empty || !t->empty)
			return upstare_begin_unrolling(t, after, at_point, mask, error);
		stand_by(t);
	}
	t->empty = empty;
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

void upstare_park_elsewhere(enum upstare_kicked kicked)
{
	struct upstare_thread *t = upstare_self;
	/* What hindered a moment ago (a handler, code without unwind tables) may be gone. */
	if (!wanted(t) || !t->tls->control_sp)
		return;
	/* To take part a process first makes a thread, which only one that waits may do in a handler (interrupted.c). */
	if (kicked != UPSTARE_KICKED_WAITING && __atomic_load_n(&upstare_tree_asked, __ATOMIC_ACQUIRE))
		return;
	t->kicked = kicked;
	park(t, 0, 0);
	t->kicked = UPSTARE_NOT_KICKED;
}

hidden int upstare_point_c(const struct upstare_point_entry *);
int upstare_point_c(const struct upstare_point_entry *entry)
{
	if ((__atomic_load_n(&upstare_want, __ATOMIC_ACQUIRE) & UPSTARE_WANT_STALE) && upstare_is_stale(entry))
		return upstare_migrate();
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
/* Called by the base (or by a segment's bottom: NULL), on the control stack, when the last frame has returned. */
struct upstare_restart upstare_unrolled(char *base_sp)
{
	struct upstare_thread *t = upstare_self;
	bool undo;
	if (base_sp)
		t->base_sp = base_sp;
	t->tls->unrolling = 0;
	t->tls->saved_sp = NULL;
	if (t->migrating) {
		undo = upstare_migrate_frames(t) != 0;
	} else {
		done();
		undo = next_order(t, UPSTARE_ORDER_UNROLL) == UPSTARE_ORDER_UNDO;
	}
	t->tls->control_sp = (char *)t;
	if (undo)
		upstare_snapshot_restore(t);
	if (t->segment)
		t->segment->to = t->to;
	upstare_take_marks(t, t->segment ? &t->segment->marks : &t->base_marks);
	t->pop = 0;
	return (struct upstare_restart){t->new_sp, clone_of(t->rebuilt[0].record)};
}

exported void *upstare_pop(void)
{
	struct upstare_thread *t = upstare_self;
	return t->rebuilt[t->pop++].record;
}

exported void (*upstare_next(void))(void)
{
	struct upstare_thread *t = upstare_self;
	return clone_of(t->rebuilt[t->pop].record);
}

static void released(struct upstare_thread *t)
{
	if (t->migrating) {
		t->migrating = false;
	} else {
		done();
		next_order(t, UPSTARE_ORDER_REBUILD);
	}
	upstare_set_signals(&t->mask);
	errno = t->saved_errno;
}

_Static_assert(offsetof(struct __jmp_buf_tag, __mask_was_saved) == 64, "__UP_MASK_WAS_SAVED of prelude.h");

exported void upstare_resumed(void)
{
	released(upstare_self);
}

int upstare_call_released_masked(void)
{
	struct upstare_thread *t = upstare_self;
	done();
	next_order(t, UPSTARE_ORDER_REBUILD);
	upstare_kick_mask = t->mask;
	upstare_masked = true;
	int due = upstare_signals_due(t->mask);
	errno = t->saved_errno;
	return due;
}

int upstare_call_released(void)
{
	int due = upstare_call_released_masked();
	upstare_masked = false;
	upstare_set_signals(&upstare_self->mask);
	return due;
}

/* A thread that has not called its start routine yet has nothing to unroll. */
void upstare_park_entry(void)
{
	struct upstare_thread *t = upstare_self;
	t->empty = true;
	t->oldest_below = NULL;
	if (upstare_park(0)) {
		t->tls->unrolling = 0;
		stand_by(t);
		upstare_set_signals(&t->mask);
		errno = t->saved_errno;
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
