/* Waits that the kernel has its own limits for: sleeps, futexes, semaphores, message queues. */
#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <time.h>

#include "../../tree/tree.h"

#define SECOND UPSTARE_SECOND

/* ---- sleeps ---- */

/* How long a part of the sleep may last on this clock: others than CLOCK_MONOTONIC are set, or stand still. */
static int64_t part_of(clockid_t clock, int64_t left)
{
	int64_t most = clock == CLOCK_MONOTONIC ? UPSTARE_FOREVER
		       : clock == CLOCK_REALTIME || clock == CLOCK_TAI || clock == CLOCK_BOOTTIME ? SECOND
												: UPSTARE_SLICE;
	/* ppoll may be late by a thousandth of its time, a sleep may not: the last part is short. */
	int64_t part = left > 20000000 ? left - left / 128 : left;
	return part < most ? part : most;
}

long upstare_pipe_sleep(const long a[6], bool cancellable)
{
	clockid_t clock = (clockid_t)a[0];
	const struct timespec *at = (const struct timespec *)a[2];
	struct timespec now;
	struct upstare_limits l = {.once = true, .cancellable = cancellable};
	if (!(a[1] & TIMER_ABSTIME))
		return upstare_pipe_plain(SYS_clock_nanosleep, a, cancellable);
	for (;;) {
		struct pollfd files[UPSTARE_PIPE_ROOM];
		long r = upstare_sys(SYS_clock_gettime, clock, &now);
		if (r)
			return upstare_pipe_plain(SYS_clock_nanosleep, a, cancellable);
		int64_t seconds = at->tv_sec - now.tv_sec;
		int64_t left = seconds > UPSTARE_FOREVER / SECOND - 2 ? UPSTARE_FOREVER : seconds * SECOND + at->tv_nsec - now.tv_nsec;
		if (left <= 0)
			return 0;
		l.until = upstare_deadline(0, part_of(clock, left));
		r = upstare_pipe_poll(files, 0, &l);
		if (r < 0)
			return r;
	}
}

/* ---- futexes: with a word of the runtime's, and in a member of a tree the word of the orders ---- */

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#define SIZE_32 2

struct waiter {
	uint64_t value, address;
	uint32_t flags, reserved;
};

static bool passed(clockid_t clock, const struct timespec *until)
{
	struct timespec now;
	upstare_sys(SYS_clock_gettime, clock, &now);
	return now.tv_sec > until->tv_sec || (now.tv_sec == until->tv_sec && now.tv_nsec >= until->tv_nsec);
}

/* Where the kernel waits for one word only, or somebody else's waits are left out: no longer than a slice. */
static long wait_a_slice(const long a[6], clockid_t clock, const struct timespec *until, bool cancellable)
{
	struct timespec now, end;
	upstare_sys(SYS_clock_gettime, clock, &now);
	int64_t ns = now.tv_nsec + UPSTARE_SLICE;
	end = (struct timespec){now.tv_sec + ns / SECOND, ns % SECOND};
	bool last = until && (until->tv_sec < end.tv_sec || (until->tv_sec == end.tv_sec && until->tv_nsec < end.tv_nsec));
	long now_a[6] = {a[0], a[1], a[2], last ? (long)until : (long)&end, a[4], a[5]};
	long r = upstare_pipe_plain(SYS_futex, now_a, cancellable);
	return r == -ETIMEDOUT && !last ? UPSTARE_RETRY : r;
}

long upstare_pipe_futex(const long a[6], bool cancellable)
{
	static bool old_kernel;
	const struct timespec *until = (const struct timespec *)a[3];
	clockid_t clock = a[1] & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC;
	for (;;) {
		uint32_t bell = __atomic_load_n(&upstare_pipe_bell, __ATOMIC_ACQUIRE), word = 0;
		const struct upstare_orders *o = upstare_tree.leads ? NULL : upstare_tree.orders;
		if (o)
			word = __atomic_load_n(&o->word, __ATOMIC_ACQUIRE);
		if (upstare_pipe_noticed())
			return UPSTARE_ABORTED;
		struct waiter w[3] = {
			{(uint32_t)a[2], (uint64_t)a[0], SIZE_32 | (a[1] & FUTEX_PRIVATE_FLAG), 0},
			{bell, (uint64_t)(uintptr_t)&upstare_pipe_bell, SIZE_32 | FUTEX_PRIVATE_FLAG, 0},
			{word, o ? (uint64_t)(uintptr_t)&o->word : 0, SIZE_32, 0},
		};
		long r = -ENOSYS;
		if (!old_kernel)
			r = upstare_pipe_plain(SYS_futex_waitv, (const long[6]){(long)w, o ? 3 : 2, 0, (long)until, clock}, cancellable);
		if (r == -ENOSYS || r == -EPERM) {
			old_kernel = true;
			r = wait_a_slice(a, clock, until, cancellable);
			if (r == UPSTARE_RETRY)
				continue;
			return r;
		}
		/* Woken by us, or one of our words had changed: the program's may have been woken too, which is then a wake-up for nothing. */
		if (r > 0 || (r == -EAGAIN && __atomic_load_n((uint32_t *)a[0], __ATOMIC_ACQUIRE) == (uint32_t)a[2])) {
			if (upstare_pipe_noticed())
				return UPSTARE_ABORTED;
			if (r > 0)
				return 0;
			if (until && passed(clock, until))
				return -ETIMEDOUT;
			continue;
		}
		return r;
	}
}

