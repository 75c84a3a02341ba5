/*
 * C11's threads (threads.h, ISO/IEC 9899:2018 7.26): in glibc they are pthreads under other names, with other results.
 */
#include "waits.h"

#include <threads.h>

static int result(int error)
{
	switch (error) {
	case 0:
		return thrd_success;
	case ENOMEM:
		return thrd_nomem;
	case ETIMEDOUT:
		return thrd_timedout;
	case EBUSY:
		return thrd_busy;
	default:
		return thrd_error;
	}
}

int upstare_w_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int upstare_w_pthread_cond_signal(pthread_cond_t *);
int upstare_w_pthread_cond_broadcast(pthread_cond_t *);
int upstare_w_pthread_cond_destroy(pthread_cond_t *);

exported int upstare_w_thrd_create(thrd_t *handle, thrd_start_t routine, void *argument)
{
	/* Of what it returns thrd_join takes an int. */
	return result(upstare_w_pthread_create(handle, NULL, (void *(*)(void *))(void *)routine, argument));
}

hidden long upstare_resume_mtx_lock(void);
long upstare_resume_mtx_lock(void)
{
	return result((int)upstare_resume_mutex());
}

UPSTARE_CALL(mtx_lock, upstare_resume_mtx_lock);
exported int upstare_w_mtx_lock(mtx_t *m)
{
	return result(upstare_lock_mutex((pthread_mutex_t *)m, &upstare_w_d_mtx_lock));
}

hidden long upstare_resume_mtx_timedlock(void);
long upstare_resume_mtx_timedlock(void)
{
	return result((int)upstare_resume_timed_mutex());
}

UPSTARE_CALL(mtx_timedlock, upstare_resume_mtx_timedlock);
exported int upstare_w_mtx_timedlock(mtx_t *m, const struct timespec *until)
{
	return result(upstare_lock_mutex_until((pthread_mutex_t *)m, CLOCK_REALTIME, until, &upstare_w_d_mtx_timedlock));
}

hidden long upstare_resume_cnd_wait(void);
long upstare_resume_cnd_wait(void)
{
	return result((int)upstare_resume_relock());
}

UPSTARE_CALL(cnd_wait, upstare_resume_cnd_wait);
exported int upstare_w_cnd_wait(cnd_t *condition, mtx_t *m)
{
	return result(upstare_wait_on_condition((pthread_cond_t *)condition, (pthread_mutex_t *)m, NULL, CLOCK_MONOTONIC, &upstare_w_d_cnd_wait));
}

UPSTARE_CALL(cnd_timedwait, upstare_resume_cnd_wait);
exported int upstare_w_cnd_timedwait(cnd_t *condition, mtx_t *m, const struct timespec *until)
{
	return result(upstare_wait_on_condition((pthread_cond_t *)condition, (pthread_mutex_t *)m, until, CLOCK_REALTIME, &upstare_w_d_cnd_timedwait));
}

exported int upstare_w_cnd_signal(cnd_t *condition)
{
	return result(upstare_w_pthread_cond_signal((pthread_cond_t *)condition));
}

exported int upstare_w_cnd_broadcast(cnd_t *condition)
{
	return result(upstare_w_pthread_cond_broadcast((pthread_cond_t *)condition));
}

exported void upstare_w_cnd_destroy(cnd_t *condition)
{
	upstare_w_pthread_cond_destroy((pthread_cond_t *)condition);
}

hidden long upstare_resume_thrd_join(void);
long upstare_resume_thrd_join(void)
{
	return result((int)upstare_resume_wait_in_libc());
}

UPSTARE_CALL(thrd_join, upstare_resume_thrd_join);
exported int upstare_w_thrd_join(thrd_t thread, int *value)
{
	if (upstare_off)
		return thrd_join(thread, value);
	return result(upstare_join_int(thread, value, &upstare_w_d_thrd_join));
}

static int slept(int error)
{
	return error == EINTR ? -1 : error ? -2 : 0;
}

hidden long upstare_resume_thrd_sleep(void);
long upstare_resume_thrd_sleep(void)
{
	return slept((int)upstare_resume_sleep());
}

UPSTARE_CALL(thrd_sleep, upstare_resume_thrd_sleep);
exported int upstare_w_thrd_sleep(const struct timespec *wanted, struct timespec *rest)
{
	return slept(upstare_sleep_on(CLOCK_REALTIME, 0, wanted, rest, &upstare_w_d_thrd_sleep));
}
