/*
 * What the control channel asks of the runtime's core, and what the core asks of it. The core functions are called on the
 * control thread only (one at a time), a thread of ours with all signals blocked and a stack of at least 256 KiB (user
 * code of patches runs on it). Each writes members into an open JSON object and returns an exit code of upstare-ctl:
 * 0 done, 2 refused (no safe state within the timeout), 3 not for this program or version, 5 failed and undone.
 */
#ifndef UPSTARE_CORE_H
#define UPSTARE_CORE_H

#include <stdbool.h>
#include <stddef.h>

struct upstare_json;

/* "version" (build-id), "updates", "blocking" and "threads": [{tid, state, system_call, interruptible, function, file, line}]. */
int upstare_core_status(struct upstare_json *);

/* Would it apply now? "message"; for 2 also "obstacles": [{pid, tid, function, file, line, why}]. Nothing is changed. */
int upstare_core_check(const void *patch, size_t size, unsigned timeout_ms, struct upstare_json *);

/*
 * Applies a patch. "message", "obstacles" as above; when done "from", "to", "frames", "points_mapped", "threads" and
 * "pause_us": {total, prepare, park, unroll, transform, reconstruct} (prepare is before the pause, not part of total).
 */
int upstare_core_apply(const void *patch, size_t size, unsigned timeout_ms, struct upstare_json *);

/* "history": [{from, to, when, pause_us, description}], newest last; the last 64 are kept. */
int upstare_core_history(struct upstare_json *);

/*
 * Offered by the control channel: creates the listener and the control thread (through upstare_core_thread). Called once
 * by the runtime's start in main, and in a child that leads (tree/). Non-zero: no control channel, the program runs on.
 */
int upstare_control_start(void);

/* Starts a thread of the runtime's own (not an updateable one): all signals blocked, detached, not counted. 0 or an errno. */
int upstare_core_thread(void *(*run)(void *), void *argument);

/*
 * The signal by which the kernel may tell of a client, with its handler in place, so that no control thread is needed until
 * then; 0: there is none.
 */
int upstare_core_call_signal(void);

/* In that handler, with the ucontext_t of the interrupted thread: whether upstare_core_thread may be called. */
bool upstare_core_may_start_thread(const void *context);

/* Adds a line to the file named by UPSTARE_LOG_RUNTIME, if that is set. Keeps errno. */
void upstare_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
