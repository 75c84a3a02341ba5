/* One update of this process from beginning to end, on the control thread. Other processes of the program: tree/. */
#include "internal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "blocking/elsewhere.h"
#include "blocking/pipe/descriptors.h"
#include "json.h"
#include "tree/tree.h"

/* Not 0: that is what threads start with as the update in which they could not park. */
struct upstare_update upstare_update = {.generation = 1};

/* While threads are awaited, those in a stub are kicked again: a kick is lost on a thread that runs a handler of its own. */
#define KICK_AGAIN_NS 2000000u
/* If none has parked for so long, those inside libraries are looked for, which takes some microseconds for each. */
#define LOOK_NS 500000u
#define LOOK_AGAIN_NS 4000000u
/* After a try for which a thread was at a wrong place: at first, and at most. */
#define FIRST_WAIT_NS 100000u
#define LAST_WAIT_NS 10000000u
/* How long the first try waits for all to park, twice as long each time; the program goes on for twice as long after it. */
#define FIRST_ROUND_NS 50000000u
#define HISTORY 64

struct past {
	char from[80], to[80];
	int64_t when;
	uint64_t pause_us;
	const char *description;
};
static struct past history[HISTORY];
static unsigned updates;

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

/* ---- what hinders ---- */

/* Fills h->why, and the place where o tells it. */
static void describe(struct upstare_hindrance *h, const struct upstare_obstacle *o)
{
	h->line = o->line;
	snprintf(h->why, sizeof(h->why), "%s", o->why);
	const char *function = NULL, *file = NULL, *symbol = NULL, *object = NULL;
	bool known = o->pc && upstare_symbol_at(o->pc - 1, &symbol, &object);
	if (o->why == upstare_in_library)
		snprintf(h->why, sizeof(h->why), "library function %.80s (%.80s) stands on the stack",
			 symbol ? symbol : "?", known ? object : "?");
	if (o->function) {
		function = UPSTARE_STRING(o->function->name_rel);
		file = UPSTARE_REL(o->function->file_rel);
	} else if (o->pc && o->why != upstare_in_library) {
		const struct upstare_pinned_function *best = NULL;
		const struct upstare_loaded *in = upstare_library_at(o->pc);
		for (const struct upstare_loaded *l = in ? in : upstare_modules; l; l = in ? NULL : l->next) {
			const struct upstare_module *m = l->module;
			if (o->pc <= (uintptr_t)m->pinned_text || o->pc > (uintptr_t)m->pinned_text_end)
				continue;
			for (const struct upstare_pinned_function *p = m->pinned; p < m->pinned_end; p++)
				if (p->start_rel && (uintptr_t)UPSTARE_REL(p->start_rel) < o->pc &&
				    (!best || UPSTARE_REL(p->start_rel) > UPSTARE_REL(best->start_rel)))
					best = p;
		}
		if (best) {
			function = UPSTARE_STRING(best->name_rel);
			file = UPSTARE_REL(best->file_rel);
			h->line = best->line;
			snprintf(h->why, sizeof(h->why), "pinned function: %.180s", UPSTARE_STRING(best->reason_rel));
		} else if (known) {
			function = symbol;
			file = object;
		}
	}
	snprintf(h->function, sizeof(h->function), "%s", function ? function : "");
	snprintf(h->file, sizeof(h->file), "%s", file ? file : "");
}

void upstare_describe_place(struct upstare_hindrance *h, uintptr_t pc, const char *why)
{
	struct upstare_obstacle o = {.pc = pc, .why = why};
	/* libgcc knows where the piece of code begins that the pc is in. */
	extern void *_Unwind_FindEnclosingFunction(void *);
	uintptr_t region = (uintptr_t)_Unwind_FindEnclosingFunction((void *)pc);
	bool exact;
	const struct upstare_loaded *in = upstare_current ? upstare_loaded_with_text(pc) : NULL;
	const struct upstare_index_entry *e =
		region && in ? upstare_loaded_point(in, pc, region, &exact) : NULL;
	if (e) {
		o.function = upstare_loaded_function(in, e->function);
		o.line = o.function->line;
	}
	describe(h, &o);
}

