/* Calls that the kernel begins anew without loss: whatever they had done before they were broken off is nothing. */
#include "blocking.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

static long go(struct upstare_call *c, const struct upstare_function *descriptor)
{
	long r;
	while ((r = upstare_blocking(c)) == UPSTARE_ABORTED)
		if (upstare_call_parked(c, descriptor))
			return 0;
	/* A connection that went on being made while we were away. */
	if (c->number == SYS_connect && c->aborted && r == -EISCONN)
		r = 0;
	return upstare_result(r);
}

hidden long upstare_resume_simple(void);
long upstare_resume_simple(void)
{
	struct upstare_call c;
	upstare_call_resumed(&c);
	return go(&c, c.header.function);
}

#define A(x) ((long)(x))
#define SIMPLE(TYPE, NAME, PARAMETERS, NUMBER, ...)                                                                    \
	UPSTARE_CALL(NAME, upstare_resume_simple);                                                                     \
	exported TYPE upstare_w_##NAME PARAMETERS;                                                                     \
	TYPE upstare_w_##NAME PARAMETERS                                                                               \
	{                                                                                                              \
		struct upstare_call c = {.number = NUMBER, .arguments = {__VA_ARGS__}};                                \
		return (TYPE)go(&c, &upstare_w_d_##NAME);                                                              \
	}

SIMPLE(ssize_t, read, (int fd, void *buffer, size_t size), SYS_read, fd, A(buffer), A(size))
SIMPLE(ssize_t, readv, (int fd, const struct iovec *v, int n), SYS_readv, fd, A(v), n)
SIMPLE(ssize_t, writev, (int fd, const struct iovec *v, int n), SYS_writev, fd, A(v), n)
SIMPLE(ssize_t, recvfrom, (int fd, void *buffer, size_t size, int flags, struct sockaddr *from, socklen_t *length),
       SYS_recvfrom, fd, A(buffer), A(size), flags, A(from), A(length))
SIMPLE(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), SYS_recvmsg, fd, A(message), flags)
SIMPLE(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), SYS_sendmsg, fd, A(message), flags)
SIMPLE(int, accept, (int fd, struct sockaddr *from, socklen_t *length), SYS_accept, fd, A(from), A(length))
SIMPLE(int, accept4, (int fd, struct sockaddr *from, socklen_t *length, int flags), SYS_accept4, fd, A(from), A(length),
       flags)
SIMPLE(int, connect, (int fd, const struct sockaddr *to, socklen_t length), SYS_connect, fd, A(to), length)
SIMPLE(pid_t, waitpid, (pid_t pid, int *status, int options), SYS_wait4, pid, A(status), options)
SIMPLE(pid_t, wait, (int *status), SYS_wait4, -1, A(status))
