/*
 * One try of this process: its threads are parked, their stacks unrolled, its data transformed (upstare_freeze); then all of it is carried out or
 * undone (upstare_thaw). Who decides: coordinate.c and tree/.
 */
#include "internal.h"

#include <limits.h>
#include <string.h>

#include "blocking/elsewhere.h"
#include "blocking/pipe/descriptors.h"

/* Not 0: that is what threads start with as the update in which they could not park. */
struct upstare_update upstare_update = {.generation = 1};

/* While threads are awaited, those in a stub are kicked again: a kick is lost on a thread that runs a handler of its own. */
#define KICK_AGAIN_NS 2000000u
/* If none has parked for so long, those inside libraries are looked for, which takes some microseconds for each. */
#define LOOK_NS 500000u
#define LOOK_AGAIN_NS 4000000u

void upstare_event(void)
{
	__atomic_add_fetch(&upstare_update.event, 1, __ATOMIC_RELEASE);
	if (__atomic_load_n(&upstare_update.phase, __ATOMIC_ACQUIRE) != UPSTARE_IDLE)
		upstare_futex_wake(&upstare_update.event, INT_MAX);
}

static bool all_parked(void)
{
	for (struct upstare_thread *t = upstare_threads; t; t = t->next)
		if (t->state != UPSTARE_PARKED)
			return false;
	return true;
}

static void wake_for_order(void)
{
	__atomic_add_fetch(&upstare_update.orders, 1, __ATOMIC_RELEASE);
	upstare_futex_wake(&upstare_update.orders, INT_MAX);
}

static void order(uint32_t what)
{
	for (struct upstare_thread *t = upstare_threads; t; t = t->next) {
		if (what == UPSTARE_ORDER_UNDO || what == UPSTARE_ORDER_RELEASE)
			t->state = UPSTARE_RUNNING;
		__atomic_store_n(&t->order, what, __ATOMIC_RELEASE);
	}
	wake_for_order();
}

/* Every thread has been parked when this is called: the list does not change, and no thread can fail to get there. */
static void order_and_await(uint32_t what)
{
	__atomic_store_n(&upstare_update.awaited, upstare_nthreads, __ATOMIC_RELEASE);
	order(what);
	for (;;) {
		uint32_t seen = __atomic_load_n(&upstare_update.event, __ATOMIC_ACQUIRE);
		if (__atomic_load_n(&upstare_update.awaited, __ATOMIC_ACQUIRE) == 0)
			return;
		upstare_futex_wait(&upstare_update.event, seen, 0);
	}
}

void upstare_raise_flags(bool up)
{
	if (up) {
		__atomic_store_n(upstare_current->module->flag, 1, __ATOMIC_SEQ_CST);
		upstare_libraries_flag(1);
		__atomic_or_fetch(&upstare_want, UPSTARE_WANT_UPDATE, __ATOMIC_SEQ_CST);
	} else {
		__atomic_and_fetch(&upstare_want, (unsigned char)~UPSTARE_WANT_UPDATE, __ATOMIC_SEQ_CST);
		__atomic_store_n(upstare_current->module->flag, upstare_run_mode, __ATOMIC_SEQ_CST);
		upstare_libraries_flag(upstare_run_mode);
		if (upstare_self_pipe)
			upstare_pipe_lower();
	}
}

/* Ends with all parked and the lock released (true), or not all parked and the flags still up (false). */
static bool park_all(uint64_t deadline, bool (*give_up)(void))
{
	struct upstare_update *u = &upstare_update;
	uint64_t mask, kick_at = 0, look = LOOK_NS, look_at = upstare_now() + look;
	uint32_t parked = 0;
	for (;;) {
		uint32_t seen = __atomic_load_n(&u->event, __ATOMIC_ACQUIRE);
		upstare_lock(&mask);
		bool all = all_parked();
		bool hopeless = u->fail_with && u->fail_with->obstacle_generation == u->generation;
		uint64_t now = upstare_now();
		if (all) {
			__atomic_store_n(&u->phase, UPSTARE_COMMITTING, __ATOMIC_RELEASE);
		} else if (now >= kick_at) {
			upstare_kick_all();
			kick_at = now + KICK_AGAIN_NS;
		}
		if (!all && now >= look_at && u->parked == parked) {
			upstare_elsewhere_kick_all(look > LOOK_NS);
			look = look < LOOK_AGAIN_NS ? look * 2 : look;
		}
		if (now >= look_at) {
			look_at = now + look;
			parked = u->parked;
		}
		upstare_unlock(&mask);
		if (all || hopeless || now >= deadline || upstare_libraries_disturbed() || (give_up && give_up()))
			return all;
		uint64_t next = kick_at < look_at ? kick_at : look_at;
		upstare_futex_wait(&u->event, seen, (deadline < next ? deadline : next) - now);
	}
}

