/* Signals that have come while a call was broken off, and whether their handlers end it. */
#include "blocking.h"

#include <sys/syscall.h>

#include "../control/sys.h"

static int effect(uint64_t pending)
{
	int effect = UPSTARE_UNDISTURBED;
	for (; pending; pending &= pending - 1) {
		struct upstare_action a;
		if (upstare_sys(SYS_rt_sigaction, __builtin_ctzll(pending) + 1, 0, &a, 8) || !upstare_has_handler(&a))
			continue;
		if (!(a.flags & SA_RESTART))
			return UPSTARE_INTERRUPTING;
		effect = UPSTARE_RESTARTING;
	}
	return effect;
}

static uint64_t pending_outside(uint64_t mask)
{
	uint64_t pending = 0;
	upstare_sys(SYS_rt_sigpending, &pending, 8);
	return pending & ~mask & ~upstare_reserved_signals();
}

#define INSTANCES 16

/*
 * A signal that is pending for the process may be taken by any thread: what is to run here is made to be for this thread.
 * Those of a real-time signal all together, so that they keep their order. false: there is none any more.
 */
static bool claim(int signal)
{
	static const struct timespec none = {0, 0};
	siginfo_t infos[INSTANCES];
	uint64_t bit = (uint64_t)1 << (signal - 1);
	int n = 0;
	while (n < (signal < 32 ? 1 : INSTANCES) && upstare_sys(SYS_rt_sigtimedwait, &bit, &infos[n], &none, 8) == signal)
		n++;
	for (int i = 0; i < n; i++) {
		long pid = upstare_raw_getpid(), thread = upstare_sys(SYS_gettid);
		if (upstare_sys(SYS_rt_tgsigqueueinfo, pid, thread, signal, &infos[i]) == 0)
			continue;
		/* The user may not queue more of them: without its value it always can. */
		infos[i].si_code = SI_USER;
		upstare_sys(SYS_rt_tgsigqueueinfo, pid, thread, signal, &infos[i]);
	}
	return n > 0;
}

int upstare_signals_due(uint64_t mask)
{
	uint64_t pending = pending_outside(mask);
	int due = effect(pending);
	/* A filter may not know the calls that this takes; with the pipe it has to (docs/manual.md). */
	if (due == UPSTARE_UNDISTURBED || __atomic_load_n(&upstare_nthreads, __ATOMIC_RELAXED) < 2 || (!upstare_self_pipe && (upstare_confined || upstare_filtered)))
		return due;
	due = UPSTARE_UNDISTURBED;
	for (; pending; pending &= pending - 1) {
		int now = effect(pending & -pending);
		if (now != UPSTARE_UNDISTURBED && claim(__builtin_ctzll(pending) + 1))
			due = now > due ? now : due;
	}
	return due;
}
