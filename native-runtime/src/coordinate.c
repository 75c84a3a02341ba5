/* One update from beginning to end, on the control thread. */
#include "internal.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "json.h"

struct upstare_update upstare_update;

/* While threads are awaited, those in a stub are kicked again: a kick is lost on a thread that runs a handler of its own. */
#define KICK_AGAIN_NS 2000000u
#define HISTORY 64

struct past {
	char from[80], to[80];
	int64_t when;
	uint64_t pause_us;
	const char *description;
};
static struct past history[HISTORY];
static unsigned updates;

struct times {
	uint64_t begin, parking, parked, unrolled, mapped, released;
};

void upstare_event(void)
{
	__atomic_add_fetch(&upstare_update.event, 1, __ATOMIC_RELEASE);
	if (__atomic_load_n(&upstare_update.phase, __ATOMIC_ACQUIRE) != UPSTARE_IDLE)
		upstare_futex_wake(&upstare_update.event, INT_MAX);
}

static bool all_are(uint32_t state)
{
	for (struct upstare_thread *t = upstare_threads; t; t = t->next)
		if (__atomic_load_n(&t->state, __ATOMIC_ACQUIRE) != state)
			return false;
	return true;
}

/* Every thread has been parked when this is called: the list does not change, and no thread can fail to get there. */
static void await(uint32_t state)
{
	for (;;) {
		uint32_t seen = __atomic_load_n(&upstare_update.event, __ATOMIC_ACQUIRE);
		if (all_are(state))
			return;
		upstare_futex_wait(&upstare_update.event, seen, 0);
	}
}

static void order(uint32_t what)
{
	for (struct upstare_thread *t = upstare_threads; t; t = t->next) {
		if (what == UPSTARE_ORDER_GO_ON || what == UPSTARE_ORDER_UNDO || what == UPSTARE_ORDER_RELEASE)
			t->state = UPSTARE_RUNNING;
		__atomic_store_n(&t->order, what, __ATOMIC_RELEASE);
		upstare_futex_wake(&t->order, 1);
	}
}

static void raise_flags(bool up)
{
	if (up) {
		__atomic_store_n(upstare_current->module->flag, 1, __ATOMIC_SEQ_CST);
		__atomic_or_fetch(&upstare_want, UPSTARE_WANT_UPDATE, __ATOMIC_SEQ_CST);
	} else {
		__atomic_and_fetch(&upstare_want, (unsigned char)~UPSTARE_WANT_UPDATE, __ATOMIC_SEQ_CST);
		__atomic_store_n(upstare_current->module->flag, upstare_run_mode, __ATOMIC_SEQ_CST);
	}
}

/* ---- what hinders ---- */

static void read_task(pid_t tid, const char *file, char *out, size_t size)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/task/%d/%s", (int)tid, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);
	if (fd >= 0)
		close(fd);
	out[n < 0 ? 0 : n] = 0;
}

static void put_place(struct upstare_json *j, const char *function, const char *file, uint32_t line, const char *why)
{
	upstare_json_string(j, "function", function);
	upstare_json_string(j, "file", file);
	upstare_json_int(j, "line", line);
	upstare_json_string(j, "why", why);
	upstare_json_end(j);
}

static void put_pc(struct upstare_json *j, const struct upstare_obstacle *o)
{
	const char *function = NULL, *file = NULL;
	char why[256];
	uint32_t line = o->line;
	snprintf(why, sizeof(why), "%s", o->why);
	if (o->why == upstare_in_library) {
		Dl_info info;
		bool known = dladdr((void *)(o->pc - 1), &info);
		snprintf(why, sizeof(why), "library function %s (%s) stands on the stack",
			 known && info.dli_sname ? info.dli_sname : "?", known ? info.dli_fname : "?");
	}
	if (o->function) {
		function = UPSTARE_STRING(o->function->name_rel);
		file = UPSTARE_REL(o->function->file_rel);
	} else if (o->pc && o->why != upstare_in_library) {
		const struct upstare_pinned_function *best = NULL;
		for (const struct upstare_loaded *l = upstare_modules; l; l = l->next) {
			const struct upstare_module *m = l->module;
			if (o->pc <= (uintptr_t)m->pinned_text || o->pc > (uintptr_t)m->pinned_text_end)
				continue;
			for (const struct upstare_pinned_function *p = m->pinned; p < m->pinned_end; p++)
				if (p->start_rel && (uintptr_t)UPSTARE_REL(p->start_rel) < o->pc &&
				    (!best || UPSTARE_REL(p->start_rel) > UPSTARE_REL(best->start_rel)))
					best = p;
		}
		Dl_info info;
		if (best) {
			function = UPSTARE_STRING(best->name_rel);
			file = UPSTARE_REL(best->file_rel);
			line = best->line;
			snprintf(why, sizeof(why), "pinned function: %s", UPSTARE_STRING(best->reason_rel));
		} else if (dladdr((void *)(o->pc - 1), &info)) {
			function = info.dli_sname;
			file = info.dli_fname;
		}
	}
	put_place(j, function, file, line, why);
}