static void finish_phase(void)
{
	upstare_update.target = NULL;
	upstare_update.fail_with = NULL;
	__atomic_store_n(&upstare_update.phase, UPSTARE_IDLE, __ATOMIC_RELEASE);
}

/* Threads that wait go on as if nothing had been. */
static void call_off(void)
{
	uint64_t mask;
	upstare_lock(&mask);
	upstare_raise_flags(false);
	for (struct upstare_thread *t = upstare_threads; t; t = t->next)
		if (t->state == UPSTARE_PARKED) {
			t->state = UPSTARE_RUNNING;
			__atomic_store_n(&t->order, UPSTARE_ORDER_GO_ON, __ATOMIC_RELEASE);
		}
	wake_for_order();
	finish_phase();
	upstare_unlock(&mask);
}

static void register_moves(struct upstare_context *c)
{
	const struct upstare_patch *patch = c->to->module->patch;
	for (uint32_t i = 0; i < patch->nglobals; i++) {
		const struct upstare_global *g = &patch->globals[i];
		const struct upstare_name *old = g->old_key ? upstare_names_find(&upstare_variables, g->old_key) : NULL;
		if (old)
			upstare_moved(c, old->address, old->size, g->address);
	}
}

static int condition(struct upstare_context *c)
{
	upstare_net_spread(c);
	return c->to->module->patch->condition(c);
}

static int after(struct upstare_context *c)
{
	upstare_net_spread(c);
	c->to->module->patch->after(c);
	return 0;
}

static int transform(struct upstare_context *c)
{
	const struct upstare_patch *patch = c->to->module->patch;
	if (patch->before)
		upstare_net_spread(c);
	if (patch->before && patch->before(c)) {
		c->why = "the patch's function \"before\" refused";
		return -1;
	}
	register_moves(c);
	for (struct upstare_thread *t = upstare_threads; t; t = t->next)
		if (!t->empty && upstare_map_thread(c, t))
			return -1;
	return upstare_map_globals(c);
}

static void commit(struct upstare_context *c)
{
	upstare_forward_all(c);
	upstare_slots_switch(c->to);
	for (size_t i = 0; i < c->to->nexports; i++)
		__atomic_store_n(c->to->exports[i].slot, c->to->exports[i].body, __ATOMIC_RELEASE);
	upstare_libraries_superseded();
	__atomic_store_n(c->to->module->flag, upstare_run_mode, __ATOMIC_SEQ_CST);
	c->from->successor = c->to;
	c->to->successor = NULL;
	upstare_current = c->to;
	c->stale = upstare_note_stale(c);
	if (c->stale)
		__atomic_or_fetch(&upstare_want, UPSTARE_WANT_STALE, __ATOMIC_SEQ_CST);
	else
		__atomic_and_fetch(&upstare_want, (unsigned char)~UPSTARE_WANT_STALE, __ATOMIC_SEQ_CST);
	__atomic_and_fetch(&upstare_want, (unsigned char)~UPSTARE_WANT_UPDATE, __ATOMIC_SEQ_CST);
	if (upstare_self_pipe)
		upstare_pipe_lower();
}

/* Frame records that were large give their memory back; all of them have been read. */
static void trim(void)
{
	for (struct upstare_thread *t = upstare_threads; t; t = t->next) {
		if (t->record_bytes <= 1 << 20)
			continue;
		upstare_pages_free(t->mapped, t->mapped_size);
		upstare_pages_free(t->records, t->records_size);
		upstare_pages_free(t->index, t->index_size);
		upstare_pages_free(t->rebuilt, t->rebuilt_size);
		t->mapped = t->records = NULL;
		t->index = NULL;
		t->rebuilt = NULL;
		t->mapped_size = t->records_size = t->index_size = t->rebuilt_size = t->record_bytes = 0;
	}
}

