/*
 * Waking threads that block in one of our stubs (blocking/stub.S, blocking.h; in libc or another library: blocking/elsewhere.c). The kick's handler moves the program counter to the
 * stub's abort label where it finds it at or before the system call. A kick that comes while a handler of the program runs does
 * nothing; the coordinator kicks again as long as it waits. Whether the update is still wanted is no matter to the handler:
 * the system call has been disturbed, and whoever made it has to make it again.
 *
 * A call that was broken off has all signals blocked from here on: one whose handler ran now, before the call is made again,
 * could no longer end it with EINTR (blocking.c looks for it).
 */
#include "internal.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "blocking/blocking.h"
#include "blocking/elsewhere.h"
#include "blocking/pipe/descriptors.h"
#include "control/doorbell.h"
#include "core.h"
#include "tree/tree.h"

extern hidden const struct upstare_stub_place places[] __asm__("__start_upstare_places");
extern hidden const struct upstare_stub_place places_end[] __asm__("__stop_upstare_places");

__thread union upstare_cut upstare_cut;
_Static_assert(offsetof(union upstare_cut, came) == 2 && sizeof(union upstare_cut) == 4, "stub.S reads it");

__thread bool upstare_masked;
__thread uint64_t upstare_kick_mask;
__thread struct timespec *upstare_limit;

/* Nothing; lld's --gc-sections keeps no section for its bounds alone. No more alignment than the others have: they follow each other. */
static const struct upstare_stub_place none __attribute__((section("upstare_places"), aligned(4)));

static const struct upstare_stub_place *place_of(uintptr_t pc)
{
	for (const struct upstare_stub_place *p = places; p < places_end; p++)
		if (p != &none && pc >= (uintptr_t)UPSTARE_REL(p->begin) && pc <= (uintptr_t)UPSTARE_REL(p->end))
			return p;
	return NULL;
}

static void kicked(int signal, siginfo_t *info, void *context)
{
	ucontext_t *c = context;
	greg_t *registers = c->uc_mcontext.gregs;
	uintptr_t pc = (uintptr_t)registers[REG_RIP];
	(void)signal;
	if (upstare_net_look(info, context))
		return;
	upstare_tree_kicked(pc, info->si_code == SI_USER);
	upstare_doorbell_kicked(info->si_code == POLL_IN, context);
	const struct upstare_stub_place *p = place_of(pc);
	bool after = p && pc == (uintptr_t)UPSTARE_REL(p->end), inside = p && !after;
	/* A limit below the stack pointer is one that a handler jumped away from. */
	if ((uintptr_t)upstare_limit > (uintptr_t)registers[REG_RSP])
		*upstare_limit = (struct timespec){0, 0};
	if (inside)
		registers[REG_RIP] = (greg_t)(uintptr_t)UPSTARE_REL(p->abort);
	if (after)
		upstare_cut.kicked = true;
	if (inside || (after && registers[REG_RAX] == -EINTR)) {
		memcpy(&upstare_kick_mask, &c->uc_sigmask, sizeof(upstare_kick_mask));
		memset(&c->uc_sigmask, 0xff, sizeof(upstare_kick_mask));
		upstare_masked = true;
	}
	if (!p)
		upstare_elsewhere_kicked(c);
}

/*
 * A handler of the program returns to c. A kick that comes from now on must not take the EINTR, or the part, that the handler has left
 * for its own: the nop is passed. And a call that was broken off is not made again where the handler should have ended it.
 */
hidden void upstare_handler_returned(ucontext_t *c, bool restarts);
void upstare_handler_returned(ucontext_t *c, bool restarts)
{
	greg_t *pc = &c->uc_mcontext.gregs[REG_RIP];
	const struct upstare_stub_place *p = place_of((uintptr_t)*pc);
	if (p && (uintptr_t)*pc == (uintptr_t)UPSTARE_REL(p->end)) {
		++*pc;
	} else if (upstare_cut.again == UPSTARE_AGAIN_ONCE || (upstare_cut.again && !restarts)) {
		upstare_cut.came = true;
		if (p)
			*pc = (greg_t)(uintptr_t)UPSTARE_REL(p->abort);
	}
}

#define SA_RESTORER 0x04000000

static void (*restorer_of(const struct upstare_action *a))(void)
{
	if (!upstare_has_handler(a))
		return a->restorer;
	return a->flags & SA_RESTART ? upstare_restorer_restarting : upstare_restorer_ending;
}