static void put_obstacles(struct upstare_json *j, uint64_t generation)
{
	upstare_json_begin_array(j, "obstacles");
	for (struct upstare_thread *t = upstare_threads; t; t = t->next) {
		if (t->state == UPSTARE_PARKED)
			continue;
		upstare_json_begin_object(j, NULL);
		upstare_json_int(j, "pid", upstare_pid);
		upstare_json_int(j, "tid", t->tid);
		if (t->obstacle_generation == generation) {
			put_pc(j, &t->obstacle);
			continue;
		}
		char text[128], why[200];
		int call = -1;
		read_task(t->tid, "syscall", text, sizeof(text));
		if (sscanf(text, "%d", &call) == 1 && call >= 0)
			snprintf(why, sizeof(why), "has reached no update point: blocked in system call %d", call);
		else
			snprintf(why, sizeof(why), "has reached no update point: running");
		put_place(j, NULL, NULL, 0, why);
	}
	upstare_json_end(j);
}

static void put_refusal(struct upstare_json *j, const struct upstare_context *c)
{
	upstare_json_begin_array(j, "obstacles");
	upstare_json_begin_object(j, NULL);
	upstare_json_int(j, "pid", upstare_pid);
	upstare_json_int(j, "tid", c->thread ? c->thread->tid : 0);
	put_place(j, c->function ? UPSTARE_STRING(c->function->name_rel) : NULL,
		  c->function ? UPSTARE_REL(c->function->file_rel) : NULL, c->line, c->why ? c->why : "unknown");
	upstare_json_end(j);
}

/* ---- the steps ---- */

