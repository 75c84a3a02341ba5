/* Calls that can be tried but not polled: tried again and again, with pauses in which an update is seen at once. */
#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>

/*
 * busy: what make returns for "not now". once, taken: as in the limits. After a signal the call is tried once more before its
 * handler runs: it may tell of what the call waits for, as the end of a child.
 */
struct attempt {
	long (*make)(long number, const long *);
	long number;
	const long *arguments;
	long busy;
	struct upstare_limits limits;
};
#define FOREVER(is_cancellable) {.until = UPSTARE_FOREVER, .cancellable = (is_cancellable)}

/* Until there is something to try for: where a signal tells, that, else a slice that grows. 0, or what the call returns. */
static long wait_again(struct upstare_limits *l, int64_t *slice)
{
	struct pollfd files[UPSTARE_PIPE_ROOM];
	if (!l->taken)
		return upstare_pipe_pause(l, slice);
	long r = upstare_pipe_poll(files, 0, l);
	return r == UPSTARE_RETRY ? 0 : r ? r : -ETIMEDOUT;
}

static long again(struct attempt t)
{
	UPSTARE_HOLD(hold);
	t.limits.hold = &hold;
	long ended = 0;
	for (int64_t slice = 0;; ended = wait_again(&t.limits, &slice)) {
		if (ended == UPSTARE_ABORTED || upstare_pipe_noticed())
			return upstare_pipe_aborted(&hold);
		long r = t.make(t.number, t.arguments);
		if (r != t.busy)
			return r;
		if (ended)
			return ended;
		upstare_pipe_hold(&hold);
	}
}

/* ---- children ---- */

static long try_wait(long number, const long *a)
{
	siginfo_t found;
	if (number == SYS_wait4) {
		long r = upstare_sys(SYS_wait4, a[0], a[1], a[2] | WNOHANG, a[3]);
		return r ? r : UPSTARE_RETRY;
	}
	memset(&found, 0, sizeof(found));
	long r = upstare_sys(SYS_waitid, a[0], a[1], &found, a[3] | WNOHANG, a[4]);
	if (r)
		return r;
	if (!found.si_pid)
		return UPSTARE_RETRY;
	siginfo_t *told = (siginfo_t *)a[2];
	if (told) {
		told->si_signo = found.si_signo;
		told->si_errno = found.si_errno;
		told->si_code = found.si_code;
		told->si_pid = found.si_pid;
		told->si_uid = found.si_uid;
		told->si_status = found.si_status;
	}
	return 0;
}

long upstare_pipe_children(long number, const long a[6], bool cancellable)
{
	if (a[number == SYS_wait4 ? 2 : 3] & WNOHANG)
		return upstare_pipe_plain(number, a, cancellable);
	return again((struct attempt){try_wait, number, a, UPSTARE_RETRY, FOREVER(cancellable)});
}

/* ---- signals that are taken ---- */

static long try_signal(long number, const long *a)
{
	static const struct timespec none = {0, 0};
	return upstare_sys(number, a[0], a[1], &none, a[3]);
}

long upstare_pipe_take_signal(const long a[6], bool cancellable)
{
	struct upstare_limits l = {
		.until = upstare_pipe_after((const struct timespec *)a[2]),
		.once = true,
		.cancellable = cancellable,
		.taken = *(const uint64_t *)a[0],
	};
	if (!l.taken)
		return upstare_pipe_plain(SYS_rt_sigtimedwait, a, cancellable);
	long r = again((struct attempt){try_signal, SYS_rt_sigtimedwait, a, -EAGAIN, l});
	return r == -ETIMEDOUT ? -EAGAIN : r;
}

/* ---- locks of files ---- */

static long try_lock(long number, const long *a)
{
	if (number == SYS_flock) {
		long r = upstare_sys(SYS_flock, a[0], a[1] | LOCK_NB);
		return r == -EWOULDBLOCK ? UPSTARE_RETRY : r;
	}
	long r = upstare_sys(SYS_fcntl, a[0], a[1] == F_SETLKW ? F_SETLK : F_OFD_SETLK, a[2]);
	return r == -EAGAIN || r == -EACCES ? UPSTARE_RETRY : r;
}

