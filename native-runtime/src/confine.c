/*
 * Calls by which a process gives up the right to make a thread: a system call filter, a limit on its processes, a pid namespace
 * for its children (pid_namespaces(7): no threads from then on). The control thread, if it has been put off until somebody
 * connects, is started before. Interposed as in keep.c.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <linux/sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "blocking/pipe/pipe.h"
#include "control/control.h"
#include "control/sys.h"
#include "tree/tree.h"

bool upstare_confined;

void upstare_before_call(long number, long first)
{
	bool filter = number == SYS_seccomp || (number == SYS_prctl && first == PR_SET_SECCOMP);

	if (filter)
		upstare_confined = true;
	/* Without a kick blocking calls take other system calls than the program's own, which the filter may not allow. */
	if (filter && upstare_self_pipe && !upstare_filters_allowed())
		upstare_pipe_confined = true;
	if (filter) {
		/* malloc asks for random numbers once, which a filter may forbid: the thread that loads a patch needs it. */
		void *volatile first = malloc(1);
		free(first);
	}
	if (filter || (number == SYS_unshare && (first & CLONE_NEWPID) && !(first & CLONE_NEWUSER)))
		upstare_control_ready();
}

exported __attribute__((weak)) int upstare_i_prctl(int what, ...) __asm__("prctl");
int upstare_i_prctl(int what, ...)
{
	UPSTARE_TAKE(4, what);
	upstare_before_call(SYS_prctl, what);
	return (int)upstare_result(upstare_sys(SYS_prctl, what, a[0], a[1], a[2], a[3]));
}

long upstare_library_syscall(long number, const long a[6])
{
	if (upstare_bare_call_waits(number, a))
		return upstare_bare_call(number, a);
	upstare_before_call(number, a[0]);
	return upstare_result(upstare_sys(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

exported __attribute__((weak)) int upstare_i_unshare(int flags) __asm__("unshare");
int upstare_i_unshare(int flags)
{
	upstare_before_call(SYS_unshare, flags);
	return (int)upstare_result(upstare_sys(SYS_unshare, flags));
}

static void before_limit(int resource, const struct rlimit *limit)
{
	if (resource == RLIMIT_NPROC && limit)
		upstare_control_ready();
}

/* On x86-64 struct rlimit64 is struct rlimit. */
#define SET_LIMIT(NAME)                                                                                                \
	exported __attribute__((weak)) int upstare_i_##NAME(int resource, const struct rlimit *limit) __asm__(#NAME);  \
	int upstare_i_##NAME(int resource, const struct rlimit *limit)                                                 \
	{                                                                                                              \
		before_limit(resource, limit);                                                                         \
		return (int)upstare_result(upstare_sys(SYS_prlimit64, 0, resource, limit, 0));                                 \
	}
#define SWAP_LIMIT(NAME)                                                                                               \
	exported __attribute__((weak)) int upstare_i_##NAME(int pid, int resource, const struct rlimit *limit,         \
							    struct rlimit *old) __asm__(#NAME);                        \
	int upstare_i_##NAME(int pid, int resource, const struct rlimit *limit, struct rlimit *old)                    \
	{                                                                                                              \
		before_limit(resource, limit);                                                                         \
		return (int)upstare_result(upstare_sys(SYS_prlimit64, pid, resource, limit, old));                             \
	}
SET_LIMIT(setrlimit)
SET_LIMIT(setrlimit64)
SWAP_LIMIT(prlimit)
SWAP_LIMIT(prlimit64)
