/* Condition variables: a sequence number and a count of waiters in glibc's 48 bytes. A waiter that an update takes out has had
 * a wake-up that nobody sent, as POSIX allows; from there on it is a thread that waits for the mutex.
 */
#include "waits.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct condition {
	uint32_t sequence;
	uint32_t waiters;
	uint32_t glibc[7]; /* zero in ours */
	uint32_t flags;    /* glibc's __wrefs as pthread_cond_init sets it: 1 shared between processes, 2 CLOCK_MONOTONIC */
};

_Static_assert(offsetof(struct condition, flags) == offsetof(pthread_cond_t, __data.__wrefs), "glibc's condition variable");

enum { CONDITION = UPSTARE_MUTEX + 1 };

static void left_condition(struct condition *condition)
{
	bool shared = condition->flags & 1;
	if (__atomic_sub_fetch(&condition->waiters, 1, __ATOMIC_ACQ_REL) == 0)
		syscall(SYS_futex, &condition->waiters, FUTEX_WAKE | (shared ? 0 : FUTEX_PRIVATE_FLAG), INT_MAX, NULL, NULL, 0);
}

/* A cancelled waiter holds the mutex again when the program's cleanup handlers run. */
static void cancelled(void *argument)
{
	struct upstare_call *c = argument;
	left_condition((struct condition *)c->extra[CONDITION]);
	pthread_mutex_lock((pthread_mutex_t *)c->extra[UPSTARE_MUTEX]);
}

static int relock(struct upstare_call *c, const struct upstare_function *descriptor, int result)
{
	struct upstare_call lock = {.extra = {c->extra[UPSTARE_MUTEX]}, .done = result};
	bool unrolling;
	int r = upstare_take_mutex(&lock, descriptor, &unrolling);
	return unrolling ? 0 : r ? r : result;
}

/* Takes the mutex only: the wait has ended, with the value in done (0: also as a spurious wake-up after an update). */
long upstare_resume_relock(void)
{
	struct upstare_call c;
	bool unrolling;
	upstare_call_resumed(&c);
	int r = upstare_take_mutex(&c, c.header.function, &unrolling);
	return unrolling ? 0 : r ? r : c.done;
}

int upstare_wait_on_condition(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until, clockid_t clock,
			      const struct upstare_function *descriptor)
{
	struct condition *k = (struct condition *)condition;
	struct upstare_call c = {.extra = {(long)mutex, (long)k}};
	if (until && (until->tv_nsec < 0 || until->tv_nsec >= 1000000000))
		return EINVAL;
	bool shared = k->flags & 1;
	__atomic_add_fetch(&k->waiters, 1, __ATOMIC_ACQ_REL);
	uint32_t sequence = __atomic_load_n(&k->sequence, __ATOMIC_ACQUIRE);
	int error = pthread_mutex_unlock(mutex);
	if (error) {
		left_condition(k);
		return error;
	}
	upstare_set_futex(&c, &k->sequence, sequence, shared);
	upstare_set_futex_limit(&c, clock, until);
	long r = 0;
	if (!until || until->tv_sec >= 0) {
		pthread_cleanup_push(cancelled, &c);
		do
			r = upstare_blocking(&c);
		while (r == -EINTR);
		pthread_cleanup_pop(0);
	} else {
		r = -ETIMEDOUT;
	}
	left_condition(k);
	if (r == UPSTARE_ABORTED) {
		/* From here it is a thread that waits for the mutex, after a wake-up that nobody sent. */
		struct upstare_call lock = {.extra = {(long)mutex}};
		if (upstare_call_parked(&lock, descriptor))
			return 0;
	}
	return relock(&c, descriptor, r == -ETIMEDOUT ? ETIMEDOUT : 0);
}

static clockid_t clock_of(const pthread_cond_t *condition)
{
	return ((const struct condition *)condition)->flags & 2 ? CLOCK_MONOTONIC : CLOCK_REALTIME;
}

UPSTARE_CALL(pthread_cond_wait, upstare_resume_relock);
exported int upstare_w_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
	return upstare_wait_on_condition(condition, mutex, NULL, CLOCK_MONOTONIC, &upstare_w_d_pthread_cond_wait);
}

UPSTARE_CALL(pthread_cond_timedwait, upstare_resume_relock);
exported int upstare_w_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until)
{
	return upstare_wait_on_condition(condition, mutex, until, clock_of(condition), &upstare_w_d_pthread_cond_timedwait);
}

UPSTARE_CALL(pthread_cond_clockwait, upstare_resume_relock);
exported int upstare_w_pthread_cond_clockwait(pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock,
					      const struct timespec *until)
{
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		return EINVAL;
	return upstare_wait_on_condition(condition, mutex, until, clock, &upstare_w_d_pthread_cond_clockwait);
}

static int wake(pthread_cond_t *condition, int n)
{
	struct condition *k = (struct condition *)condition;
	if (__atomic_load_n(&k->waiters, __ATOMIC_SEQ_CST) == 0)
		return 0;
	__atomic_add_fetch(&k->sequence, 1, __ATOMIC_SEQ_CST);
	long r = syscall(SYS_futex, &k->sequence, FUTEX_WAKE | (k->flags & 1 ? 0 : FUTEX_PRIVATE_FLAG), n, NULL, NULL, 0);
	(void)r;
	return 0;
}

exported int upstare_w_pthread_cond_signal(pthread_cond_t *condition)
{
	return wake(condition, 1);
}

exported int upstare_w_pthread_cond_broadcast(pthread_cond_t *condition)
{
	return wake(condition, INT_MAX);
}

/* Waiters that have been woken may not have left yet: the memory is theirs until then. */
exported int upstare_w_pthread_cond_destroy(pthread_cond_t *condition)
{
	struct condition *k = (struct condition *)condition;
	uint32_t n;
	while ((n = __atomic_load_n(&k->waiters, __ATOMIC_ACQUIRE)) != 0) {
		struct timespec limit = {0, 10000000};
		syscall(SYS_futex, &k->waiters, FUTEX_WAIT | (k->flags & 1 ? 0 : FUTEX_PRIVATE_FLAG), n, &limit, NULL, 0);
	}
	return 0;
}