/* libc's sigaction is nobody else's: a sanitizer's, the program's own. */
static bool sigaction_is_libcs;

void upstare_kick_prepare(void)
{
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	upstare_masks_prepare();
	sigaction_is_libcs = libc && dlsym(libc, "sigaction") == (void *)(uintptr_t)sigaction;
}

static struct upstare_action to_kernel(const struct sigaction *set)
{
	struct upstare_action a = {(uintptr_t)set->sa_handler, (unsigned)set->sa_flags | SA_RESTORER, NULL, 0};
	memcpy(&a.mask, &set->sa_mask, sizeof(a.mask));
	a.mask &= ~((uint64_t)1 << (SIGKILL - 1) | (uint64_t)1 << (SIGSTOP - 1));
	return a;
}

/* libc has two signals of its own, and is asked about the one that abort() raises. */
static bool is_plain(int signal)
{
	return sigaction_is_libcs && signal >= 1 && signal <= 64 && signal != 32 && signal != 33 && signal != SIGABRT;
}

int upstare_kick_sigaction(int signal, const struct sigaction *set, struct sigaction *old)
{
	struct upstare_action now, before;
	if (upstare_self_pipe || upstare_off || !set || !is_plain(signal)) {
		int r = sigaction(signal, set, old), error = errno;
		if (!r && set)
			upstare_kick_follow(signal, set);
		errno = error;
		return r;
	}
	now = to_kernel(set);
	now.restorer = set->sa_flags & SA_RESTART ? upstare_restorer_restarting : upstare_restorer_ending;
	if (syscall(SYS_rt_sigaction, signal, &now, &before, 8))
		return -1;
	if (old) {
		old->sa_handler = (sighandler_t)before.handler;
		old->sa_flags = (int)before.flags;
		old->sa_restorer = before.restorer;
		memcpy(&old->sa_mask, &before.mask, sizeof(before.mask));
	}
	return 0;
}

void upstare_kick_follow(int signal, const struct sigaction *set)
{
	struct upstare_action expected, found, newest;
	if (upstare_self_pipe || upstare_off)
		return;
	if (set)
		expected = to_kernel(set);
	else if (syscall(SYS_rt_sigaction, signal, NULL, &expected, 8))
		return;
	newest = expected;
	newest.restorer = restorer_of(&expected);
	if (newest.restorer == expected.restorer)
		return;
	for (;;) {
		if (syscall(SYS_rt_sigaction, signal, &newest, &found, 8) ||
		    (found.handler == expected.handler && found.flags == expected.flags && found.mask == expected.mask))
			return;
		/* What another thread has set meanwhile, or somebody who stands between us and the kernel, is put back. */
		expected = newest;
		newest = found;
		newest.restorer = restorer_of(&found);
	}
}

void upstare_kick_handler(void)
{
	static bool done;
	if (done || upstare_self_pipe)
		return;
	struct sigaction action;
	memset(&action, 0, sizeof(action));
	action.sa_sigaction = kicked;
	action.sa_flags = SA_SIGINFO | SA_RESTART;
	/* sigfillset leaves libc's own out: who was cancelled while it stands by in the handler would leave it, parked. */
	memset(&action.sa_mask, 0xff, sizeof(action.sa_mask));
	done = sigaction(UPSTARE_KICK_SIGNAL, &action, NULL) == 0;
}

int upstare_core_call_signal(void)
{
	upstare_kick_handler();
	return upstare_self_pipe ? 0 : UPSTARE_KICK_SIGNAL;
}

void upstare_kick_init(void)
{
	static int registered;
	upstare_kick_handler();
	if (upstare_self_pipe)
		upstare_pipe_own();
	if (registered != upstare_pid) {
		registered = upstare_pid;
		syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
	}
}

/*
 * The lock is held; upstare_want is set. A thread is in a stub, or it sees upstare_want when it enters one. Those that have
 * been found unable to park in this update are left where they block.
 */
void upstare_kick_all(void)
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
	if (upstare_self_pipe) {
		/* Somebody else who has the reading end may have emptied it. */
		upstare_pipe_raise();
		return;
	}
	for (struct upstare_thread *t = upstare_threads; t; t = t->next)
		if (t->state == UPSTARE_RUNNING && upstare_tid_of(t) && t->obstacle_generation != upstare_update.generation && t->in_stub &&
		    __atomic_load_n(t->in_stub, __ATOMIC_ACQUIRE))
			syscall(SYS_tgkill, upstare_pid, upstare_tid_of(t), UPSTARE_KICK_SIGNAL);
}
