/*
 * Waking threads that block in one of our stubs (blocking/stub.S). The kick's handler moves the program counter to the stub's
 * abort label where it finds it at or before the system call. A kick that comes while a handler of the program runs does
 * nothing; the coordinator kicks again as long as it waits.
 */
#include "internal.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

extern hidden const char upstare_stub_begin[], upstare_stub_end[], upstare_stub_abort[];

__thread bool upstare_kicked;

static void kicked(int signal, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
	uintptr_t pc = (uintptr_t)registers[REG_RIP];
	(void)signal;
	(void)info;
	if (!(__atomic_load_n(&upstare_want, __ATOMIC_ACQUIRE) & UPSTARE_WANT_UPDATE))
		return;
	if (pc >= (uintptr_t)upstare_stub_begin && pc < (uintptr_t)upstare_stub_end)
		registers[REG_RIP] = (greg_t)(uintptr_t)upstare_stub_abort;
	else if (pc == (uintptr_t)upstare_stub_end)
		upstare_kicked = true;
}

void upstare_kick_init(void)
{
	static bool done;
	if (done)
		return;
	struct sigaction action;
	memset(&action, 0, sizeof(action));
	action.sa_sigaction = kicked;
	action.sa_flags = SA_SIGINFO | SA_RESTART;
	sigfillset(&action.sa_mask);
	done = sigaction(UPSTARE_KICK_SIGNAL, &action, NULL) == 0;
	syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
}

/* The lock is held; upstare_want is set. A thread is in a stub, or it sees upstare_want when it enters one. */
void upstare_kick_all(void)
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
	for (struct upstare_thread *t = upstare_threads; t; t = t->next)
		if (t->state == UPSTARE_RUNNING && t->tid && t->in_stub && __atomic_load_n(t->in_stub, __ATOMIC_ACQUIRE))
			syscall(SYS_tgkill, upstare_pid, t->tid, UPSTARE_KICK_SIGNAL);
}
