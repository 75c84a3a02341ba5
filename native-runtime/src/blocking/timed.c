/* Waits with a limit: the record holds the absolute time, so that an update does not lengthen them. */
#include "waits.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SECOND UPSTARE_SECOND
#define NEVER INT64_MAX

int64_t upstare_deadline(int64_t seconds, int64_t ns)
{
	int64_t now = (int64_t)upstare_now();
	if (seconds > NEVER / SECOND - 2)
		return NEVER;
	ns += seconds * SECOND;
	return ns > NEVER - now ? NEVER : now + ns;
}

int64_t upstare_remaining(const struct upstare_call *c)
{
	int64_t left = c->deadline - (int64_t)upstare_now();
	return left > 0 ? left : 0;
}

struct timespec upstare_timespec(int64_t ns)
{
	return (struct timespec){ns / SECOND, ns % SECOND};
}

bool upstare_valid_time(const struct timespec *t)
{
	return t->tv_sec >= 0 && t->tv_nsec >= 0 && t->tv_nsec < SECOND;
}

/* ---- calls whose limit is time that passes, as an argument ---- */

enum { REPORT, MASK, LIMIT }; /* in extra: struct timeval to be told the rest; signal mask by value, if any; index of the limit */

struct kernel_mask {
	uint64_t *mask;
	size_t size;
};

/* The argument that is a limit in milliseconds; -1: none is. */
static int milliseconds_at(long number)
{
	return number == SYS_poll ? 2 : number == SYS_epoll_wait || number == SYS_epoll_pwait ? 3 : -1;
}

/*
 * first: how long to wait, where the kernel writes back what is left of it; then nobody has to look at the clock before the
 * call is broken off. NULL: c->deadline says until when.
 */
static long wait_for_time(struct upstare_call *c, const struct upstare_function *descriptor, struct timespec *first)
{
	for (;;) {
		struct upstare_call now = *c;
		struct timespec left;
		struct kernel_mask mask = {(uint64_t *)&now.extra[MASK], 8};
		if (first) {
			left = *first;
			now.arguments[c->extra[LIMIT]] = (long)&left;
		} else if (c->deadline >= 0) {
			int index = milliseconds_at(c->number);
			if (index < 0) {
				left = upstare_timespec(upstare_remaining(c));
				now.arguments[c->extra[LIMIT]] = (long)&left;
			} else if (c->aborted) {
				int64_t ms = (upstare_remaining(c) + 999999) / 1000000;
				now.arguments[index] = ms < INT32_MAX ? ms : INT32_MAX;
			}
		}
		if (c->done) /* there is a mask */
			switch (c->number) {
			case SYS_pselect6:
				now.arguments[5] = (long)&mask;
				break;
			case SYS_ppoll:
				now.arguments[3] = (long)mask.mask;
				break;
			default:
				now.arguments[4] = (long)mask.mask;
			}
		long r = upstare_blocking(&now);
		if (r == UPSTARE_ABORTED) {
			if (first)
				c->deadline = upstare_deadline(left.tv_sec, left.tv_nsec);
			first = NULL;
			if (upstare_call_parked(c, descriptor))
				return 0;
			continue;
		}
		/* select tells the time that is left, as Linux does. */
		struct timeval *report = (struct timeval *)c->extra[REPORT];
		if (report)
			*report = (struct timeval){left.tv_sec, left.tv_nsec / 1000};
		return upstare_result(r);
	}
}

hidden long upstare_resume_time(void);
long upstare_resume_time(void)
{
	struct upstare_call c;
	upstare_wait_resumed(&c);
	return wait_for_time(&c, c.header.function, NULL);
}

static void set_mask(struct upstare_call *c, const sigset_t *mask)
{
	if (mask) {
		c->done = 1;
		c->extra[MASK] = (long)upstare_kernel_set(mask);
	}
}

/* A wait whose limit the kernel does not write back. */
static long wait_until(struct upstare_call *c, const struct upstare_function *descriptor, const struct timespec *limit, int index)
{
	if (limit) {
		if (!upstare_valid_time(limit))
			return upstare_result(-EINVAL);
		c->extra[LIMIT] = index;
		c->deadline = upstare_deadline(limit->tv_sec, limit->tv_nsec);
	}
	return wait_for_time(c, descriptor, NULL);
}

/* A wait whose limit it does write back. */
static long wait_left(struct upstare_call *c, const struct upstare_function *descriptor, const struct timespec *limit, int index)
{
	struct timespec left;
	if (!limit)
		return wait_for_time(c, descriptor, NULL);
	if (!upstare_valid_time(limit))
		return upstare_result(-EINVAL);
	left = *limit;
	c->extra[LIMIT] = index;
	return wait_for_time(c, descriptor, &left);
}

/* The kernel's clock ticks at least that often. */
#define TICK (SECOND / 100)

/*
 * A limit in milliseconds, which the kernel takes as it is on the first try. The deadline is from a clock that is cheap and up to a
 * tick late, which shows only where the call is broken off: it may then last as much longer.
 */
