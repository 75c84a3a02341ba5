/*
 * Calls that the kernel does not let anybody try (accept, read of a terminal or a FIFO): polled, then made. Between the two nobody
 * else of the program may take what is there, or the call would block: threads and processes take turns. Who holds it too
 * long has died, or blocks because a stranger took it; the turn is then taken away.
 */
#include "pipe.h"

#include <errno.h>
#include <linux/futex.h>

#include "../../tree/tree.h"

#define PATIENCE_NS 10000000

static uint32_t local;

static uint32_t take_turn(uint32_t *word)
{
	uint32_t self = (uint32_t)upstare_sys(SYS_gettid), free = 0;
	while (!__atomic_compare_exchange_n(word, &free, self, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		struct timespec t = upstare_timespec(PATIENCE_NS);
		uint32_t held = free;
		/* A handler that interrupted this thread's own turn: it has to do without. */
		if (held == self)
			return 0;
		if (upstare_sys(SYS_futex, word, FUTEX_WAIT, held, &t, 0, 0) == -ETIMEDOUT &&
		    __atomic_compare_exchange_n(word, &held, self, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			break;
		free = 0;
	}
	return self;
}

static void pass_turn(uint32_t *word, uint32_t self)
{
	if (self && __atomic_compare_exchange_n(word, &self, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		upstare_sys(SYS_futex, word, FUTEX_WAKE, 1, 0, 0, 0);
}

long upstare_pipe_when_ready(int fd, short events, long number, const long a[6], bool cancellable)
{
	uint32_t *word = upstare_tree.board ? &upstare_tree.board->turn : &local;
	/* Nobody need queue up to find that there is nothing. */
	if (!upstare_pipe_ready(fd, events))
		return -EAGAIN;
	uint32_t self = take_turn(word);
	long r = -EAGAIN;
	if (upstare_pipe_ready(fd, events))
		r = upstare_pipe_plain(number, a, cancellable);
	pass_turn(word, self);
	return r;
}