/* The threads that have not parked in this try. */
static void tell_obstacles(uint64_t generation, upstare_tell_fn tell, void *to)
{
	for (struct upstare_thread *t = upstare_threads; t; t = t->next) {
		struct upstare_hindrance h = {.pid = upstare_pid, .tid = upstare_tid_of(t)};
		char text[128];
		int call = -1;
		if (t->state == UPSTARE_PARKED)
			continue;
		if (t->obstacle_generation == generation) {
			describe(&h, &t->obstacle);
		} else {
			/* A process that is not the leader may be in a filter that does not let it open files. */
			text[0] = 0;
			if (upstare_tree.leads)
				upstare_read_task(upstare_tid_of(t), "syscall", text, sizeof(text));
			if (!upstare_tree.leads)
				snprintf(h.why, sizeof(h.why), "has reached no update point");
			else if (sscanf(text, "%d", &call) == 1 && (call == SYS_vfork || call == SYS_clone || call == SYS_clone3))
				snprintf(h.why, sizeof(h.why), "has reached no update point: waits for a vforked child to exec or end");
			else if (call >= 0)
				snprintf(h.why, sizeof(h.why), "has reached no update point: blocked in system call %d", call);
			else
				snprintf(h.why, sizeof(h.why), "has reached no update point: running");
		}
		tell(to, &h);
	}
}

/* What the transformation met. */
static void tell_refusal(const struct upstare_context *c, upstare_tell_fn tell, void *to)
{
	struct upstare_hindrance h = {.pid = upstare_pid, .tid = c->thread ? upstare_tid_of(c->thread) : 0, .line = c->line};
	snprintf(h.function, sizeof(h.function), "%s", c->function ? UPSTARE_STRING(c->function->name_rel) : "");
	const char *file = c->function ? UPSTARE_REL(c->function->file_rel) : NULL;
	snprintf(h.file, sizeof(h.file), "%s", file ? file : "");
	snprintf(h.why, sizeof(h.why), "%s", c->why ? c->why : "unknown");
	tell(to, &h);
}

void upstare_tell_hindrances(const struct upstare_attempt *a, enum upstare_outcome outcome, upstare_tell_fn tell, void *to)
{
	uint64_t mask;
	if (outcome == UPSTARE_OBSTRUCTED) {
		upstare_lock(&mask);
		tell_obstacles(a->generation, tell, to);
		upstare_unlock(&mask);
	} else if (outcome == UPSTARE_ELSEWHERE || outcome == UPSTARE_FAILED) {
		tell_refusal(&a->context, tell, to);
	}
}

void upstare_put_hindrance(void *json, const struct upstare_hindrance *h)
{
	struct upstare_json *j = json;
	upstare_json_begin_object(j, NULL);
	upstare_json_int(j, "pid", h->pid);
	upstare_json_int(j, "tid", h->tid);
	upstare_json_string(j, "function", h->function[0] ? h->function : NULL);
	upstare_json_string(j, "file", h->file[0] ? h->file : NULL);
	upstare_json_int(j, "line", h->line);
	upstare_json_string(j, "why", h->why);
	upstare_json_end(j);
}

/* ---- the steps ---- */

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

static void put_times(struct upstare_json *j, const struct upstare_times *at)
{
	upstare_json_begin_object(j, "pause_us");
	upstare_json_double(j, "total", (double)(at->released - at->parking) / 1e3);
	upstare_json_double(j, "prepare", (double)(at->parking - at->begin) / 1e3);
	upstare_json_double(j, "park", (double)(at->parked - at->parking) / 1e3);
	upstare_json_double(j, "unroll", (double)(at->unrolled - at->parked) / 1e3);
	upstare_json_double(j, "transform", (double)(at->mapped - at->unrolled) / 1e3);
	upstare_json_double(j, "reconstruct", (double)(at->released - at->mapped) / 1e3);
	upstare_json_end(j);
}

static void remember(const struct upstare_context *c, const struct upstare_times *at)
{
	struct past *p = &history[updates++ % HISTORY];
	memcpy(p->from, c->from->build_id, sizeof(p->from));
	memcpy(p->to, c->to->build_id, sizeof(p->to));
	p->when = (int64_t)time(NULL);
	p->pause_us = (at->released - at->parking) / 1000;
	p->description = c->to->module->patch->description;
}

