/* Waits with a limit: the record holds the absolute time, so that an update does not lengthen them. */
#include "blocking.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000
#define NEVER INT64_MAX

static int64_t deadline_after(int64_t ns)
{
	int64_t now = (int64_t)upstare_now();
	return ns > NEVER - now ? NEVER : now + ns;
}

static int64_t nanoseconds(int64_t seconds, int64_t ns)
{
	return seconds > NEVER / SECOND - 2 ? NEVER : seconds * SECOND + ns;
}

static int64_t remaining(const struct upstare_call *c)
{
	int64_t left = c->deadline - (int64_t)upstare_now();
	return left > 0 ? left : 0;
}

static struct timespec spec(int64_t ns)
{
	return (struct timespec){ns / SECOND, ns % SECOND};
}

/* ---- poll, select, epoll_wait ---- */

static long wait_for_files(struct upstare_call *c, const struct upstare_function *descriptor)
{
	for (;;) {
		struct upstare_call now = *c;
		struct timespec left;
		if (c->deadline >= 0) {
			int64_t ns = remaining(c);
			left = spec(ns);
			if (c->number == SYS_epoll_wait)
				now.arguments[3] = ns / 1000000 >= INT32_MAX ? INT32_MAX : (ns + 999999) / 1000000;
			else
				now.arguments[c->number == SYS_ppoll ? 2 : 4] = (long)&left;
		}
		long r = upstare_blocking(&now);
		if (r == UPSTARE_ABORTED) {
			if (upstare_call_parked(c, descriptor))
				return 0;
			continue;
		}
		/* select tells the time that is left, as Linux does. */
		struct timeval *report = (struct timeval *)c->extra[0];
		if (report) {
			int64_t us = remaining(c) / 1000;
			*report = (struct timeval){us / 1000000, us % 1000000};
		}
		return upstare_result(r);
	}
}

hidden long upstare_resume_files(void);
long upstare_resume_files(void)
{
	struct upstare_call c;
	upstare_call_resumed(&c);
	return wait_for_files(&c, c.header.function);
}

UPSTARE_CALL(poll, upstare_resume_files);
exported int upstare_w_poll(struct pollfd *files, nfds_t n, int timeout)
{
	struct upstare_call c = {.number = SYS_ppoll, .arguments = {(long)files, (long)n, 0, 0, 8}, .deadline = -1};
	if (timeout >= 0)
		c.deadline = deadline_after((int64_t)timeout * 1000000);
	return (int)wait_for_files(&c, &upstare_w_d_poll);
}

UPSTARE_CALL(epoll_wait, upstare_resume_files);
exported int upstare_w_epoll_wait(int fd, struct epoll_event *events, int n, int timeout)
{
	struct upstare_call c = {.number = SYS_epoll_wait, .arguments = {fd, (long)events, n, timeout}, .deadline = -1};
	if (timeout > 0)
		c.deadline = deadline_after((int64_t)timeout * 1000000);
	return (int)wait_for_files(&c, &upstare_w_d_epoll_wait);
}

UPSTARE_CALL(select, upstare_resume_files);
exported int upstare_w_select(int n, fd_set *r, fd_set *w, fd_set *e, struct timeval *timeout)
{
	struct upstare_call c = {.number = SYS_pselect6, .arguments = {n, (long)r, (long)w, (long)e}, .deadline = -1};
	if (timeout) {
		if (timeout->tv_sec < 0 || timeout->tv_usec < 0) {
			errno = EINVAL;
			return -1;
		}
		c.deadline = deadline_after(
			nanoseconds(timeout->tv_sec + timeout->tv_usec / 1000000, timeout->tv_usec % 1000000 * 1000));
		c.extra[0] = (long)timeout;
	}
	return (int)wait_for_files(&c, &upstare_w_d_select);
}

/* ---- sleeps ---- */

/* 0, or -EINTR. */
static long sleep_until(struct upstare_call *c, const struct upstare_function *descriptor, bool *unrolling)
{
	*unrolling = false;
	for (;;) {
		struct timespec at = spec(c->deadline);
		struct upstare_call now = *c;
		now.number = SYS_clock_nanosleep;
		now.arguments[0] = CLOCK_MONOTONIC;
		now.arguments[1] = TIMER_ABSTIME;
		now.arguments[2] = (long)&at;
		now.arguments[3] = 0;
		long r = upstare_blocking(&now);
		if (r != UPSTARE_ABORTED)
			return r;
		if (upstare_call_parked(c, descriptor)) {
			*unrolling = true;
			return 0;
		}
	}
}

enum { REST_NONE, REST_TIMESPEC, REST_SECONDS };

static long sleep_on(struct upstare_call *c, const struct upstare_function *descriptor)
{
	bool unrolling;
	long r = sleep_until(c, descriptor, &unrolling);
	if (unrolling)
		return 0;
	int64_t left = remaining(c);
	if (c->extra[0] == REST_SECONDS)
		return r ? (left + SECOND / 2) / SECOND : 0;
	if (r && c->extra[0] == REST_TIMESPEC && c->extra[1])
		*(struct timespec *)c->extra[1] = spec(left);
	return upstare_result(r);
}

hidden long upstare_resume_sleep(void);
long upstare_resume_sleep(void)
{
	struct upstare_call c;
	upstare_call_resumed(&c);
	return sleep_on(&c, c.header.function);
}

UPSTARE_CALL(nanosleep, upstare_resume_sleep);
exported int upstare_w_nanosleep(const struct timespec *wanted, struct timespec *rest)
{
	if (wanted->tv_sec < 0 || wanted->tv_nsec < 0 || wanted->tv_nsec >= SECOND) {
		errno = EINVAL;
		return -1;
	}
	struct upstare_call c = {.deadline = deadline_after(nanoseconds(wanted->tv_sec, wanted->tv_nsec)),
				 .extra = {REST_TIMESPEC, (long)rest}};
	return (int)sleep_on(&c, &upstare_w_d_nanosleep);
}

UPSTARE_CALL(usleep, upstare_resume_sleep);
exported int upstare_w_usleep(useconds_t us)
{
	struct upstare_call c = {.deadline = deadline_after((int64_t)us * 1000)};
	return (int)sleep_on(&c, &upstare_w_d_usleep);
}

UPSTARE_CALL(sleep, upstare_resume_sleep);
exported unsigned upstare_w_sleep(unsigned seconds)
{
	struct upstare_call c = {.deadline = deadline_after(nanoseconds(seconds, 0)), .extra = {REST_SECONDS}};
	return (unsigned)sleep_on(&c, &upstare_w_d_sleep);
}
