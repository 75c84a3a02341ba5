/* Which handlers the process has, and which of them is about to run. */
#include "descriptors.h"
#include "handlers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "../../control/channel.h"

#ifndef SFD_CLOEXEC
#define SFD_CLOEXEC O_CLOEXEC
#endif

/* Signals with a handler after which calls are restarted, and with one that ends them. */
struct kinds {
	uint64_t restarting, ending;
};

static struct kinds look(void)
{
	struct kinds k = {0, 0};
	for (int s = 1; s <= 64; s++) {
		struct upstare_action a;
		uint64_t bit = (uint64_t)1 << (s - 1);
		if (s == 32 || s == 33 || upstare_sys(SYS_rt_sigaction, s, 0, &a, 8))
			continue;
		if (!upstare_has_handler(&a))
			continue;
		/* One that goes away when it runs cannot be found afterwards. */
		if (a.flags & SA_RESETHAND)
			k.restarting |= bit, k.ending |= bit;
		else if (a.flags & SA_RESTART)
			k.restarting |= bit;
		else
			k.ending |= bit;
	}
	return k;
}

/* How often the program has changed its handlers; and for which of these it is known what they are: four times that, + their kinds. */
static uint32_t changes = 1, known;

void upstare_pipe_handlers_changed(void)
{
	__atomic_add_fetch(&changes, 1, __ATOMIC_SEQ_CST);
}

unsigned upstare_pipe_handlers(void)
{
	uint32_t now = 4 * __atomic_load_n(&changes, __ATOMIC_SEQ_CST), before = __atomic_load_n(&known, __ATOMIC_ACQUIRE);
	if (__builtin_expect((before & ~UPSTARE_MIXED) == now, 1))
		return before & UPSTARE_MIXED;
	struct kinds k = look();
	now |= (k.restarting ? UPSTARE_RESTARTED : 0) | (k.ending ? UPSTARE_ENDING : 0);
	/* Another thread may know of later changes already. */
	__atomic_compare_exchange_n(&known, &before, now, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
	return now & UPSTARE_MIXED;
}

bool upstare_pipe_handler_ends(const uint64_t *program)
{
	uint64_t mask = 0;
	struct kinds k = look();
	upstare_sys(SYS_rt_sigprocmask, SIG_BLOCK, 0, &mask, 8);
	/* A library may have installed one of the other kind behind our back: whoever has one that ends calls can stand EINTR. */
	return (k.ending & ~(program ? *program : mask)) != 0;
}

/* ---- signalfds, by their sets: what is pending is looked up for the thread that polls ---- */

#define SETS 8
static struct {
	uint64_t set;
	int fd; /* + 1; 0: free */
} watches[SETS];

int upstare_pipe_signals(uint64_t set)
{
	int fd = -1;
	uint64_t mask;
	upstare_lock(&mask);
	for (int i = 0; i < SETS && fd < 0; i++) {
		if (watches[i].fd && watches[i].set != set)
			continue;
		/* The kernel takes the number only if it (still) is a signalfd. */
		if (watches[i].fd && upstare_sys(SYS_signalfd4, watches[i].fd - 1, &set, 8, 0) == watches[i].fd - 1) {
			fd = watches[i].fd - 1;
			break;
		}
		fd = upstare_high_descriptor((int)upstare_sys(SYS_signalfd4, -1, &set, 8, SFD_CLOEXEC));
		watches[i].set = set;
		watches[i].fd = fd < 0 ? 0 : fd + 1;
		break;
	}
	upstare_unlock(&mask);
	return fd;
}
