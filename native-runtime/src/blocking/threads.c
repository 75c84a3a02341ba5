/* Waiting for other threads: mutexes, condition variables, joins. All wait on futexes in stubs. */
#include "blocking.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void set_futex(struct upstare_call *c, void *word, uint32_t value, bool shared)
{
	c->number = SYS_futex;
	c->arguments[0] = (long)word;
	c->arguments[1] = FUTEX_WAIT | (shared ? 0 : FUTEX_PRIVATE_FLAG);
	c->arguments[2] = value;
	c->arguments[3] = 0;
}

/* ---- mutexes: glibc's own protocol on its own word (0 free, 1 held, 2 held and waited for) ---- */

#define KIND_TYPE 127
#define KIND_SHARED 128

static void own(pthread_mutex_t *m)
{
	m->__data.__owner = (int)syscall(SYS_gettid);
	m->__data.__nusers++;
	if ((m->__data.__kind & KIND_TYPE) == PTHREAD_MUTEX_RECURSIVE)
		m->__data.__count = 1;
}

static int lock_mutex(struct upstare_call *c, const struct upstare_function *descriptor, bool *unrolling)
{
	pthread_mutex_t *m = (pthread_mutex_t *)c->extra[0];
	*unrolling = false;
	int r = pthread_mutex_trylock(m);
	if (r != EBUSY)
		return r;
	int kind = m->__data.__kind;
	/* Priority-inheriting, robust and protected ones have protocols that the kernel takes part in. */
	if (!descriptor || upstare_off || (kind & ~KIND_SHARED) > PTHREAD_MUTEX_ADAPTIVE_NP)
		return pthread_mutex_lock(m);
	if ((kind & KIND_TYPE) == PTHREAD_MUTEX_ERRORCHECK && m->__data.__owner == (int)syscall(SYS_gettid))
		return EDEADLK;
	while (__atomic_exchange_n(&m->__data.__lock, 2, __ATOMIC_ACQUIRE) != 0) {
		set_futex(c, &m->__data.__lock, 2, kind & KIND_SHARED);
		const long *a = c->arguments;
		long w;
		/* not a cancellation point, unlike the others */
		if ((upstare_want & UPSTARE_WANT_UPDATE) && upstare_has_obstacle())
			w = syscall(SYS_futex, a[0], a[1], a[2], NULL, NULL, 0);
		else
			w = upstare_stub(c->number, a[0], a[1], a[2], 0, 0, 0);
		if (w == UPSTARE_ABORTED && upstare_call_parked(c, descriptor)) {
			*unrolling = true;
			return 0;
		}
	}
	own(m);
	return 0;
}

UPSTARE_CALL(pthread_mutex_lock, upstare_resume_mutex);
exported int upstare_w_pthread_mutex_lock(pthread_mutex_t *m)
{
	int r = pthread_mutex_trylock(m);
	if (r != EBUSY)
		return r;
	struct upstare_call c = {.extra = {(long)m}};
	bool unrolling;
	return lock_mutex(&c, &upstare_w_d_pthread_mutex_lock, &unrolling);
}

hidden long upstare_resume_mutex(void);
long upstare_resume_mutex(void)
{
	struct upstare_call c;
	bool unrolling;
	upstare_call_resumed(&c);
	return lock_mutex(&c, c.header.function, &unrolling);
}

/* ---- condition variables: a sequence number and a count of waiters in glibc's 48 bytes ---- */

struct condition {
	uint32_t sequence;
	uint32_t waiters;
	uint32_t glibc[7]; /* zero in ours */
	uint32_t flags;    /* glibc's __wrefs as pthread_cond_init sets it: 1 shared between processes, 2 CLOCK_MONOTONIC */
};

_Static_assert(offsetof(struct condition, flags) == offsetof(pthread_cond_t, __data.__wrefs), "glibc's condition variable");

enum { CONDITION, MUTEX };

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
	pthread_mutex_lock((pthread_mutex_t *)c->extra[MUTEX]);
}

static int relock(struct upstare_call *c, const struct upstare_function *descriptor, int result)
{
	struct upstare_call lock = {.extra = {c->extra[MUTEX]}, .done = result};
	bool unrolling;
	int r = lock_mutex(&lock, descriptor, &unrolling);
	return unrolling ? 0 : r ? r : result;
}

/* Takes the mutex only: the wait has ended, with the value in done (0: also as a spurious wake-up after an update). */
hidden long upstare_resume_relock(void);
long upstare_resume_relock(void)
{
	struct upstare_call c;
	bool unrolling;
	upstare_call_resumed(&c);
	int r = lock_mutex(&c, c.header.function, &unrolling);
	return unrolling ? 0 : r ? r : c.done;
}

static int wait_on(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until, clockid_t clock,
		   const struct upstare_function *descriptor)
{
	struct condition *k = (struct condition *)condition;
	struct upstare_call c = {.extra = {(long)k, (long)mutex}};
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
	set_futex(&c, &k->sequence, sequence, shared);
	c.arguments[1] = FUTEX_WAIT_BITSET | (shared ? 0 : FUTEX_PRIVATE_FLAG) |
			 (clock == CLOCK_REALTIME ? FUTEX_CLOCK_REALTIME : 0);
	c.arguments[3] = (long)until;
	c.arguments[5] = -1; /* FUTEX_BITSET_MATCH_ANY */
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
	return wait_on(condition, mutex, NULL, CLOCK_MONOTONIC, &upstare_w_d_pthread_cond_wait);
}

UPSTARE_CALL(pthread_cond_timedwait, upstare_resume_relock);
exported int upstare_w_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until)
{
	return wait_on(condition, mutex, until, clock_of(condition), &upstare_w_d_pthread_cond_timedwait);
}

UPSTARE_CALL(pthread_cond_clockwait, upstare_resume_relock);
exported int upstare_w_pthread_cond_clockwait(pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock,
					      const struct timespec *until)
{
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		return EINVAL;
	return wait_on(condition, mutex, until, clock, &upstare_w_d_pthread_cond_clockwait);
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

/* ---- joins ---- */

hidden struct upstare_thread *upstare_thread_hold(pthread_t handle);
hidden void upstare_thread_release(struct upstare_thread *);

static void dropped(void *thread)
{
	upstare_thread_release(thread);
}

UPSTARE_CALL(pthread_join, upstare_resume_join);
static int join(struct upstare_call *c)
{
	pthread_t handle = (pthread_t)c->extra[0];
	if (pthread_equal(handle, pthread_self()))
		return EDEADLK;
	for (;;) {
		struct upstare_thread *t = upstare_off ? NULL : upstare_thread_hold(handle);
		if (!t)
			return pthread_join(handle, (void **)c->extra[1]);
		long r = 0;
		pthread_cleanup_push(dropped, t);
		set_futex(c, &t->exited, 0, false);
		while (r != UPSTARE_ABORTED && !__atomic_load_n(&t->exited, __ATOMIC_ACQUIRE))
			r = upstare_blocking(c);
		pthread_cleanup_pop(1);
		if (r == UPSTARE_ABORTED && upstare_call_parked(c, &upstare_w_d_pthread_join))
			return 0;
	}
}

hidden long upstare_resume_join(void);
long upstare_resume_join(void)
{
	struct upstare_call c;
	upstare_call_resumed(&c);
	return join(&c);
}

exported int upstare_w_pthread_join(pthread_t handle, void **result)
{
	struct upstare_call c = {.extra = {(long)handle, (long)result}};
	return join(&c);
}
