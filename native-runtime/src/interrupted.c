/*
 * Where a signal may start a thread. pthread_create is not async-signal-safe (signal-safety(7)): the signal may have come in
 * the middle of malloc or of the dynamic linker. It has not where a program's own code alone is on the stack, nor where the
 * thread waits in the kernel: neither of the two waits there for what others do.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unwind.h>

#include "blocking/elsewhere.h"
#include "core.h"
#include "tree/tree.h"

/* The kernel has moved the program counter back to a call that it makes again; one that it does not has ended with EINTR. */
static bool waiting(const unsigned char *pc, long rax)
{
	static const unsigned char call[2] = {0x0f, 0x05};
	if (pc[0] == call[0] && pc[1] == call[1])
		return upstare_call_waits(rax);
	return rax == -EINTR && pc[-2] == call[0] && pc[-1] == call[1];
}

#define RAX 0 /* its number in unwind tables: System V ABI, AMD64, figure 3.36 */

struct walk {
	unsigned signals; /* how many frames a signal has interrupted; the first of them is the asker's */
	bool waits;       /* the frame that the last of these has interrupted was in a system call */
	bool program_allocates;
	bool whole, unsafe;
};

static _Unwind_Reason_Code look(struct _Unwind_Context *context, void *argument)
{
	struct walk *w = argument;
	int exact = 0;
	uintptr_t pc = _Unwind_GetIPInfo(context, &exact);
	if (exact) {
		w->signals++;
		w->waits = waiting((const unsigned char *)pc, (long)_Unwind_GetGR(context, RAX));
	}
	if (!w->signals)
		return _URC_NO_REASON;
	w->whole = _Unwind_GetRegionStart(context) == (uintptr_t)upstare_base_call;
	w->unsafe |= !w->whole && !w->waits && (w->program_allocates || !upstare_in_program(pc - !exact));
	return w->whole || w->unsafe ? _URC_NORMAL_STOP : _URC_NO_REASON;
}

bool upstare_core_may_start_thread(const void *interrupted)
{
	const ucontext_t *context = interrupted;
	struct walk w = {.program_allocates = upstare_in_program((uintptr_t)malloc)};
	uint64_t blocked;
	_Unwind_Backtrace(look, &w);
	/* Code without unwind tables hides what is below it. A handler of the program's has its own signal blocked. */
	memcpy(&blocked, &context->uc_sigmask, sizeof(blocked));
	return !w.unsafe && w.signals && (w.whole || !blocked);
}
