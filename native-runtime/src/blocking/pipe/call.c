/* Which way each system call takes. */
#include "pipe.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/single_threaded.h>
#include <sys/ioctl.h>
#include <termios.h>

bool upstare_pipe_confined;

static void uncancel(const int *type)
{
	if (*type >= 0)
		pthread_setcanceltype(*type, NULL);
}

long upstare_pipe_plain(long number, const long a[6], bool cancellable)
{
	upstare_unmask();
	int type __attribute__((cleanup(uncancel))) = -1;
	if (cancellable && !__libc_single_threaded)
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
	return upstare_stub_unchecked(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static long wait_for_handler(const uint64_t *mask, bool cancellable)
{
	struct pollfd files[UPSTARE_PIPE_ROOM];
	struct upstare_limits l = {.until = UPSTARE_FOREVER, .mask = mask, .once = true, .cancellable = cancellable};
	return upstare_pipe_poll(files, 0, &l);
}

static long by_kind(long number, const long a[6], bool cancellable, bool continued)
{
	switch (number) {
	case SYS_read:
	case SYS_readv:
	case SYS_write:
	case SYS_writev:
	case SYS_recvfrom:
	case SYS_recvmsg:
	case SYS_sendto:
	case SYS_sendmsg:
		return upstare_pipe_transfer(number, a, cancellable, continued);
	case SYS_sendfile:
	case SYS_splice:
		return upstare_pipe_send_file(number, a, cancellable);
	case SYS_accept:
	case SYS_accept4:
		return upstare_pipe_accept(number, a, cancellable);
	case SYS_connect:
		return upstare_pipe_connect(a, cancellable);
	case SYS_poll:
	case SYS_ppoll:
	case SYS_pselect6:
	case SYS_epoll_wait:
	case SYS_epoll_pwait:
	case SYS_epoll_pwait2:
		return upstare_pipe_many(number, a, cancellable);
	case SYS_clock_nanosleep:
		return upstare_pipe_sleep(a, cancellable);
	case SYS_pause:
		return wait_for_handler(NULL, cancellable);
	case SYS_rt_sigsuspend:
		return wait_for_handler((const uint64_t *)a[0], cancellable);
	case SYS_rt_sigtimedwait:
		return upstare_pipe_take_signal(a, cancellable);
	case SYS_futex:
		return upstare_pipe_futex(a, cancellable);
	case SYS_semtimedop:
		return upstare_pipe_semaphores(a, cancellable);
	case SYS_mq_timedreceive:
	case SYS_mq_timedsend:
		return upstare_pipe_queue(number, a, cancellable);
	case SYS_wait4:
	case SYS_waitid:
		return upstare_pipe_children(number, a, cancellable);
	case SYS_flock:
	case SYS_fcntl:
		return upstare_pipe_lock(number, a, cancellable);
	case SYS_msgsnd:
	case SYS_msgrcv:
		return upstare_pipe_message(number, a, cancellable);
	case SYS_ioctl:
		return a[1] == TCSBRK ? upstare_pipe_drain(a, cancellable) : upstare_pipe_plain(number, a, cancellable);
	case SYS_openat:
		return upstare_pipe_open(a, cancellable);
	default:
		return upstare_pipe_plain(number, a, cancellable);
	}
}

long upstare_pipe_call(long number, const long a[6], bool cancellable, bool continued)
{
	upstare_cut.kicked = false;
	/* A library's thread: nobody waits for it. */
	if (!upstare_self || upstare_pipe_confined)
		return upstare_pipe_plain(number, a, cancellable);
	if (cancellable && !__libc_single_threaded)
		pthread_testcancel();
	if (upstare_pipe_noticed())
		return UPSTARE_ABORTED;
	long r = by_kind(number, a, cancellable, continued);
	if (r != UPSTARE_ABORTED)
		upstare_unmask();
	return r;
}
