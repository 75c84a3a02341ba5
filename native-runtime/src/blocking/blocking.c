#include "blocking.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../tree/tree.h"
#include "pipe/pipe.h"

bool upstare_called_for(void)
{
	if (__builtin_expect(upstare_self_pipe, 0))
		return upstare_pipe_noticed();
	return (__atomic_load_n(&upstare_want, __ATOMIC_RELAXED) & UPSTARE_WANT_UPDATE) && !upstare_has_obstacle();
}

/* A thread that a library has created may be anywhere: it leaves that to the program's own. */
static inline void lead_orphans(void)
{
	if (__builtin_expect(upstare_tree_orphaned(), 0) && upstare_self)
		upstare_tree_lead();
}

static inline long call(long number, const long a[6])
{
	long r;
	upstare_cut.kicked = false;
	if (__builtin_expect(__atomic_load_n(&upstare_want, __ATOMIC_RELAXED) & UPSTARE_WANT_UPDATE, 0) && upstare_has_obstacle())
		r = upstare_stub_unchecked(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	else
		r = upstare_stub(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	/* A call that cannot be restarted has ended with EINTR, and no handler but the kick's has run. */
	return r == -EINTR && upstare_cut.kicked ? UPSTARE_ABORTED : r;
}

static long call_cancellably(long number, const long arguments[6])
{
	int type;
	lead_orphans();
	/* With one thread nobody can cancel it meanwhile. */
	if (__libc_single_threaded)
		return call(number, arguments);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
	long r = call(number, arguments);
	pthread_setcanceltype(type, NULL);
	return r;
}

long upstare_first(long number, const long arguments[6])
{
	if (__builtin_expect(upstare_self_pipe, 0))
		return upstare_pipe_call(number, arguments, true, false);
	upstare_cut.all = 0;
	return call_cancellably(number, arguments);
}

/* Whether a handler that has run since c was broken off ends it. */
static bool ends(struct upstare_call *c)
{
	int interrupted = c->interrupted;
	c->interrupted = UPSTARE_UNDISTURBED;
	return interrupted == UPSTARE_INTERRUPTING || (interrupted && c->once);
}

/* What upstare_cut.kicked says of the last system call stays. */
static void over(void)
{
	upstare_cut.again = UPSTARE_NOT_AGAIN;
	upstare_cut.came = false;
}

static long blocking(struct upstare_call *c, bool cancellable)
{
	if (ends(c)) {
		upstare_wait_over();
		return -EINTR;
	}
	if (__builtin_expect(upstare_self_pipe, 0))
		return upstare_pipe_call(c->number, c->arguments, cancellable, c->done > 0);
	if (!c->aborted)
		upstare_cut.all = 0;
	if (!cancellable)
		lead_orphans();
	long r = cancellable ? call_cancellably(c->number, c->arguments) : call(c->number, c->arguments);
	if (__builtin_expect(upstare_cut.came, 0) && r == UPSTARE_ABORTED)
		r = -EINTR;
	over();
	return r;
}

long upstare_blocking(struct upstare_call *c)
{
	return blocking(c, true);
}

long upstare_blocking_uncancelled(struct upstare_call *c)
{
	return blocking(c, false);
}

bool upstare_call_parked(struct upstare_call *c, const struct upstare_function *descriptor)
{
	uint64_t mask;
	upstare_block_signals(&mask);
	if (upstare_masked) {
		mask = upstare_kick_mask;
		upstare_masked = false;
	}
	c->aborted = true;
	if (upstare_park_call(mask)) {
		c->header = (struct __up_header){descriptor, 0, sizeof(*c)};
		memcpy(upstare_tls.top, c, sizeof(*c));
		upstare_tls.top += sizeof(*c);
		return true;
	}
	c->interrupted = upstare_signals_due(mask);
	upstare_set_signals(&mask);
	return false;
}

void upstare_call_resumed(struct upstare_call *c)
{
	memcpy(c, upstare_pop(), sizeof(*c));
	c->interrupted = upstare_call_released();
}

void upstare_wait_resumed(struct upstare_call *c)
{
	memcpy(c, upstare_pop(), sizeof(*c));
	c->interrupted = upstare_call_released_masked();
	if (upstare_self_pipe)
		return;
	upstare_cut.came = false;
	upstare_cut.again = c->once ? UPSTARE_AGAIN_ONCE : UPSTARE_AGAIN;
	upstare_unmask();
}

void upstare_wait_over(void)
{
	upstare_unmask();
	over();
}

void upstare_unmask(void)
{
	uint64_t mask = upstare_kick_mask;
	if (!upstare_masked)
		return;
	upstare_masked = false;
	upstare_set_signals(&mask);
}

long upstare_error(long r)
{
	errno = (int)-r;
	return -1;
}

struct outer {
	struct timespec *limit;
	uint32_t in_stub;
};

/* Also when the thread is cancelled in there. */
static void back_to(const struct outer *o)
{
	upstare_limit = o->limit;
	__atomic_store_n(&upstare_in_stub, o->in_stub, __ATOMIC_RELEASE);
}

/* Without a kick: a wait of libc's in slices. */
static long wait_in_slices(struct upstare_call *c, int (*wait)(struct upstare_call *, clockid_t, const struct timespec *),
			   clockid_t clock, const struct timespec *until)
{
	for (;;) {
		struct timespec end;
		if (upstare_called_for())
			return UPSTARE_ABORTED;
		clock_gettime(clock, &end);
		int64_t ns = end.tv_nsec + UPSTARE_SLICE;
		end = (struct timespec){end.tv_sec + ns / UPSTARE_SECOND, ns % UPSTARE_SECOND};
		bool last = until && (until->tv_sec < end.tv_sec || (until->tv_sec == end.tv_sec && until->tv_nsec < end.tv_nsec));
		int r = wait(c, clock, last ? until : &end);
		if (r != ETIMEDOUT || last)
			return r;
	}
}

long upstare_wait_in_libc(struct upstare_call *c, int (*wait)(struct upstare_call *, clockid_t, const struct timespec *),
			  clockid_t clock, const struct timespec *until)
{
	if (__builtin_expect(upstare_self_pipe, 0))
		return wait_in_slices(c, wait, clock, until);
	/* Read anew by the kernel whenever libc goes on waiting after a kick. */
	volatile struct timespec limit = {.tv_sec = (time_t)1 << 40};
	if (until)
		limit = *until;
	int r;
	{
		struct outer outer __attribute__((cleanup(back_to))) = {upstare_limit, upstare_in_stub};
		upstare_limit = (struct timespec *)&limit;
		__atomic_store_n(&upstare_in_stub, 1, __ATOMIC_RELEASE);
		__asm__ volatile("" ::: "memory");
		if (upstare_called_for())
			limit.tv_sec = limit.tv_nsec = 0;
		r = wait(c, clock, (const struct timespec *)&limit);
	}
	bool cut = limit.tv_sec == 0 && limit.tv_nsec == 0 && !(until && until->tv_sec == 0 && until->tv_nsec == 0);
	return r == ETIMEDOUT && cut ? UPSTARE_ABORTED : r;
}

void upstare_set_futex(struct upstare_call *c, void *word, uint32_t value, bool shared)
{
	c->number = SYS_futex;
	c->arguments[0] = (long)word;
	c->arguments[1] = FUTEX_WAIT_BITSET | (shared ? 0 : FUTEX_PRIVATE_FLAG);
	c->arguments[2] = value;
	c->arguments[3] = 0;
	c->arguments[5] = -1; /* FUTEX_BITSET_MATCH_ANY */
}

void upstare_set_futex_limit(struct upstare_call *c, clockid_t clock, const struct timespec *until)
{
	if (until && clock == CLOCK_REALTIME)
		c->arguments[1] |= FUTEX_CLOCK_REALTIME;
	c->arguments[3] = (long)until;
}
