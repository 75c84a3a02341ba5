/*
 * Waiting for descriptors and for an update at once.
 *
 * ppoll ends with EINTR after every handler, while most calls go on after one with SA_RESTART. Where all handlers of the process
 * are of one kind it follows which it was. Where there are both, and where a call looks again and again, signals are blocked
 * and a signalfd is polled too: what is pending is looked at before its handler runs.
 *
 * A handler that ends the call may run nowhere but in ppoll, or nobody would know of it: not between two waits, and not when the pipe
 * has become readable at the same moment, of which alone ppoll tells then. Signals are blocked outside for that, and where the
 * call is broken off until the thread has parked.
 */
#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/select.h>
#include <sys/single_threaded.h>

#include "../../tree/tree.h"

/* A pipe that is readable although there is nothing to do is left out for a while, which grows. */
#define SHUT_FIRST 1000000
/* Who has lost the tree's pipe looks at the orders so often; while an update is under way, so often. */
#define LOOK_NS 50000000
#define LOOK_BUSY_NS 5000000
/* In so many waits it is looked once whether the pipe is still ours: closing it wakes who waits, and a closed number is seen. */
#define TRUST 64

bool upstare_pipe_noticed(void)
{
	if (upstare_tree_orphaned() && upstare_self)
		upstare_tree_lead();
	if (!(__atomic_load_n(&upstare_want, __ATOMIC_ACQUIRE) & UPSTARE_WANT_UPDATE) && !upstare_tree_called())
		return false;
	return !upstare_has_obstacle();
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

enum { OWN, TREE, PIPES };

/*
 * Puts the pipes at `at`, OWN and TREE; those in the set shut, and those that are not there, as -1, which ppoll passes over. *slice: the
 * longest time to wait without looking again. sure: looks whether they are ours.
 */
static void add_pipes(struct pollfd *at, unsigned shut, int64_t *slice, bool sure)
{
	int fd = upstare_pipe_unseen();
	at[OWN] = at[TREE] = (struct pollfd){.fd = -1, .events = POLLIN};
	if (!sure && upstare_tree.leads && fd >= 0) {
		at[OWN].fd = fd;
		return;
	}
	fd = upstare_tree.leads ? upstare_pipe_own() : upstare_pipe_own_if_any();
	at[OWN].fd = shut & 1 << OWN ? -1 : fd;
	if (fd < 0 && upstare_tree.leads)
		*slice = least(*slice, UPSTARE_SLICE);
	if (upstare_tree.leads || !upstare_tree.orders)
		return;
	fd = upstare_pipe_tree();
	at[TREE].fd = shut & 1 << TREE ? -1 : fd;
	if (fd < 0)
		*slice = least(*slice, upstare_tree.orders->phase == UPSTARE_TREE_IDLE ? LOOK_NS : LOOK_BUSY_NS);
}

static void uncancel(const int *type)
{
	if (*type >= 0)
		pthread_setcanceltype(*type, NULL);
}

struct kernel_mask {
	const uint64_t *mask;
	size_t size;
};

/*
 * ppoll takes no more entries than the process may have open files: none, in some sandboxes. select does not ask for that.
 * Descriptors above its sets are not waited for.
 */
static long select_instead(struct pollfd *files, nfds_t n, const struct timespec *t, const uint64_t *mask)
{
	fd_set in, out, other;
	struct kernel_mask m = {mask, 8};
	long ready = 0;
	int top = -1;
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&other);
	for (nfds_t i = 0; i < n; i++) {
		int fd = files[i].fd;
		files[i].revents = 0;
		if (fd < 0 || fd >= FD_SETSIZE)
			continue;
		top = fd > top ? fd : top;
		if (files[i].events & POLLIN)
			FD_SET(fd, &in);
		if (files[i].events & POLLOUT)
			FD_SET(fd, &out);
		if (files[i].events & POLLPRI)
			FD_SET(fd, &other);
	}
	long r = upstare_stub_unchecked(SYS_pselect6, top + 1, (long)&in, (long)&out, (long)&other, (long)t, (long)&m);
	for (nfds_t i = 0; i < n && (r > 0 || r == -EBADF); i++) {
		int fd = files[i].fd;
		if (fd < 0 || fd >= FD_SETSIZE)
			continue;
		if (r == -EBADF)
			files[i].revents = upstare_sys(SYS_fcntl, fd, F_GETFD) < 0 ? POLLNVAL : 0;
		else
			files[i].revents = (short)((FD_ISSET(fd, &in) ? POLLIN : 0) | (FD_ISSET(fd, &out) ? POLLOUT : 0) |
						   (FD_ISSET(fd, &other) ? POLLPRI : 0));
		ready += files[i].revents != 0;
	}
	return r > 0 || r == -EBADF ? ready : r;
}

static long wait_in_kernel(struct pollfd *files, nfds_t n, int64_t ns, const uint64_t *mask, bool cancellable)
{
	int type __attribute__((cleanup(uncancel))) = -1;
	struct timespec t = upstare_timespec(ns);
	if (cancellable && !__libc_single_threaded)
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
	long r = upstare_stub_unchecked(SYS_ppoll, (long)files, (long)n, ns == UPSTARE_FOREVER ? 0 : (long)&t, (long)mask, 8, 0);
	if (r == -EINVAL && n > 0)
		r = select_instead(files, n, ns == UPSTARE_FOREVER ? NULL : &t, mask);
	return r;
}

void upstare_pipe_release(struct upstare_hold *h)
{
	if (h->on)
		upstare_set_signals(&h->mask);
	h->on = false;
	h->come = 0;
}

void upstare_pipe_note(struct upstare_hold *h)
{
	uint64_t pending = 0;
	upstare_sys(SYS_rt_sigpending, &pending, 8);
	h->come = pending & ~h->mask;
}

