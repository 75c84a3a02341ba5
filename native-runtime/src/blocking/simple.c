/* Calls that can be begun anew without loss: whatever they had done before they were broken off is nothing. */
#include "simple.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "elsewhere.h"

static long make_again(struct upstare_call *c, const struct upstare_function *descriptor, long (*make)(struct upstare_call *))
{
	long r;
	while ((r = make(c)) == UPSTARE_ABORTED)
		if (upstare_call_parked(c, descriptor))
			return 0;
	/* A connection that went on being made while we were away. */
	if (c->number == SYS_connect && r == -EISCONN)
		r = 0;
	return upstare_result(r);
}

static long again(struct upstare_call *c, const struct upstare_function *descriptor)
{
	return make_again(c, descriptor, upstare_blocking);
}

long upstare_simple(struct upstare_call *c, const struct upstare_function *descriptor)
{
	return upstare_call_parked(c, descriptor) ? 0 : again(c, descriptor);
}

long upstare_resume_simple(void)
{
	struct upstare_call c;
	upstare_wait_resumed(&c);
	return again(&c, c.header.function);
}

/* ---- syscall(2) ---- */

static bool waits_for_word(long number, const long a[6])
{
	long command = a[1] & ~FUTEX_PRIVATE_FLAG;
	return number == SYS_futex && (command == FUTEX_WAIT || (command == FUTEX_WAIT_BITSET && (uint32_t)a[5] == FUTEX_BITSET_MATCH_ANY));
}

bool upstare_bare_call_waits(long number, const long arguments[6])
{
	/* Without a kick only this: what the program asks the kernel for by itself may be anything. */
	return upstare_self_pipe ? waits_for_word(number, arguments) : upstare_call_waits(number);
}

/* FUTEX_WAIT has a limit from its beginning on; where it is made again that has to stay the same one: a time of the clock, in extra. */
static void keep_limit(struct upstare_call *c)
{
	const struct timespec *limit = (const struct timespec *)c->arguments[3];
	struct timespec now;
	if (c->number != SYS_futex || (c->arguments[1] & ~FUTEX_PRIVATE_FLAG) != FUTEX_WAIT)
		return;
	if (limit && (limit->tv_sec < 0 || limit->tv_sec > INT32_MAX || limit->tv_nsec < 0 || limit->tv_nsec > 999999999))
		return;
	c->arguments[1] ^= FUTEX_WAIT ^ FUTEX_WAIT_BITSET;
	c->arguments[5] = FUTEX_BITSET_MATCH_ANY;
	if (!limit)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	long ns = now.tv_nsec + limit->tv_nsec;
	c->extra[0] = now.tv_sec + limit->tv_sec + ns / 1000000000;
	c->extra[1] = ns % 1000000000;
	c->extra[2] = true;
}

_Static_assert(sizeof(struct timespec) == 2 * sizeof(long), "keep_limit");

static long make_bare(struct upstare_call *c)
{
	if (c->extra[2])
		c->arguments[3] = A(c->extra);
	return upstare_blocking_uncancelled(c);
}

UPSTARE_CALL(syscall, upstare_resume_bare);
long upstare_bare_call(long number, const long arguments[6])
{
	struct upstare_call c = {.number = number};
	memcpy(c.arguments, arguments, sizeof(c.arguments));
	keep_limit(&c);
	return make_again(&c, &upstare_w_d_syscall, make_bare);
}

hidden long upstare_resume_bare(void);
long upstare_resume_bare(void)
{
	struct upstare_call c;
	upstare_wait_resumed(&c);
	return make_again(&c, c.header.function, make_bare);
}

/* ---- descriptors: what they move is moved at once; transfer.c has those that may stop half way ---- */

SIMPLE(ssize_t, readv, (int fd, const struct iovec *v, int n), SYS_readv, fd, A(v), n)

SIMPLE(int, accept, (int fd, struct sockaddr *from, socklen_t *length), SYS_accept, fd, A(from), A(length))
SIMPLE(int, accept4, (int fd, struct sockaddr *from, socklen_t *length, int flags), SYS_accept4, fd, A(from), A(length),
       flags)
SIMPLE(int, connect, (int fd, const struct sockaddr *to, socklen_t length), SYS_connect, fd, A(to), length)

/* ---- children ---- */

SIMPLE(pid_t, waitpid, (pid_t pid, int *status, int options), SYS_wait4, pid, A(status), options)
SIMPLE(pid_t, wait, (int *status), SYS_wait4, -1, A(status))
SIMPLE(pid_t, wait3, (int *status, int options, struct rusage *usage), SYS_wait4, -1, A(status), options, A(usage))
SIMPLE(pid_t, wait4, (pid_t pid, int *status, int options, struct rusage *usage), SYS_wait4, pid, A(status), options, A(usage))
SIMPLE(int, waitid, (idtype_t type, id_t id, siginfo_t *info, int options), SYS_waitid, type, id, A(info), options)