static int64_t deadline_after(int timeout)
{
	struct timespec now;
	if (timeout <= 0)
		return -1;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec * SECOND + now.tv_nsec + TICK + (int64_t)timeout * 1000000;
}

/* The rest of such a wait after a first try that was broken off. */
static long wait_on(struct upstare_call *c, const struct upstare_function *descriptor)
{
	return upstare_call_parked(c, descriptor) ? 0 : wait_for_time(c, descriptor, NULL);
}

UPSTARE_CALL(poll, upstare_resume_time);
exported int upstare_w_poll(struct pollfd *files, nfds_t n, int timeout)
{
	int64_t deadline = deadline_after(timeout);
	long r = upstare_first_here(SYS_poll, (long)files, (long)n, timeout, 0, 0, 0);
	if (__builtin_expect(r != UPSTARE_ABORTED, 1))
		return (int)upstare_result(r);
	struct upstare_call c = {.number = SYS_poll, .arguments = {(long)files, (long)n, timeout}, .once = true, .deadline = deadline};
	return (int)wait_on(&c, &upstare_w_d_poll);
}

UPSTARE_CALL(ppoll, upstare_resume_time);
exported int upstare_w_ppoll(struct pollfd *files, nfds_t n, const struct timespec *limit, const sigset_t *mask)
{
	struct upstare_call c = {.number = SYS_ppoll, .arguments = {(long)files, (long)n, 0, 0, 8}, .once = true, .deadline = -1};
	set_mask(&c, mask);
	return (int)wait_left(&c, &upstare_w_d_ppoll, limit, 2);
}

UPSTARE_CALL(epoll_wait, upstare_resume_time);
exported int upstare_w_epoll_wait(int fd, struct epoll_event *events, int n, int timeout)
{
	int64_t deadline = deadline_after(timeout);
	long r = upstare_first_here(SYS_epoll_wait, fd, (long)events, n, timeout, 0, 0);
	if (__builtin_expect(r != UPSTARE_ABORTED, 1))
		return (int)upstare_result(r);
	struct upstare_call c = {
		.number = SYS_epoll_wait, .arguments = {fd, (long)events, n, timeout}, .once = true, .deadline = deadline};
	return (int)wait_on(&c, &upstare_w_d_epoll_wait);
}

UPSTARE_CALL(epoll_pwait, upstare_resume_time);
exported int upstare_w_epoll_pwait(int fd, struct epoll_event *events, int n, int timeout, const sigset_t *mask)
{
	struct upstare_call c = {.number = SYS_epoll_pwait,
				 .arguments = {fd, (long)events, n, timeout, 0, 8},
				 .once = true,
				 .deadline = deadline_after(timeout)};
	set_mask(&c, mask);
	return (int)wait_for_time(&c, &upstare_w_d_epoll_pwait, NULL);
}

UPSTARE_CALL(epoll_pwait2, upstare_resume_time);
exported int upstare_w_epoll_pwait2(int fd, struct epoll_event *events, int n, const struct timespec *limit, const sigset_t *mask)
{
	struct upstare_call c = {.number = SYS_epoll_pwait2, .arguments = {fd, (long)events, n, 0, 0, 8}, .once = true, .deadline = -1};
	set_mask(&c, mask);
	return (int)wait_until(&c, &upstare_w_d_epoll_pwait2, limit, 3);
}

UPSTARE_CALL(select, upstare_resume_time);
exported int upstare_w_select(int n, fd_set *r, fd_set *w, fd_set *e, struct timeval *timeout)
{
	struct upstare_call c = {
		.number = SYS_pselect6, .arguments = {n, (long)r, (long)w, (long)e}, .once = true, .deadline = -1};
	if (!timeout)
		return (int)wait_for_time(&c, &upstare_w_d_select, NULL);
	if (timeout->tv_sec < 0 || timeout->tv_usec < 0)
		return (int)upstare_result(-EINVAL);
	struct timespec limit = {timeout->tv_sec + timeout->tv_usec / 1000000, timeout->tv_usec % 1000000 * 1000};
	c.extra[REPORT] = (long)timeout;
	return (int)wait_left(&c, &upstare_w_d_select, &limit, 4);
}

UPSTARE_CALL(pselect, upstare_resume_time);
exported int upstare_w_pselect(int n, fd_set *r, fd_set *w, fd_set *e, const struct timespec *limit, const sigset_t *mask)
{
	struct upstare_call c = {
		.number = SYS_pselect6, .arguments = {n, (long)r, (long)w, (long)e}, .once = true, .deadline = -1};
	set_mask(&c, mask);
	return (int)wait_left(&c, &upstare_w_d_pselect, limit, 4);
}

UPSTARE_CALL(semop, upstare_resume_time);
exported int upstare_w_semop(int id, struct sembuf *operations, size_t n)
{
	struct upstare_call c = {
		.number = SYS_semtimedop, .arguments = {id, (long)operations, (long)n}, .once = true, .deadline = -1};
	return (int)wait_for_time(&c, &upstare_w_d_semop, NULL);
}