/* Ends with all parked and the lock released (true), or not all parked and the flags still up (false). */
static bool park_all(uint64_t deadline)
{
	struct upstare_update *u = &upstare_update;
	uint64_t mask;
	for (;;) {
		uint32_t seen = __atomic_load_n(&u->event, __ATOMIC_ACQUIRE);
		upstare_lock(&mask);
		bool all = all_are(UPSTARE_PARKED);
		bool hopeless = u->fail_with && u->fail_with->obstacle_generation == u->generation;
		if (all)
			u->phase = UPSTARE_COMMITTING;
		else
			upstare_kick_all();
		upstare_unlock(&mask);
		uint64_t now = upstare_now();
		if (all || hopeless || now >= deadline)
			return all;
		upstare_futex_wait(&u->event, seen, deadline - now < KICK_AGAIN_NS ? deadline - now : KICK_AGAIN_NS);
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
	raise_flags(false);
	for (struct upstare_thread *t = upstare_threads; t; t = t->next)
		if (t->state == UPSTARE_PARKED) {
			t->state = UPSTARE_RUNNING;
			__atomic_store_n(&t->order, UPSTARE_ORDER_GO_ON, __ATOMIC_RELEASE);
			upstare_futex_wake(&t->order, 1);
		}
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

static int transform(struct upstare_context *c)
{
	const struct upstare_patch *patch = c->to->module->patch;
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
	upstare_names_switch(c->to);
	__atomic_store_n(c->to->module->flag, upstare_run_mode, __ATOMIC_SEQ_CST);
	upstare_current = c->to;
	__atomic_and_fetch(&upstare_want, (unsigned char)~UPSTARE_WANT_UPDATE, __ATOMIC_SEQ_CST);
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
		t->mapped = t->records = NULL;
		t->index = NULL;
		t->mapped_size = t->records_size = t->index_size = t->record_bytes = 0;
	}
}

/* Every thread's stack is put back, and it goes on where it was parked. */
static void undo(void)
{
	uint64_t mask;
	upstare_lock(&mask);
	raise_flags(false);
	finish_phase();
	order(UPSTARE_ORDER_UNDO);
	upstare_unlock(&mask);
}

static void rebuild(struct upstare_context *c)
{
	const struct upstare_patch *patch = c->to->module->patch;
	uint64_t mask;
	order(UPSTARE_ORDER_REBUILD);
	await(UPSTARE_REBUILT);
	if (patch->after)
		patch->after(c);
	trim();
	/* A thread that is let go may end at once: the list must not change meanwhile. */
	upstare_lock(&mask);
	order(UPSTARE_ORDER_RELEASE);
	upstare_unlock(&mask);
}

static void put_times(struct upstare_json *j, const struct times *at)
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

static void remember(const struct upstare_context *c, const struct times *at)
{
	struct past *p = &history[updates++ % HISTORY];
	memcpy(p->from, c->from->build_id, sizeof(p->from));
	memcpy(p->to, c->to->build_id, sizeof(p->to));
	p->when = (int64_t)time(NULL);
	p->pause_us = (at->released - at->parking) / 1000;
	p->description = c->to->module->patch->description;
}

#define AGAIN (-1)

/* All threads are parked; phase is COMMITTING. AGAIN: undone, since a thread stood where the patch has no counterpart. */
static int carry_out(struct upstare_context *c, struct times *at, struct upstare_json *j)
{
	uint64_t mask;
	order(UPSTARE_ORDER_UNROLL);
	await(UPSTARE_UNROLLED);
	at->unrolled = upstare_now();
	int failed = 0;
	for (struct upstare_thread *t = upstare_threads; t; t = t->next)
		failed |= !t->empty && upstare_collect(t);
	if (failed)
		c->why = "no memory for the index of the frame records";
	else
		failed = transform(c);
	unsigned threads = upstare_nthreads;
	if (failed) {
		undo();
	} else {
		commit(c);
		at->mapped = upstare_now();
		rebuild(c);
		upstare_lock(&mask);
		finish_phase();
		upstare_unlock(&mask);
		at->released = upstare_now();
	}
	upstare_futex_wake(&upstare_update.event, INT_MAX);
	if (failed && c->elsewhere)
		return AGAIN;
	if (failed) {
		upstare_log("update undone: %s", c->why);
		upstare_json_string(j, "message", "the update failed and was undone");
		put_refusal(j, c);
		return 5;
	}
	remember(c, at);
	upstare_json_string(j, "message", "applied");
	upstare_json_string(j, "from", c->from->build_id);
	upstare_json_string(j, "to", c->to->build_id);
	upstare_json_int(j, "frames", (long long)c->frames);
	upstare_json_int(j, "points_mapped", (long long)c->frames);
	upstare_json_int(j, "threads", threads);
	put_times(j, at);
	return 0;
}

static int refuse_with(struct upstare_json *j, int code, const char *message)
{
	upstare_log("update refused (%d): %s", code, message);
	upstare_json_string(j, "message", message);
	return code;
}

static int coordinate(const void *bytes, size_t size, unsigned timeout_ms, bool do_commit, struct upstare_thread *fail_with,
		      struct upstare_json *j)
{
	char message[256] = "";
	int code = 0;
	struct times at = {.begin = upstare_now()};
	if (upstare_off)
		return refuse_with(j, 3, "the runtime is switched off");
	if (upstare_modules_init())
		return refuse_with(j, 5, "the program's tables cannot be read");
	struct upstare_loaded *to = upstare_load_patch(bytes, size, &code, message, sizeof(message));
	if (!to)
		return refuse_with(j, code, message);
	const struct upstare_patch *patch = to->module->patch;
	if (strcmp(patch->old_build_id, upstare_current->build_id) != 0) {
		if (strcmp(patch->new_build_id, upstare_current->build_id) == 0) {
			upstare_json_bool(j, "already", true);
			upstare_json_string(j, "message", "already applied: the program runs this version");
			return 0;
		}
		snprintf(message, sizeof(message), "the patch is for version %.40s, the program runs %.40s", patch->old_build_id,
			 upstare_current->build_id);
		return refuse_with(j, 3, message);
	}
	code = upstare_bind_patch(to, message, sizeof(message));
	if (code)
		return refuse_with(j, code, message);
	upstare_kick_init();

	uint64_t mask, deadline = upstare_now() + (uint64_t)timeout_ms * 1000000u, wait = 100000;
	for (;;) {
		struct upstare_update *u = &upstare_update;
		struct upstare_context context = {.from = upstare_current, .to = to};
		at.parking = upstare_now();
		upstare_lock(&mask);
		uint64_t generation = __atomic_add_fetch(&u->generation, 1, __ATOMIC_ACQ_REL);
		u->target = to;
		u->fail_with = fail_with;
		u->phase = UPSTARE_PARKING;
		raise_flags(true);
		upstare_unlock(&mask);
		upstare_event();
		if (!park_all(deadline)) {
			upstare_lock(&mask);
			put_obstacles(j, generation);
			upstare_unlock(&mask);
			call_off();
			return refuse_with(j, 2, "no safe state within the timeout; the program goes on as before");
		}
		patch = to->module->patch;
		bool held = !patch->condition || patch->condition(&context) == 0;
		at.parked = upstare_now();
		if (held && do_commit) {
			code = carry_out(&context, &at, j);
			bool last = fail_with || upstare_now() >= deadline;
			if (code == AGAIN && last)
				put_refusal(j, &context);
			upstare_context_free(&context);
			if (code != AGAIN)
				return code;
			if (last)
				return refuse_with(j, 2, "no safe state within the timeout; the program goes on as before");
		} else {
			call_off();
			upstare_context_free(&context);
			if (held)
				return refuse_with(j, 0, "the patch would apply now");
			if (fail_with || upstare_now() >= deadline)
				return refuse_with(j, 2, "the patch's condition did not hold within the timeout");
		}
		/* The program gets on in between, longer each time. */
		struct timespec pause = {0, (long)wait};
		nanosleep(&pause, NULL);
		wait = wait < 10000000 ? wait * 2 : wait;
		/* a transformer may have written the patch's variables */
		to = upstare_load_patch(bytes, size, &code, message, sizeof(message));
		if (!to)
			return refuse_with(j, code, message);
		code = upstare_bind_patch(to, message, sizeof(message));
		if (code)
			return refuse_with(j, code, message);
	}
}

/* The control channel and the run mode have a thread each. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

int upstare_coordinate(const void *bytes, size_t size, unsigned timeout_ms, bool do_commit, struct upstare_thread *fail_with,
		       struct upstare_json *j)
{
	pthread_mutex_lock(&one_at_a_time);
	int code = coordinate(bytes, size, timeout_ms, do_commit, fail_with, j);
	pthread_mutex_unlock(&one_at_a_time);
	return code;
}

/* In the child of a fork nothing is under way, whatever its parent was doing. */
void upstare_coordinate_reset(void)
{
	pthread_mutex_init(&one_at_a_time, NULL);
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
	return 0;
}

int upstare_core_status(struct upstare_json *j)
{
	uint64_t mask;
	if (!upstare_off && upstare_modules_init())
		return refuse_with(j, 5, "the program's tables cannot be read");
	upstare_json_string(j, "version", upstare_current ? upstare_current->build_id : "");
	upstare_json_int(j, "updates", updates);
	upstare_json_begin_array(j, "threads");
	upstare_lock(&mask);
	for (struct upstare_thread *t = upstare_threads; t; t = t->next) {
		char text[128];
		int call = -1;
		read_task(t->tid, "syscall", text, sizeof(text));
		bool blocked = sscanf(text, "%d", &call) == 1 && call >= 0;
		upstare_json_begin_object(j, NULL);
		upstare_json_int(j, "tid", t->tid);
		upstare_json_string(j, "state", blocked ? "blocked" : "running");
		if (blocked)
			upstare_json_int(j, "system_call", call);
		upstare_json_bool(j, "interruptible", t->in_stub && *t->in_stub);
		upstare_json_end(j);
	}
	upstare_unlock(&mask);
	upstare_json_end(j);
	return 0;
}