long upstare_pipe_lock(long number, const long a[6], bool cancellable)
{
	bool waits = number == SYS_flock ? !(a[1] & LOCK_NB) : a[1] == F_SETLKW || a[1] == F_OFD_SETLKW;
	if (!waits)
		return upstare_pipe_plain(number, a, cancellable);
	return again((struct attempt){try_lock, number, a, UPSTARE_RETRY, FOREVER(cancellable)});
}

/* ---- message queues of System V ---- */

static long try_message(long number, const long *a)
{
	int at = number == SYS_msgsnd ? 3 : 4;
	long now[6] = {a[0], a[1], a[2], a[3], a[4]};
	now[at] |= IPC_NOWAIT;
	long r = upstare_sys(number, now[0], now[1], now[2], now[3], now[4]);
	return r == (number == SYS_msgsnd ? -EAGAIN : -ENOMSG) ? UPSTARE_RETRY : r;
}

long upstare_pipe_message(long number, const long a[6], bool cancellable)
{
	if (a[number == SYS_msgsnd ? 3 : 4] & IPC_NOWAIT)
		return upstare_pipe_plain(number, a, cancellable);
	struct upstare_limits once = {.until = UPSTARE_FOREVER, .once = true, .cancellable = cancellable};
	return again((struct attempt){try_message, number, a, UPSTARE_RETRY, once});
}

/* ---- a terminal's output ---- */

static long try_drain(long number, const long *a)
{
	int left = 0;
	if (upstare_sys(SYS_ioctl, a[0], TIOCOUTQ, &left) == 0 && left > 0)
		return UPSTARE_RETRY;
	return upstare_sys(number, a[0], a[1], a[2]);
}

long upstare_pipe_drain(const long a[6], bool cancellable)
{
	return again((struct attempt){try_drain, SYS_ioctl, a, UPSTARE_RETRY, FOREVER(cancellable)});
}

/* ---- opening a FIFO waits for its other end ---- */

static bool is_fifo(const long *a)
{
	struct stat s;
	return upstare_sys(SYS_newfstatat, a[0], a[1], &s, a[2] & O_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0) == 0 && S_ISFIFO(s.st_mode);
}

/* The open file is ours alone as yet. */
static void let_block(int fd)
{
	upstare_sys(SYS_fcntl, fd, F_SETFL, upstare_sys(SYS_fcntl, fd, F_GETFL) & ~(long)O_NONBLOCK);
}

static long try_to_write(long number, const long *a)
{
	long fd = upstare_sys(number, a[0], a[1], a[2] | O_NONBLOCK, a[3]);
	if (fd >= 0)
		let_block((int)fd);
	return fd == -ENXIO ? UPSTARE_RETRY : fd;
}

/* Somebody has it open for writing: tee, which takes nothing away, then does not tell the end of the file. */
static bool has_writer(int fd)
{
	int inside = 0;
	if (upstare_sys(SYS_ioctl, fd, FIONREAD, &inside) == 0 && inside > 0)
		return true;
	return upstare_pipe_tee(fd) != 0;
}

/* Open from the first try on: whoever wants to write waits for that. */
static long open_to_read(const long *a, bool cancellable)
{
	UPSTARE_HOLD(hold);
	struct upstare_limits l = {.until = UPSTARE_FOREVER, .cancellable = cancellable, .hold = &hold};
	long fd = upstare_sys(SYS_openat, a[0], a[1], a[2] | O_NONBLOCK, a[3]);
	if (fd < 0)
		return fd;
	for (int64_t slice = 0; !has_writer((int)fd);) {
		upstare_pipe_hold(&hold);
		long r = upstare_pipe_pause(&l, &slice);
		/* Who came just now is not to find that nobody reads after all. */
		if (r && !has_writer((int)fd)) {
			upstare_sys(SYS_close, fd);
			return r;
		}
	}
	let_block((int)fd);
	return fd;
}

long upstare_pipe_open(const long a[6], bool cancellable)
{
	long mode = a[2] & O_ACCMODE;
	if ((a[2] & (O_NONBLOCK | O_PATH | O_DIRECTORY)) || (mode != O_RDONLY && mode != O_WRONLY) || !is_fifo(a))
		return upstare_pipe_plain(SYS_openat, a, cancellable);
	if (mode == O_RDONLY)
		return open_to_read(a, cancellable);
	return again((struct attempt){try_to_write, SYS_openat, a, UPSTARE_RETRY, FOREVER(cancellable)});
}
