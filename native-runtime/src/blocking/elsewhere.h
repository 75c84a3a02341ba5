/* Threads that wait or compute inside of libc or another library, where no stub of ours stands. */
#ifndef UPSTARE_ELSEWHERE_H
#define UPSTARE_ELSEWHERE_H

#include <ucontext.h>

#include "../internal.h"

/* Whether threads wait in this system call, other than for a moment, and it can be made again. Not rt_sigtimedwait: it might take the kick. */
hidden bool upstare_call_waits(long number);
hidden bool upstare_in_dynamic_linker(uintptr_t pc);
/* Whether a thread that was kicked, with this on its stack, may hold a lock that the update needs. */
hidden bool upstare_may_hold_lock(uintptr_t pc, enum upstare_kicked);
/* Before an update, and before libraries are held (library.c). */
hidden void upstare_elsewhere_prepare(void);
/* Whether the thread waits there, so that a kick stops it. */
hidden bool upstare_waits_elsewhere(pid_t tid);
/* Kicks those that wait so and, with computes, those that are not in the kernel. The lock is held. */
hidden void upstare_elsewhere_kick_all(bool computes);
/* In the kick's handler: where it has interrupted a thread inside library code that may stop there, and an update is wanted, it parks. */
hidden void upstare_elsewhere_kicked(ucontext_t *);

#endif