UPSTARE_CALL(semtimedop, upstare_resume_time);
exported int upstare_w_semtimedop(int id, struct sembuf *operations, size_t n, const struct timespec *limit)
{
	struct upstare_call c = {
		.number = SYS_semtimedop, .arguments = {id, (long)operations, (long)n}, .once = true, .deadline = -1};
	return (int)wait_until(&c, &upstare_w_d_semtimedop, limit, 3);
}

/* ---- sleeps: arguments[0] is the clock that deadline is of ---- */

enum { REST, REST_STYLE };
enum { REST_NONE, REST_TIMESPEC, REST_SECONDS, ERROR };

/* 0, -EINTR or another error; *unrolling. */
static long sleep_until(struct upstare_call *c, const struct upstare_function *descriptor, bool *unrolling)
{
	*unrolling = false;
	for (;;) {
		struct timespec at = upstare_timespec(c->deadline);
		struct upstare_call now = *c;
		now.number = SYS_clock_nanosleep;
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

static int64_t rest(const struct upstare_call *c)
{
	struct timespec t;
	clock_gettime((clockid_t)c->arguments[0], &t);
	int64_t left = c->deadline - (t.tv_sec * SECOND + t.tv_nsec);
	return left > 0 ? left : 0;
}

static long sleep_on(struct upstare_call *c, const struct upstare_function *descriptor)
{
	bool unrolling;
	long r = sleep_until(c, descriptor, &unrolling);
	if (unrolling)
		return 0;
	if (c->extra[REST_STYLE] == REST_SECONDS)
		return r ? (rest(c) + SECOND / 2) / SECOND : 0;
	if (r == -EINTR && c->extra[REST])
		*(struct timespec *)c->extra[REST] = upstare_timespec(rest(c));
	return c->extra[REST_STYLE] == ERROR ? -r : upstare_result(r);
}

long upstare_resume_sleep(void)
{
	struct upstare_call c;
	upstare_wait_resumed(&c);
	return sleep_on(&c, c.header.function);
}

static struct upstare_call sleeping(int64_t seconds, int64_t ns, long style, struct timespec *rest)
{
	return (struct upstare_call){.arguments = {CLOCK_MONOTONIC},
				     .once = true,
				     .deadline = upstare_deadline(seconds, ns),
				     .extra = {(long)rest, style}};
}

UPSTARE_CALL(nanosleep, upstare_resume_sleep);
exported int upstare_w_nanosleep(const struct timespec *wanted, struct timespec *rest)
{
	if (!upstare_valid_time(wanted))
		return (int)upstare_result(-EINVAL);
	struct upstare_call c = sleeping(wanted->tv_sec, wanted->tv_nsec, REST_TIMESPEC, rest);
	return (int)sleep_on(&c, &upstare_w_d_nanosleep);
}

int upstare_sleep_on(clockid_t clock, int flags, const struct timespec *wanted, struct timespec *rest, const struct upstare_function *descriptor)
{
	struct timespec now = {0, 0};
	if (!upstare_valid_time(wanted))
		return EINVAL;
	bool relative = !(flags & TIMER_ABSTIME);
	/* setting the clock does not move a relative sleep */
	if (relative && clock == CLOCK_REALTIME)
		clock = CLOCK_MONOTONIC;
	if (clock == CLOCK_THREAD_CPUTIME_ID)
		return EINVAL;
	if (relative && clock_gettime(clock, &now))
		return EINVAL;
	struct upstare_call c = {.arguments = {clock}, .once = true, .extra = {relative ? (long)rest : 0, ERROR}};
	c.deadline = wanted->tv_sec > NEVER / SECOND - 2 - now.tv_sec
			     ? NEVER
			     : (wanted->tv_sec + now.tv_sec) * SECOND + wanted->tv_nsec + now.tv_nsec;
	return (int)sleep_on(&c, descriptor);
}

UPSTARE_CALL(clock_nanosleep, upstare_resume_sleep);
exported int upstare_w_clock_nanosleep(clockid_t clock, int flags, const struct timespec *wanted, struct timespec *rest)
{
	return upstare_sleep_on(clock, flags, wanted, rest, &upstare_w_d_clock_nanosleep);
}

UPSTARE_CALL(usleep, upstare_resume_sleep);
exported int upstare_w_usleep(useconds_t us)
{
	struct upstare_call c = sleeping(us / 1000000, us % 1000000 * 1000, REST_NONE, NULL);
	return (int)sleep_on(&c, &upstare_w_d_usleep);
}

UPSTARE_CALL(sleep, upstare_resume_sleep);
exported unsigned upstare_w_sleep(unsigned seconds)
{
	struct upstare_call c = sleeping(seconds, 0, REST_SECONDS, NULL);
	return (unsigned)sleep_on(&c, &upstare_w_d_sleep);
}
