/* What waits for other threads, and sleeps, are made of, for the calls of POSIX (mutex.c, condition.c, threads.c, timed.c) and of C11 (c11.c). */
#ifndef UPSTARE_WAITS_H
#define UPSTARE_WAITS_H

#include "blocking.h"

enum { UPSTARE_MUTEX = 0 }; /* index of the mutex in extra */

/* Takes the mutex in c->extra. *unrolling: the record is written, return at once. Not a cancellation point. */
hidden int upstare_take_mutex(struct upstare_call *c, const struct upstare_function *descriptor, bool *unrolling);

/*
 * pthread_mutex_lock, pthread_mutex_clocklock, all waits for a condition (until NULL: without a limit), pthread_join for a thread that returns an
 * int, and clock_nanosleep, for a wrapper with this descriptor. They return 0 or an error.
 */
hidden int upstare_lock_mutex(pthread_mutex_t *, const struct upstare_function *descriptor);
hidden int upstare_lock_mutex_until(pthread_mutex_t *, clockid_t, const struct timespec *until, const struct upstare_function *descriptor);
hidden int upstare_wait_on_condition(pthread_cond_t *, pthread_mutex_t *, const struct timespec *until, clockid_t,
				     const struct upstare_function *descriptor);
hidden int upstare_join_int(pthread_t, int *result, const struct upstare_function *descriptor);
hidden int upstare_sleep_on(clockid_t, int flags, const struct timespec *wanted, struct timespec *rest, const struct upstare_function *descriptor);
/* What their resume clones do. */
hidden long upstare_resume_mutex(void);
hidden long upstare_resume_timed_mutex(void);
hidden long upstare_resume_relock(void);
hidden long upstare_resume_wait_in_libc(void); /* joins */
hidden long upstare_resume_sleep(void);

#endif