struct upstare_loaded *upstare_prepare(struct upstare_payload *payload, bool *already, int *code, char *message, size_t room)
{
	*already = false;
	*code = 5;
	if (upstare_modules_init()) {
		snprintf(message, room, "the program's tables cannot be read");
		return NULL;
	}
	upstare_libraries_close();
	upstare_elsewhere_prepare();
	pthread_mutex_lock(&upstare_loading);
	struct upstare_loaded *to = upstare_load_patch(payload, code, message, room);
	pthread_mutex_unlock(&upstare_loading);
	if (!to)
		return NULL;
	if (upstare_libraries_open()) {
		*code = 5;
		snprintf(message, room, "no memory for the tables of the program's libraries");
		goto failed;
	}
	*code = upstare_libraries_match(to->module->patch, message, room);
	if (*code) {
		*already = *code == 1;
		*code = *already ? 0 : 3;
		goto failed;
	}
	*code = upstare_bind_patch(to, message, room);
	if (*code)
		goto failed;
	upstare_kick_init();
	return to;
failed:
	upstare_libraries_close();
	return NULL;
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
		remember(c, &a->at);
	}
	upstare_context_free(c);
	upstare_libraries_close();
}

static int refuse_with(struct upstare_json *j, int code, const char *message)
{
	upstare_log("update refused (%d): %s", code, message);
	upstare_json_string(j, "message", message);
	return code;
}

static int applied(struct upstare_json *j, const struct upstare_attempt *a)
{
	struct upstare_times at = a->at;
	upstare_tree_finish(j, &at.released);
	char message[256] = "applied";
	if (a->context.why)
		snprintf(message, sizeof(message), "applied, but not all that is to be done after it: %s", a->context.why);
	upstare_json_string(j, "message", message);
	upstare_json_string(j, "from", a->context.from->build_id);
	upstare_json_string(j, "to", a->context.to->build_id);
	upstare_json_int(j, "frames", (long long)a->context.frames);
	upstare_json_int(j, "points_mapped", (long long)a->context.frames);
	upstare_json_int(j, "threads", a->threads);
	upstare_json_int(j, "threads_in_libraries", a->context.stale);
	put_times(j, &at);
	return 0;
}

/*
 * One try, of this process and of those below it. *again: it may work at another moment; what hindered is in j only where
 * last says that there is no other try.
 */
static int attempt(struct upstare_attempt *a, struct upstare_loaded *to, struct upstare_until until, bool do_commit, bool *again,
		   struct upstare_json *j)
{
	static const char no_safe_state[] = "no safe state within the timeout; the program goes on as before";
	bool (*give_up)(void) = upstare_tree_begin_round(until, !do_commit);
	enum upstare_outcome outcome = upstare_freeze(a, to, until, !do_commit, give_up), others;
	others = upstare_tree_await(outcome == UPSTARE_FROZEN);
	bool good = outcome == UPSTARE_FROZEN && others == UPSTARE_FROZEN;
	if (good && do_commit && !upstare_tree_decide()) {
		good = false;
		others = UPSTARE_ELSEWHERE;
	}
	bool late = a->fail_with || upstare_now() >= until.deadline;
	enum upstare_outcome worse = outcome > others ? outcome : others;
	*again = !good && !late && worse < UPSTARE_FAILED;
	if (!good && !*again && worse != UPSTARE_NOT_NOW) {
		upstare_json_begin_array(j, "obstacles");
		upstare_tell_hindrances(a, outcome, upstare_put_hindrance, j);
		upstare_tree_tell_hindrances(upstare_put_hindrance, j);
		upstare_json_end(j);
	}
	if (!good)
		upstare_tree_abort();
	bool commit = good && do_commit;
	upstare_thaw(a, commit);
	if (commit)
		return applied(j, a);
	if (good)
		return refuse_with(j, 0, "the patch would apply now");
	if (*again)
		return 2;
	if (worse == UPSTARE_FAILED)
		return refuse_with(j, 5, "the update failed and was undone");
	if (worse == UPSTARE_NOT_NOW)
		return refuse_with(j, 2, "the patch's condition did not hold within the timeout");
	return refuse_with(j, 2, no_safe_state);
}

/* The program gets on in between. */
static void let_go_on(uint64_t ns)
{
	struct timespec pause = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
	nanosleep(&pause, NULL);
}

