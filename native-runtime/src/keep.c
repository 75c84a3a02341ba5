/*
 * The listeners are not the program's to close: daemons close every number there is, and would be out of reach from then on.
 * The executable defines these functions, so libraries come here, too (as in blocking/interpose.c). Weak: a program may
 * define its own.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>

#include "blocking/blocking.h"
#include "control/channel.h"
#include "control/sys.h"

static bool is_ours(int fd)
{
	return upstare_listener_is_at(&upstare_listeners[UPSTARE_LISTEN_UNIX], fd) ||
	       upstare_listener_is_at(&upstare_listeners[UPSTARE_LISTEN_TCP], fd);
}

/*
 * The program wants the number for something else: the listener goes on under another one. Not in the child of a vfork, which has
 * its parent's memory, but descriptors of its own.
 */
static void give_up_number(int fd)
{
	if (upstare_raw_getpid() != upstare_pid)
		return;
	for (int i = 0; i < UPSTARE_LISTENERS; i++)
		if (upstare_listeners[i].fd == fd) {
			long moved = upstare_sys(SYS_fcntl, fd, F_DUPFD_CLOEXEC, fd + 1);

			if (moved >= 0)
				__atomic_store_n(&upstare_listeners[i].fd, (int)moved, __ATOMIC_RELEASE);
		}
}

extern int __close(int fd);
exported __attribute__((weak)) int upstare_i_close(int fd) __asm__("close");
int upstare_i_close(int fd)
{
	return __builtin_expect(is_ours(fd), 0) ? 0 : __close(fd);
}

static long close_between(unsigned first, unsigned last, int flags)
{
	long r = first > last ? -EINVAL : 0;

	for (unsigned at = first; !r && first <= last; first = at + 1) {
		unsigned ours = UINT_MAX;

		for (int i = 0; i < UPSTARE_LISTENERS; i++) {
			unsigned fd = (unsigned)upstare_listeners[i].fd;

			if (fd != UINT_MAX && fd >= first && fd < ours)
				ours = fd;
		}
		at = ours <= last ? ours : last;
		if (ours > last)
			r = upstare_sys(SYS_close_range, first, last, flags);
		else if (ours > first)
			r = upstare_sys(SYS_close_range, first, ours - 1, flags);
		if (at == UINT_MAX)
			break;
	}
	return r;
}

exported __attribute__((weak)) int upstare_i_close_range(unsigned first, unsigned last, int flags) __asm__("close_range");
int upstare_i_close_range(unsigned first, unsigned last, int flags)
{
	return (int)upstare_result(close_between(first, last, flags));
}

exported __attribute__((weak)) void upstare_i_closefrom(int first) __asm__("closefrom");
void upstare_i_closefrom(int first)
{
	unsigned from = first > 0 ? (unsigned)first : 0;
	struct rlimit limit;

	if (close_between(from, UINT_MAX, 0) != -ENOSYS || upstare_sys(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &limit))
		return;
	for (; from < limit.rlim_max && from < INT_MAX; from++)
		if (!is_ours((int)from))
			upstare_sys(SYS_close, from);
}

exported __attribute__((weak)) int upstare_i_dup2(int from, int to) __asm__("dup2");
int upstare_i_dup2(int from, int to)
{
	if (__builtin_expect(is_ours(to), 0) && from != to)
		give_up_number(to);
	return (int)upstare_result(upstare_sys(SYS_dup2, from, to));
}

exported __attribute__((weak)) int upstare_i_dup3(int from, int to, int flags) __asm__("dup3");
int upstare_i_dup3(int from, int to, int flags)
{
	if (__builtin_expect(is_ours(to), 0) && from != to)
		give_up_number(to);
	return (int)upstare_result(upstare_sys(SYS_dup3, from, to, flags));
}