/* Every thread's stack is put back, and it goes on where it was parked. */
static void undo(void)
{
	uint64_t mask;
	upstare_lock(&mask);
	upstare_raise_flags(false);
	finish_phase();
	order(UPSTARE_ORDER_UNDO);
	upstare_unlock(&mask);
}

/* Returns when the threads were let go. */
static uint64_t rebuild(struct upstare_context *c)
{
	const struct upstare_patch *patch = c->to->module->patch;
	uint64_t mask;
	order_and_await(UPSTARE_ORDER_REBUILD);
	if (patch->after) {
		upstare_names_switch(c->to);
		if (upstare_net_run(c, after))
			upstare_log("after the update: %s", c->why);
	}
	trim();
	/* A thread that is let go may end at once: the list must not change meanwhile. Nor may it fork before all names are known. */
	upstare_lock(&mask);
	/* One call lets all of them go. They may take the processor from this thread then: when it gets it back is no part of the pause. */
	uint64_t released = upstare_now();
	order(UPSTARE_ORDER_RELEASE);
	finish_phase();
	if (!patch->after)
		upstare_names_switch(c->to);
	upstare_unlock(&mask);
	return released;
}

enum upstare_outcome upstare_freeze(struct upstare_attempt *a, struct upstare_loaded *to, struct upstare_until until, bool dry,
				    bool (*give_up)(void))
{
	struct upstare_update *u = &upstare_update;
	struct upstare_context *c = &a->context;
	uint64_t mask;
	*c = (struct upstare_context){.from = upstare_current, .to = to, .deadline = until.deadline};
	a->unrolled = false;
	a->at.parking = upstare_now();
	/* Nobody has to stand still for that; looked at again when all do. */
	if (upstare_coroutines_suspended(c))
		return UPSTARE_ELSEWHERE;
	upstare_lock(&mask);
	a->generation = __atomic_add_fetch(&u->generation, 1, __ATOMIC_ACQ_REL);
	u->target = to;
	u->fail_with = a->fail_with;
	u->parked = 0;
	__atomic_store_n(&u->phase, UPSTARE_PARKING, __ATOMIC_RELEASE);
	upstare_raise_flags(true);
	upstare_unlock(&mask);
	upstare_event();
	if (!park_all(until.round, give_up)) {
		if (!upstare_libraries_disturbed())
			return UPSTARE_OBSTRUCTED;
		c->why = "a thread is closing a library";
		return UPSTARE_ELSEWHERE;
	}
	if (upstare_coroutines_suspended(c))
		return UPSTARE_ELSEWHERE;
	const struct upstare_patch *patch = to->module->patch;
	bool held = !patch->condition || upstare_net_run(c, condition) == 0;
	a->at.parked = upstare_now();
	if (!held)
		return c->why ? UPSTARE_FAILED : UPSTARE_NOT_NOW;
	if (dry)
		return UPSTARE_FROZEN;
	order_and_await(UPSTARE_ORDER_UNROLL);
	a->unrolled = true;
	a->threads = upstare_nthreads;
	a->at.unrolled = upstare_now();
	int failed = 0;
	for (struct upstare_thread *t = upstare_threads; t; t = t->next)
		failed |= !t->empty && upstare_collect(t);
	if (failed)
		c->why = "no memory for the index of the frame records";
	else
		failed = upstare_net_run(c, transform);
	if (failed)
		return c->elsewhere ? UPSTARE_ELSEWHERE : UPSTARE_FAILED;
	return UPSTARE_FROZEN;
}

void upstare_thaw(struct upstare_attempt *a, bool to_new_version)
{
	struct upstare_context *c = &a->context;
	if (!a->unrolled) {
		call_off();
	} else if (!to_new_version) {
		undo();
		upstare_futex_wake(&upstare_update.event, INT_MAX);
	} else {
		commit(c);
		a->at.mapped = upstare_now();
		a->at.released = rebuild(c);
		upstare_futex_wake(&upstare_update.event, INT_MAX);
		upstare_remember(c, &a->at);
	}
	upstare_context_free(c);
	upstare_libraries_close();
}
