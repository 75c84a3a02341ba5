/* One update from beginning to end, on the control thread: tries until one holds in all processes of the program. */
#include "internal.h"

#include <stdio.h>
#include <time.h>

#include "json.h"
#include "tree/tree.h"

/* After a try for which a thread was at a wrong place: at first, and at most. */
#define FIRST_WAIT_NS 100000u
#define LAST_WAIT_NS 10000000u
/* How long the first try waits for all to park, twice as long each time; the program goes on for twice as long after it. */
#define FIRST_ROUND_NS 50000000u
static int refuse_with(struct upstare_json *j, int code, const char *message)
{
	upstare_log("update refused (%d): %s", code, message);
	upstare_json_string(j, "message", message);
	return code;
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
	upstare_history(j);
	pthread_mutex_unlock(&one_at_a_time);
	return 0;
}

static int status(struct upstare_json *j)
{
	if (!upstare_off && upstare_modules_init())
		return refuse_with(j, 5, "the program's tables cannot be read");
	upstare_json_string(j, "version", upstare_current ? upstare_current->build_id : "");
	upstare_json_int(j, "updates", upstare_updates());
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