static int coordinate(struct upstare_payload *payload, unsigned timeout_ms, bool do_commit, struct upstare_thread *fail_with,
		      struct upstare_json *j)
{
	char message[256] = "";
	int code = 0;
	bool already, again;
	struct upstare_attempt a = {.fail_with = fail_with, .at.begin = upstare_now()};
	if (upstare_off)
		return refuse_with(j, 3, "the runtime is switched off");
	struct upstare_loaded *to = upstare_prepare(payload, &already, &code, message, sizeof(message));
	if (already)
		upstare_json_bool(j, "already", true);
	if (!to)
		return refuse_with(j, code, message);
	if (!fail_with && !upstare_tree_begin(payload, message, sizeof(message)))
		return refuse_with(j, 2, message);
	struct upstare_until until = {.deadline = upstare_now() + (uint64_t)timeout_ms * 1000000u};
	uint64_t wait = FIRST_WAIT_NS, round = FIRST_ROUND_NS;
	for (;;) {
		code = upstare_tree_prepare(until.deadline, j, message, sizeof(message));
		if (code)
			return refuse_with(j, code, message);
		uint64_t begin = upstare_now();
		/* The last one has to be long enough to tell who hinders. */
		until.round = fail_with || begin + 3 * round > until.deadline ? until.deadline : begin + round;
		code = attempt(&a, to, until, do_commit, &again, j);
		if (!again)
			return code;
		if (upstare_now() < until.round) {
			let_go_on(wait);
			wait = wait < LAST_WAIT_NS ? wait * 2 : wait;
		} else {
			uint64_t left = until.deadline - until.round;
			let_go_on(2 * round < left / 2 ? 2 * round : left / 2);
			round *= 2;
		}
		/* a transformer may have written the patch's variables */
		to = upstare_prepare(payload, &already, &code, message, sizeof(message));
		if (!to)
			return refuse_with(j, code, message);
	}
}

/* The control channel and the run mode have a thread each. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

int upstare_coordinate(const void *bytes, size_t size, unsigned timeout_ms, bool do_commit, struct upstare_thread *fail_with,
		       struct upstare_json *j)
{
	struct upstare_payload payload;
	pthread_mutex_lock(&one_at_a_time);
	const char *why = upstare_payload_init(&payload, bytes, size);
	int code = why ? refuse_with(j, 3, why) : coordinate(&payload, timeout_ms, do_commit, fail_with, j);
	upstare_libraries_close();
	upstare_tree_end();
	upstare_payload_close(&payload);
	pthread_mutex_unlock(&one_at_a_time);
	return code;
}

/* In the child of a fork nothing is under way, whatever its parent was doing. */
void upstare_coordinate_reset(void)
{
	if (one_at_a_time.__data.__lock)
		one_at_a_time = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	upstare_update.phase = UPSTARE_IDLE;
	upstare_update.target = NULL;
	upstare_update.fail_with = NULL;
}

int upstare_core_check(const void *bytes, size_t size, unsigned timeout_ms, struct upstare_json *j)
{
	return upstare_coordinate(bytes, size, timeout_ms, false, NULL, j);
}

int upstare_core_apply(const void *bytes, size_t size, unsigned timeout_ms, struct upstare_json *j)
{
	return upstare_coordinate(bytes, size, timeout_ms, true, NULL, j);
}

int upstare_core_history(struct upstare_json *j)
{
	pthread_mutex_lock(&one_at_a_time);
	upstare_json_begin_array(j, "history");
	for (unsigned i = updates > HISTORY ? updates - HISTORY : 0; i < updates; i++) {
		const struct past *p = &history[i % HISTORY];
		upstare_json_begin_object(j, NULL);
		upstare_json_string(j, "from", p->from);
		upstare_json_string(j, "to", p->to);
		upstare_json_int(j, "when", p->when);
		upstare_json_int(j, "pause_us", (long long)p->pause_us);
		upstare_json_string(j, "description", p->description);
		upstare_json_end(j);
	}
	upstare_json_end(j);
	pthread_mutex_unlock(&one_at_a_time);
	return 0;
}

static int status(struct upstare_json *j)
{
	if (!upstare_off && upstare_modules_init())
		return refuse_with(j, 5, "the program's tables cannot be read");
	upstare_json_string(j, "version", upstare_current ? upstare_current->build_id : "");
	upstare_json_int(j, "updates", updates);
	upstare_status(j);
	upstare_libraries_status(j);
	upstare_tree_status(j);
	return 0;
}

/* The run mode's thread may be in the middle of an update: its end is awaited. */
int upstare_core_status(struct upstare_json *j)
{
	pthread_mutex_lock(&one_at_a_time);
	int code = status(j);
	pthread_mutex_unlock(&one_at_a_time);
	return code;
}
