/* What `upstare-ctl status` tells: the version, and what each thread does and where. */
#include "internal.h"

#include <stdio.h>

#include "blocking/elsewhere.h"
#include "tree/tree.h"

/* How long threads have to say where they are, and after what time they are asked again; twice as long each time. */
#define LOOK_NS 100000000u
#define ASK_AGAIN_NS 1000000u

/* The lock is held. */
static void see_states(void)
{
	for (struct upstare_thread *t = upstare_threads; t; t = t->next) {
		char text[128];
		pid_t tid = upstare_tid_of(t);
		upstare_read_task(tid, "syscall", text, sizeof(text));
		t->seen.call = -1;
		t->seen.blocked = sscanf(text, "%d", &t->seen.call) == 1 && t->seen.call >= 0;
		t->seen.interruptible = (t->in_stub && __atomic_load_n(t->in_stub, __ATOMIC_RELAXED)) || upstare_waits_elsewhere(tid);
	}
}

static bool all_have_looked(void)
{
	for (struct upstare_thread *t = upstare_threads; t; t = t->next)
		if (t->obstacle_generation != upstare_update.generation)
			return false;
	return true;
}

/*
 * Each thread looks at its own stack, as it does for an update, notes where it is, and goes on at once. Those that do not come to it are
 * left alone.
 */
static void look_at_places(void)
{
	struct upstare_update *u = &upstare_update;
	uint64_t mask;
	int failed = upstare_loaded_prepare_index(upstare_current);
	for (struct upstare_loaded *l = upstare_libraries; l && !failed; l = l->next_library)
		failed = l->module && upstare_loaded_prepare_index(l);
	if (failed)
		return;
	upstare_kick_init();
	upstare_lock(&mask);
	__atomic_add_fetch(&u->generation, 1, __ATOMIC_ACQ_REL);
	u->target = upstare_current;
	u->fail_with = NULL;
	u->looking = true;
	__atomic_store_n(&u->phase, UPSTARE_PARKING, __ATOMIC_RELEASE);
	upstare_raise_flags(true);
	upstare_unlock(&mask);
	uint64_t begin = upstare_now(), ask_at = begin, wait = ASK_AGAIN_NS;
	for (;;) {
		uint32_t seen = __atomic_load_n(&u->event, __ATOMIC_ACQUIRE);
		upstare_lock(&mask);
		bool all = all_have_looked();
		uint64_t now = upstare_now();
		if (!all && now >= ask_at) {
			upstare_kick_all();
			upstare_elsewhere_kick_all(now > begin + ASK_AGAIN_NS);
			ask_at = now + wait;
			wait *= 2;
		}
		upstare_unlock(&mask);
		if (all || now >= begin + LOOK_NS)
			break;
		upstare_futex_wait(&u->event, seen, ask_at - now);
	}
	upstare_lock(&mask);
	upstare_raise_flags(false);
	u->looking = false;
	u->target = NULL;
	__atomic_store_n(&u->phase, UPSTARE_IDLE, __ATOMIC_RELEASE);
	upstare_unlock(&mask);
}

static void put_thread(struct upstare_json *j, const struct upstare_thread *t)
{
	struct upstare_hindrance place = {.line = 0};
	const struct upstare_obstacle *seen = &t->seen.place;
	bool known = t->obstacle_generation == upstare_update.generation && seen->pc;
	if (known && seen->function) {
		snprintf(place.function, sizeof(place.function), "%s", UPSTARE_STRING(seen->function->name_rel));
		snprintf(place.file, sizeof(place.file), "%s", UPSTARE_STRING(seen->function->file_rel));
		place.line = seen->line;
	} else if (known) {
		upstare_describe_place(&place, seen->pc, "");
	}
	upstare_json_begin_object(j, NULL);
	upstare_json_int(j, "tid", upstare_tid_of(t));
	upstare_json_string(j, "state", t->seen.blocked ? "blocked" : "running");
	if (t->seen.blocked)
		upstare_json_int(j, "system_call", t->seen.call);
	upstare_json_bool(j, "interruptible", t->seen.interruptible);
	upstare_json_string(j, "function", place.function[0] ? place.function : NULL);
	upstare_json_string(j, "file", place.file[0] ? place.file : NULL);
	upstare_json_int(j, "line", place.line);
	upstare_json_end(j);
}

void upstare_status(struct upstare_json *j)
{
	uint64_t mask;
	upstare_elsewhere_prepare();
	upstare_lock(&mask);
	see_states();
	upstare_unlock(&mask);
	bool look = !upstare_off && !upstare_run_mode && upstare_libraries_open() == 0;
	if (look)
		look_at_places();
	upstare_json_begin_array(j, "threads");
	upstare_lock(&mask);
	for (struct upstare_thread *t = upstare_threads; t; t = t->next)
		put_thread(j, t);
	upstare_unlock(&mask);
	upstare_json_end(j);
	if (look)
		upstare_libraries_close();
}