void upstare_pipe_hold(struct upstare_hold *h)
{
	uint64_t all;
	if (h->on && h->come == UPSTARE_ALL) {
		upstare_pipe_release(h);
	} else if (h->on && h->come) {
		upstare_sys(SYS_rt_sigprocmask, SIG_UNBLOCK, &h->come, 0, 8);
		upstare_block_signals(&all);
	}
	h->come = 0;
	if (h->on)
		return;
	if (upstare_masked)
		h->mask = upstare_kick_mask;
	else
		upstare_block_signals(&h->mask);
	upstare_masked = false;
	h->on = true;
}

long upstare_pipe_aborted(struct upstare_hold *h)
{
	if (h->on) {
		upstare_kick_mask = h->mask;
		upstare_masked = true;
	}
	h->on = false;
	h->come = 0;
	return UPSTARE_ABORTED;
}

/*
 * Signals are held, and watch is a signalfd of them, or -1. As upstare_pipe_poll; UPSTARE_RETRY: some have come, but none that
 * ends the call. What is ready counts more than a signal, as in the kernel.
 */
static long wait_and_tell(struct pollfd *files, nfds_t n, int64_t ns, int watch, const struct upstare_limits *l, struct upstare_hold *h)
{
	static const uint64_t waiting = ~UPSTARE_LIBC_SIGNALS;
	files[n] = (struct pollfd){.fd = watch, .events = POLLIN};
	long r = wait_in_kernel(files, n + (watch >= 0), ns, &waiting, l->cancellable);
	bool told = r > 0 && watch >= 0 && files[n].revents;
	if (r == -EINTR)
		r = 0;
	if (!told && watch >= 0)
		return r;
	upstare_pipe_note(h);
	r -= told;
	if (r)
		return r;
	int due = upstare_signals_due(h->mask | l->taken);
	if (due)
		h->come = UPSTARE_ALL;
	if (due == UPSTARE_INTERRUPTING || (due && l->once))
		return -EINTR;
	return told || due ? UPSTARE_RETRY : 0;
}

/* The set of those that have something to say. */
static unsigned look_at_pipes(const struct pollfd *pipes)
{
	if (pipes[OWN].revents & (POLLHUP | POLLNVAL))
		upstare_pipe_own_lost();
	if (pipes[TREE].revents & (POLLHUP | POLLNVAL))
		upstare_pipe_tree_lost();
	return (unsigned)(pipes[OWN].revents != 0) << OWN | (unsigned)(pipes[TREE].revents != 0) << TREE;
}

short upstare_pipe_ready(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};
	return wait_in_kernel(&p, 1, 0, NULL, false) > 0 ? p.revents : 0;
}

long upstare_pipe_poll(struct pollfd *files, nfds_t n, const struct upstare_limits *l)
{
	int64_t closed = SHUT_FIRST;
	static __thread unsigned waits;
	unsigned shut = 0;
	bool sure = __atomic_load_n(&upstare_pipe_doubt, __ATOMIC_RELAXED) || ++waits % TRUST == 0;
	UPSTARE_HOLD(own);
	struct upstare_hold *h = l->hold ? l->hold : &own;
	for (;;) {
		if (upstare_pipe_noticed())
			return upstare_pipe_aborted(h);
		int64_t slice = shut ? closed : UPSTARE_FOREVER, now = l->until == UPSTARE_FOREVER ? 0 : (int64_t)upstare_now();
		add_pipes(files + n, shut, &slice, sure);
		sure = true;
		int64_t left = l->until == UPSTARE_FOREVER ? UPSTARE_FOREVER : l->until > now ? l->until - now : 0;
		unsigned handlers = upstare_pipe_handlers();
		bool look = l->hold || (!l->once && handlers == UPSTARE_MIXED);
		bool hold = look || upstare_masked || slice < left || (l->once ? handlers : handlers & UPSTARE_ENDING);
		const uint64_t *mask = l->mask ? l->mask : hold ? &h->mask : NULL;
		int watch = -1;
		if (hold)
			upstare_pipe_hold(h);
		if (look) {
			watch = upstare_pipe_signals((~h->mask | l->taken) & ~UPSTARE_LIBC_SIGNALS);
			slice = watch < 0 ? least(slice, UPSTARE_SLICE) : slice;
		}
		int64_t ns = least(left, slice);
		long r = look ? wait_and_tell(files, n + PIPES, ns, watch, l, h) : wait_in_kernel(files, n + PIPES, ns, mask, l->cancellable);
		if (r == UPSTARE_RETRY && !l->hold)
			continue;
		if (r == -EINTR && !l->once && !look && !upstare_pipe_handler_ends(hold ? &h->mask : NULL))
			continue;
		if (r < 0)
			return r;
		unsigned woken = r ? look_at_pipes(files + n) : 0;
		r -= __builtin_popcount(woken);
		if (r > 0)
			return r;
		if (!woken && left <= slice && left != UPSTARE_FOREVER)
			return 0;
		if (shut)
			closed = least(2 * closed, UPSTARE_SLICE);
		shut = woken ? shut | woken : 0;
	}
}

long upstare_pipe_pause(const struct upstare_limits *l, int64_t *slice)
{
	struct pollfd files[UPSTARE_PIPE_ROOM];
	struct upstare_limits now = *l;
	*slice = *slice ? least(*slice + *slice / 4, UPSTARE_SLICE) : UPSTARE_SLICE_FIRST;
	int64_t end = (int64_t)upstare_now() + *slice;
	bool last = l->until <= end;
	now.until = last ? l->until : end;
	long r = upstare_pipe_poll(files, 0, &now);
	if (r == UPSTARE_RETRY)
		return 0;
	return r < 0 ? r : last ? -ETIMEDOUT : 0;
}