/* ---- with a limit as an argument: the call itself, a slice long; whoever waits in it is woken at once ---- */

static void slice_of(struct timespec *t, int64_t until, bool *last)
{
	int64_t left = until == UPSTARE_FOREVER ? UPSTARE_FOREVER : until - (int64_t)upstare_now();
	*last = left <= UPSTARE_SLICE;
	*t = upstare_timespec(left < 0 ? 0 : *last ? left : UPSTARE_SLICE);
}

int64_t upstare_pipe_after(const struct timespec *limit)
{
	return limit ? upstare_deadline(limit->tv_sec, limit->tv_nsec) : UPSTARE_FOREVER;
}

/*
 * The kernel ends it with EINTR also after a signal that no handler ran for here: one that another thread has taken meanwhile, or that is
 * ignored, but was kept because the first thread has it blocked. So signals wait until a slice is over.
 */
long upstare_pipe_semaphores(const long a[6], bool cancellable)
{
	const struct sembuf *operations = (const struct sembuf *)a[1];
	const struct timespec *limit = (const struct timespec *)a[3];
	bool may_refuse = false, last = false;
	int64_t until = upstare_pipe_after(limit);
	if (limit && !upstare_valid_time(limit))
		return upstare_pipe_plain(SYS_semtimedop, a, cancellable);
	for (long i = 0; i < a[2] && a[2] <= 500; i++)
		may_refuse |= (operations[i].sem_flg & IPC_NOWAIT) != 0;
	UPSTARE_HOLD(hold);
	if (upstare_masked)
		upstare_pipe_hold(&hold);
	for (struct timespec t = {0, 0};; slice_of(&t, until, &last)) {
		if (upstare_pipe_noticed())
			return upstare_pipe_aborted(&hold);
		int64_t begin = (int64_t)upstare_now();
		long r = upstare_pipe_plain(SYS_semtimedop, (const long[6]){a[0], a[1], a[2], (long)&t}, cancellable);
		/* One of the operations may be refused at once where others wait: that does not take a slice. */
		if (r != -EAGAIN || last || (may_refuse && (int64_t)upstare_now() - begin < t.tv_sec * SECOND + t.tv_nsec))
			return r;
		if (hold.on)
			upstare_pipe_note(&hold);
		if (hold.on && upstare_signals_due(hold.mask))
			return -EINTR;
		/* What no handler waits for ends the process, or nothing. */
		upstare_pipe_hold(&hold);
	}
}

/* POSIX message queues are descriptors on Linux. A limit that has passed makes the call one that does not block. */
static long try_queue(const struct upstare_attempt_of *t)
{
	static const struct timespec past = {0, 0};
	const long *a = t->arguments;
	long r = upstare_sys(t->number, a[0], a[1], a[2], a[3], &past);
	return r == -ETIMEDOUT ? -EAGAIN : r;
}

long upstare_pipe_queue(long number, const long a[6], bool cancellable)
{
	const struct timespec *until = (const struct timespec *)a[4];
	struct upstare_attempt_of t = {.number = number, .arguments = a, .fd = (int)a[0], .cancellable = cancellable};
	struct upstare_limits l = {.until = UPSTARE_FOREVER, .cancellable = cancellable};
	if (until && !upstare_valid_time(until))
		return upstare_pipe_plain(number, a, cancellable);
	for (;;) {
		long r = try_queue(&t);
		if (r != -EAGAIN)
			return r;
		long flags = upstare_sys(SYS_fcntl, t.fd, F_GETFL);
		if (flags < 0 || (flags & O_NONBLOCK))
			return -EAGAIN;
		if (until) {
			struct timespec now;
			if (passed(CLOCK_REALTIME, until))
				return -ETIMEDOUT;
			/* The clock may be set. */
			upstare_sys(SYS_clock_gettime, CLOCK_REALTIME, &now);
			int64_t seconds = until->tv_sec - now.tv_sec, left = seconds * SECOND + until->tv_nsec - now.tv_nsec;
			l.until = upstare_deadline(0, seconds > 1 || left > SECOND ? SECOND : left > 0 ? left : 0);
		}
		struct pollfd files[1 + UPSTARE_PIPE_ROOM] = {{.fd = t.fd, .events = number == SYS_mq_timedsend ? POLLOUT : POLLIN}};
		r = upstare_pipe_poll(files, 1, &l);
		if (r < 0)
			return r;
	}
}
