/*
 * Mutexes: glibc's own protocol on its own word (0 free, 1 held, 2 held and waited for), with the wait in a stub. Those whose
 * protocol the kernel takes part in (priority inheritance, robust, protected), and timed waits, are waited for inside libc.
 */
#include "waits.h"

#include <errno.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define KIND_TYPE 3
#define KIND_KERNEL (16 | 32 | 64) /* robust, priority inheriting, protected */
#define KIND_SHARED 128
#define SPINS 100

static int thread_id(void)
{
	return upstare_self ? upstare_tid : (int)syscall(SYS_gettid);
}

static void own(pthread_mutex_t *m)
{
	m->__data.__owner = thread_id();
	m->__data.__nusers++;
	if ((m->__data.__kind & KIND_TYPE) == PTHREAD_MUTEX_RECURSIVE)
		m->__data.__count = 1;
}

static int wait_for_mutex(struct upstare_call *c, clockid_t clock, const struct timespec *limit)
{
	return pthread_mutex_clocklock((pthread_mutex_t *)c->extra[UPSTARE_MUTEX], clock, limit);
}

static int take_in_libc(struct upstare_call *c, const struct upstare_function *descriptor, clockid_t clock,
			const struct timespec *until, bool *unrolling)
{
	for (;;) {
		long r = upstare_wait_in_libc(c, wait_for_mutex, clock, until);
		if (r != UPSTARE_ABORTED)
			return (int)r;
		if (upstare_call_parked(c, descriptor)) {
			*unrolling = true;
			return 0;
		}
	}
}

int upstare_take_mutex(struct upstare_call *c, const struct upstare_function *descriptor, bool *unrolling)
{
	pthread_mutex_t *m = (pthread_mutex_t *)c->extra[UPSTARE_MUTEX];
	*unrolling = false;
	int r = pthread_mutex_trylock(m);
	if (r != EBUSY)
		return r;
	int kind = m->__data.__kind;
	if (upstare_off)
		return pthread_mutex_lock(m);
	if (kind & KIND_KERNEL)
		return take_in_libc(c, descriptor, CLOCK_REALTIME, NULL, unrolling);
	if ((kind & KIND_TYPE) == PTHREAD_MUTEX_ERRORCHECK && m->__data.__owner == thread_id())
		return EDEADLK;
	if ((kind & KIND_TYPE) == PTHREAD_MUTEX_ADAPTIVE_NP)
		for (int i = 0; i < SPINS; i++) {
			__builtin_ia32_pause();
			if (__atomic_load_n(&m->__data.__lock, __ATOMIC_RELAXED) == 0 && pthread_mutex_trylock(m) == 0)
				return 0;
		}
	while (__atomic_exchange_n(&m->__data.__lock, 2, __ATOMIC_ACQUIRE) != 0) {
		upstare_set_futex(c, &m->__data.__lock, 2, kind & KIND_SHARED);
		if (upstare_blocking_uncancelled(c) == UPSTARE_ABORTED && upstare_call_parked(c, descriptor)) {
			*unrolling = true;
			return 0;
		}
	}
	own(m);
	return 0;
}

static int lock(struct upstare_call *c, const struct upstare_function *descriptor)
{
	bool unrolling;
	return upstare_take_mutex(c, descriptor, &unrolling);
}

long upstare_resume_mutex(void)
{
	struct upstare_call c;
	upstare_call_resumed(&c);
	return lock(&c, c.header.function);
}

static int lock_slowly(pthread_mutex_t *m, const struct upstare_function *descriptor)
{
	struct upstare_call c = {.extra = {(long)m}};
	return lock(&c, descriptor);
}

int upstare_lock_mutex(pthread_mutex_t *m, const struct upstare_function *descriptor)
{
	int r = pthread_mutex_trylock(m);
	return r == EBUSY ? lock_slowly(m, descriptor) : r;
}

UPSTARE_CALL(pthread_mutex_lock, upstare_resume_mutex);
exported int upstare_w_pthread_mutex_lock(pthread_mutex_t *m)
{
	if (__builtin_expect(m->__data.__kind == 0 && upstare_self != NULL, 1)) {
		/* Most are of this kind and free. As glibc does, no locked instruction while there is one thread. */
		int free = 0;
		if (__libc_single_threaded ? m->__data.__lock == 0
					   : __atomic_compare_exchange_n(&m->__data.__lock, &free, 1, false, __ATOMIC_ACQUIRE,
									 __ATOMIC_RELAXED)) {
			if (__libc_single_threaded)
				m->__data.__lock = 1;
			m->__data.__owner = upstare_tid;
			m->__data.__nusers++;
			return 0;
		}
	} else {
		return upstare_lock_mutex(m, &upstare_w_d_pthread_mutex_lock);
	}
	return lock_slowly(m, &upstare_w_d_pthread_mutex_lock);
}

/* ---- with a limit ---- */

/* The limit is kept by value: the caller's memory may be gone into a record. */
static void keep_limit(struct upstare_call *c, clockid_t clock, const struct timespec *until)
{
	c->arguments[0] = clock;
	c->arguments[1] = until->tv_sec;
	c->arguments[2] = until->tv_nsec;
}

static int timed(struct upstare_call *c, const struct upstare_function *descriptor)
{
	bool unrolling;
	struct timespec until = {c->arguments[1], c->arguments[2]};
	return take_in_libc(c, descriptor, (clockid_t)c->arguments[0], &until, &unrolling);
}

long upstare_resume_timed_mutex(void)
{
	struct upstare_call c;
	upstare_call_resumed(&c);
	return timed(&c, c.header.function);
}

int upstare_lock_mutex_until(pthread_mutex_t *m, clockid_t clock, const struct timespec *until, const struct upstare_function *descriptor)
{
	int r = pthread_mutex_trylock(m);
	if (r != EBUSY)
		return r;
	if (upstare_off)
		return pthread_mutex_clocklock(m, clock, until);
	struct upstare_call c = {.extra = {(long)m}};
	keep_limit(&c, clock, until);
	return timed(&c, descriptor);
}

UPSTARE_CALL(pthread_mutex_timedlock, upstare_resume_timed_mutex);
exported int upstare_w_pthread_mutex_timedlock(pthread_mutex_t *m, const struct timespec *until)
{
	return upstare_lock_mutex_until(m, CLOCK_REALTIME, until, &upstare_w_d_pthread_mutex_timedlock);
}

UPSTARE_CALL(pthread_mutex_clocklock, upstare_resume_timed_mutex);
exported int upstare_w_pthread_mutex_clocklock(pthread_mutex_t *m, clockid_t clock, const struct timespec *until)
{
	return upstare_lock_mutex_until(m, clock, until, &upstare_w_d_pthread_mutex_clocklock);
}