/* ---- files: locks, opening a FIFO, a terminal's output ---- */

SIMPLE(int, flock, (int fd, int operation), SYS_flock, fd, operation)
SIMPLE(int, tcdrain, (int fd), SYS_ioctl, fd, TCSBRK, 1)

UPSTARE_CALL(fcntl, upstare_resume_simple);
exported int upstare_w_fcntl(int fd, int command, ...)
{
	va_list list;
	va_start(list, command);
	long argument = va_arg(list, long);
	va_end(list);
	if (command != F_SETLKW && command != F_OFD_SETLKW)
		return fcntl(fd, command, argument);
	struct upstare_call c = {.number = SYS_fcntl, .arguments = {fd, command, argument}};
	return (int)again(&c, &upstare_w_d_fcntl);
}

/* What F_LOCK does: extra holds the length. */
UPSTARE_CALL(lockf, upstare_resume_lockf);
static int lock_file(struct upstare_call *c)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_len = c->extra[0]};
	for (;;) {
		struct upstare_call now = *c;
		now.arguments[2] = A(&lock);
		long r = upstare_blocking(&now);
		if (r != UPSTARE_ABORTED)
			return (int)upstare_result(r);
		if (upstare_call_parked(c, &upstare_w_d_lockf))
			return 0;
	}
}

hidden long upstare_resume_lockf(void);
long upstare_resume_lockf(void)
{
	struct upstare_call c;
	upstare_wait_resumed(&c);
	return lock_file(&c);
}

exported int upstare_w_lockf(int fd, int command, off_t length)
{
	if (command != F_LOCK)
		return lockf(fd, command, length);
	struct upstare_call c = {.number = SYS_fcntl, .arguments = {fd, F_SETLKW}, .extra = {length}};
	return lock_file(&c);
}

static int open_at(int directory, const char *path, int flags, mode_t mode, const struct upstare_function *descriptor)
{
	struct upstare_call c = {.number = SYS_openat, .arguments = {directory, A(path), flags, mode}};
	return (int)again(&c, descriptor);
}

static mode_t mode_of(int flags, va_list list)
{
	return (flags & O_CREAT) || (flags & __O_TMPFILE) == __O_TMPFILE ? va_arg(list, mode_t) : 0;
}

UPSTARE_CALL(open, upstare_resume_simple);
exported int upstare_w_open(const char *path, int flags, ...)
{
	va_list list;
	va_start(list, flags);
	mode_t mode = mode_of(flags, list);
	va_end(list);
	return open_at(AT_FDCWD, path, flags, mode, &upstare_w_d_open);
}

UPSTARE_CALL(openat, upstare_resume_simple);
exported int upstare_w_openat(int directory, const char *path, int flags, ...)
{
	va_list list;
	va_start(list, flags);
	mode_t mode = mode_of(flags, list);
	va_end(list);
	return open_at(directory, path, flags, mode, &upstare_w_d_openat);
}

UPSTARE_CALL(creat, upstare_resume_simple);
exported int upstare_w_creat(const char *path, mode_t mode)
{
	return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode, &upstare_w_d_creat);
}

/* ---- message queues; those of System V are never restarted after a handler ---- */

ONCE(int, msgsnd, (int id, const void *message, size_t size, int flags), SYS_msgsnd, id, A(message), A(size), flags)
ONCE(ssize_t, msgrcv, (int id, void *message, size_t size, long type, int flags), SYS_msgrcv, id, A(message), A(size), type,
     flags)
SIMPLE(ssize_t, mq_receive, (mqd_t queue, char *message, size_t size, unsigned *priority), SYS_mq_timedreceive, queue,
       A(message), A(size), A(priority))
SIMPLE(int, mq_send, (mqd_t queue, const char *message, size_t size, unsigned priority), SYS_mq_timedsend, queue, A(message),
       A(size), priority)
SIMPLE(ssize_t, mq_timedreceive,
       (mqd_t queue, char *restrict message, size_t size, unsigned *restrict priority, const struct timespec *restrict until),
       SYS_mq_timedreceive, queue, A(message), A(size), A(priority), A(until))
SIMPLE(int, mq_timedsend, (mqd_t queue, const char *message, size_t size, unsigned priority, const struct timespec *until),
       SYS_mq_timedsend, queue, A(message), A(size), priority, A(until))
