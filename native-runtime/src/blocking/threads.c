/* Waits for other threads for which libc has the protocol: joins, read-write locks; and spin locks, which nobody can wake. */
#include "waits.h"

#include <errno.h>
#include <time.h>

enum { OBJECT, RESULT, KIND }; /* in extra */
enum { JOIN, JOIN_INT, READ, WRITE };

static int wait_once(struct upstare_call *c, clockid_t clock, const struct timespec *limit)
{
	void *value;
	int error;
	switch (c->extra[KIND]) {
	case JOIN_INT:
		error = pthread_clockjoin_np((pthread_t)c->extra[OBJECT], &value, clock, limit);
		if (!error && c->extra[RESULT])
			*(int *)c->extra[RESULT] = (int)(intptr_t)value;
		return error;
	case JOIN:
		return pthread_clockjoin_np((pthread_t)c->extra[OBJECT], (void **)c->extra[RESULT], clock, limit);
	case READ:
		return pthread_rwlock_clockrdlock((pthread_rwlock_t *)c->extra[OBJECT], clock, limit);
	default:
		return pthread_rwlock_clockwrlock((pthread_rwlock_t *)c->extra[OBJECT], clock, limit);
	}
}

/* The limit is kept by value, the program's variable may be changed meanwhile: clock and time in arguments, done: there is one. */
static int wait_in_libc(struct upstare_call *c, const struct upstare_function *descriptor)
{
	for (;;) {
		struct timespec until = {c->arguments[1], c->arguments[2]};
		long r = upstare_wait_in_libc(c, wait_once, (clockid_t)c->arguments[0], c->done ? &until : NULL);
		if (r != UPSTARE_ABORTED)
			return (int)r;
		if (upstare_call_parked(c, descriptor))
			return 0;
	}
}

long upstare_resume_wait_in_libc(void)
{
	struct upstare_call c;
	upstare_call_resumed(&c);
	return wait_in_libc(&c, c.header.function);
}

static int wait_for(const struct upstare_function *descriptor, int kind, long object, long result, clockid_t clock,
		    const struct timespec *until)
{
	struct upstare_call c = {.extra = {object, result, kind}, .arguments = {clock}, .done = until != NULL};
	if (until) {
		c.arguments[1] = until->tv_sec;
		c.arguments[2] = until->tv_nsec;
	}
	return wait_in_libc(&c, descriptor);
}

UPSTARE_CALL(pthread_join, upstare_resume_wait_in_libc);
exported int upstare_w_pthread_join(pthread_t thread, void **result)
{
	if (upstare_off)
		return pthread_join(thread, result);
	return wait_for(&upstare_w_d_pthread_join, JOIN, (long)thread, (long)result, CLOCK_MONOTONIC, NULL);
}

int upstare_join_int(pthread_t thread, int *result, const struct upstare_function *descriptor)
{
	return wait_for(descriptor, JOIN_INT, (long)thread, (long)result, CLOCK_MONOTONIC, NULL);
}

UPSTARE_CALL(pthread_timedjoin_np, upstare_resume_wait_in_libc);
exported int upstare_w_pthread_timedjoin_np(pthread_t thread, void **result, const struct timespec *until)
{
	return wait_for(&upstare_w_d_pthread_timedjoin_np, JOIN, (long)thread, (long)result, CLOCK_REALTIME, until);
}

UPSTARE_CALL(pthread_clockjoin_np, upstare_resume_wait_in_libc);
exported int upstare_w_pthread_clockjoin_np(pthread_t thread, void **result, clockid_t clock, const struct timespec *until)
{
	return wait_for(&upstare_w_d_pthread_clockjoin_np, JOIN, (long)thread, (long)result, clock, until);
}

/* ---- read-write locks ---- */

#define LOCK(NAME, KIND, TRY, PARAMETERS, CLOCK, UNTIL)                                                                \
	UPSTARE_CALL(NAME, upstare_resume_wait_in_libc);                                                               \
	exported int upstare_w_##NAME PARAMETERS;                                                                      \
	int upstare_w_##NAME PARAMETERS                                                                                \
	{                                                                                                              \
		int r = TRY(lock);                                                                                     \
		if (r != EBUSY)                                                                                        \
			return r;                                                                                      \
		return wait_for(&upstare_w_d_##NAME, KIND, (long)lock, 0, CLOCK, UNTIL);                               \
	}

/* Of glibc's __readers: no writer has the lock or wants it. The readers are counted above three such bits. */
#define WRITER_BITS 3
#define READER 8

/* pthread_rwlock_tryrdlock, without a call where no writer is about. */
static inline int try_read(pthread_rwlock_t *lock)
{
	unsigned readers = __atomic_load_n(&lock->__data.__readers, __ATOMIC_RELAXED);
	if (__builtin_expect(!(readers & WRITER_BITS) && readers < INT32_MAX - READER, 1) &&
	    __atomic_compare_exchange_n(&lock->__data.__readers, &readers, readers + READER, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return 0;
	return pthread_rwlock_tryrdlock(lock);
}

LOCK(pthread_rwlock_rdlock, READ, try_read, (pthread_rwlock_t * lock), CLOCK_MONOTONIC, NULL)
LOCK(pthread_rwlock_wrlock, WRITE, pthread_rwlock_trywrlock, (pthread_rwlock_t * lock), CLOCK_MONOTONIC, NULL)
LOCK(pthread_rwlock_timedrdlock, READ, pthread_rwlock_tryrdlock, (pthread_rwlock_t * lock, const struct timespec *until),
     CLOCK_REALTIME, until)
LOCK(pthread_rwlock_timedwrlock, WRITE, pthread_rwlock_trywrlock, (pthread_rwlock_t * lock, const struct timespec *until),
     CLOCK_REALTIME, until)
LOCK(pthread_rwlock_clockrdlock, READ, pthread_rwlock_tryrdlock,
     (pthread_rwlock_t * lock, clockid_t clock, const struct timespec *until), clock, until)
LOCK(pthread_rwlock_clockwrlock, WRITE, pthread_rwlock_trywrlock,
     (pthread_rwlock_t * lock, clockid_t clock, const struct timespec *until), clock, until)

/* ---- spin locks ---- */

UPSTARE_CALL(pthread_spin_lock, upstare_resume_spin);
static int spin(struct upstare_call *c)
{
	pthread_spinlock_t *lock = (pthread_spinlock_t *)c->extra[OBJECT];
	while (pthread_spin_trylock(lock)) {
		/* glibc's on x86: 1 is free. */
		while (*lock != 1 && !upstare_called_for())
			__builtin_ia32_pause();
		if (upstare_called_for() && upstare_call_parked(c, &upstare_w_d_pthread_spin_lock))
			return 0;
	}
	return 0;
}

hidden long upstare_resume_spin(void);
long upstare_resume_spin(void)
{
	struct upstare_call c;
	upstare_call_resumed(&c);
	return spin(&c);
}

exported int upstare_w_pthread_spin_lock(pthread_spinlock_t *lock)
{
	if (pthread_spin_trylock(lock) == 0)
		return 0;
	struct upstare_call c = {.extra = {(long)lock}};
	return spin(&c);
}
