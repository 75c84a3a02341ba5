/* Semaphores and barriers: glibc's own protocols on its own words, with the waits in stubs. */
#include "blocking.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* ---- semaphores ---- */

struct semaphore {
	uint32_t value, waiters; /* one 64-bit word to glibc */
	int shared;              /* 0: between threads of one process */
};

static bool take(struct semaphore *s)
{
	uint32_t value = __atomic_load_n(&s->value, __ATOMIC_RELAXED);
	while (value)
		if (__atomic_compare_exchange_n(&s->value, &value, value - 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

static void no_longer(void *semaphore)
{
	__atomic_sub_fetch(&((struct semaphore *)semaphore)->waiters, 1, __ATOMIC_RELAXED);
}

enum { SEMAPHORE = 0 }; /* in extra; the limit is in arguments 1 and 2 of the record, its clock in 0, and done tells that there is one */

static long wait_for_semaphore(struct upstare_call *c, const struct upstare_function *descriptor)
{
	struct semaphore *s = (struct semaphore *)c->extra[SEMAPHORE];
	struct timespec until = {c->arguments[1], c->arguments[2]};
	for (;;) {
		struct upstare_call now = *c;
		long r = 0;
		upstare_set_futex(&now, &s->value, 0, s->shared != 0);
		upstare_set_futex_limit(&now, (clockid_t)c->arguments[0], c->done ? &until : NULL);
		__atomic_add_fetch(&s->waiters, 1, __ATOMIC_RELAXED);
		pthread_cleanup_push(no_longer, s);
		while (!take(s)) {
			r = upstare_blocking(&now);
			if (r == UPSTARE_ABORTED || r == -ETIMEDOUT || r == -EINTR || r == -EINVAL)
				break;
			r = 0;
		}
		pthread_cleanup_pop(1);
		if (r != UPSTARE_ABORTED) {
			upstare_wait_over();
			return upstare_result(r);
		}
		if (upstare_call_parked(c, descriptor))
			return 0;
	}
}

hidden long upstare_resume_semaphore(void);
long upstare_resume_semaphore(void)
{
	struct upstare_call c;
	upstare_wait_resumed(&c);
	return wait_for_semaphore(&c, c.header.function);
}

static int wait_on(sem_t *semaphore, clockid_t clock, const struct timespec *until, const struct upstare_function *descriptor)
{
	pthread_testcancel();
	if (take((struct semaphore *)semaphore))
		return 0;
	struct upstare_call c = {.arguments = {clock}, .extra = {(long)semaphore}};
	if (until) {
		if (until->tv_nsec < 0 || until->tv_nsec >= UPSTARE_SECOND)
			return (int)upstare_result(-EINVAL);
		if (until->tv_sec < 0)
			return (int)upstare_result(-ETIMEDOUT);
		c.arguments[1] = until->tv_sec;
		c.arguments[2] = until->tv_nsec;
		c.done = 1;
	}
	return (int)wait_for_semaphore(&c, descriptor);
}

UPSTARE_CALL(sem_wait, upstare_resume_semaphore);
exported int upstare_w_sem_wait(sem_t *semaphore)
{
	return wait_on(semaphore, CLOCK_MONOTONIC, NULL, &upstare_w_d_sem_wait);
}

UPSTARE_CALL(sem_timedwait, upstare_resume_semaphore);
exported int upstare_w_sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until)
{
	return wait_on(semaphore, CLOCK_REALTIME, until, &upstare_w_d_sem_timedwait);
}

UPSTARE_CALL(sem_clockwait, upstare_resume_semaphore);
exported int upstare_w_sem_clockwait(sem_t *restrict semaphore, clockid_t clock, const struct timespec *restrict until)
{
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		return (int)upstare_result(-EINVAL);
	return wait_on(semaphore, clock, until, &upstare_w_d_sem_clockwait);
}

/* ---- barriers ---- */

struct barrier {
	uint32_t in, round, count;
	int shared; /* 0: between threads of one process */
	uint32_t out;
};
/* Before `in` gets that far it is set back to zero. */
#define IN_THRESHOLD (UINT_MAX / 2)

enum { BARRIER, TURN }; /* in extra: which one; the how manieth to come, 0: not yet counted */

static void wake_all(struct barrier *b, uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE | (b->shared ? 0 : FUTEX_PRIVATE_FLAG), INT_MAX, NULL, NULL, 0);
}

/* True: the stack is being unrolled. */
static bool wait_while(struct upstare_call *c, const struct barrier *b, uint32_t *word, uint32_t value)
{
	extern hidden const struct upstare_function upstare_w_d_pthread_barrier_wait;
	upstare_set_futex(c, word, value, b->shared != 0);
	return upstare_blocking_uncancelled(c) == UPSTARE_ABORTED && upstare_call_parked(c, &upstare_w_d_pthread_barrier_wait);
}

static int wait_at(struct upstare_call *c)
{
	struct barrier *b = (struct barrier *)c->extra[BARRIER];
	uint32_t count = b->count, last = IN_THRESHOLD - IN_THRESHOLD % count, turn = (uint32_t)c->extra[TURN];
	while (!turn) {
		turn = __atomic_add_fetch(&b->in, 1, __ATOMIC_ACQ_REL);
		for (uint32_t seen = turn; turn > last && seen > last; seen = __atomic_load_n(&b->in, __ATOMIC_RELAXED))
			if (wait_while(c, b, &b->in, seen))
				return 0;
		if (turn > last)
			turn = 0; /* the counts have been set back meanwhile */
	}
	c->extra[TURN] = turn;
	uint32_t round = __atomic_load_n(&b->round, __ATOMIC_RELAXED);
	while (round + count <= turn) {
		uint32_t next = turn - turn % count;
		if (__atomic_compare_exchange_n(&b->round, &round, next, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
			round = next;
			wake_all(b, &b->round);
		}
	}
	while (turn > round) {
		if (wait_while(c, b, &b->round, round))
			return 0;
		round = __atomic_load_n(&b->round, __ATOMIC_RELAXED);
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (__atomic_add_fetch(&b->out, 1, __ATOMIC_ACQ_REL) == last) {
		b->round = 0;
		b->out = 0;
		__atomic_store_n(&b->in, 0, __ATOMIC_RELEASE);
		wake_all(b, &b->in);
	}
	return turn % count == 0 ? PTHREAD_BARRIER_SERIAL_THREAD : 0;
}

hidden long upstare_resume_barrier(void);
long upstare_resume_barrier(void)
{
	struct upstare_call c;
	upstare_call_resumed(&c);
	return wait_at(&c);
}

UPSTARE_CALL(pthread_barrier_wait, upstare_resume_barrier);
exported int upstare_w_pthread_barrier_wait(pthread_barrier_t *barrier)
{
	struct upstare_call c = {.extra = {(long)barrier}};
	return wait_at(&c);
}
