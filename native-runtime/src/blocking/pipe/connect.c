/* Connections: taking one, and making one. */
#include "pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>

static long take_one(const struct upstare_attempt_of *t)
{
	int listens = 0, size = sizeof(listens);
	long r = upstare_pipe_when_ready(t->fd, POLLIN, t->number, t->arguments, t->cancellable);
	if (r != -EAGAIN)
		return r;
	/* Others are never ready for that, and say so. */
	if (upstare_sys(SYS_getsockopt, t->fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) || !listens)
		return upstare_pipe_plain(t->number, t->arguments, t->cancellable);
	return -EAGAIN;
}

long upstare_pipe_accept(long number, const long a[6], bool cancellable)
{
	struct upstare_attempt_of t = {
		.make = take_one, .number = number, .arguments = a, .fd = (int)a[0], .events = POLLIN, .cancellable = cancellable};
	return upstare_pipe_retry(&t);
}

static void set_limit(int fd, const struct timeval *limit)
{
	upstare_sys(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, limit, sizeof(*limit));
}

/*
 * The kernel knows no connect that does not block but by O_NONBLOCK: the socket's own time limit is made as short as can be
 * meanwhile. With signals blocked, since a limit would have every handler end the call. *refused: nobody takes connections at
 * the moment, and nothing has begun (Unix sockets).
 */
static long try_connect(const long a[6], bool *refused)
{
	static const struct timeval moment = {0, 1};
	struct timeval limit = {0, 0};
	int fd = (int)a[0], size = sizeof(limit);
	uint64_t mask;
	if (upstare_sys(SYS_getsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &limit, &size))
		return -ENOTSOCK;
	upstare_block_signals(&mask);
	set_limit(fd, &moment);
	long r = upstare_sys(SYS_connect, fd, a[1], a[2]);
	set_limit(fd, &limit);
	upstare_set_signals(&mask);
	*refused = r == -EAGAIN;
	return r == -EINPROGRESS || r == -EALREADY ? -EAGAIN : r;
}

long upstare_pipe_connect(const long a[6], bool cancellable)
{
	int fd = (int)a[0];
	long flags = upstare_sys(SYS_fcntl, fd, F_GETFL);
	bool refused;
	if (flags < 0 || (flags & O_NONBLOCK))
		return upstare_pipe_plain(SYS_connect, a, cancellable);
	int64_t until = upstare_pipe_socket_limit(fd, POLLOUT), slice = 0;
	UPSTARE_HOLD(hold);
	struct upstare_limits l = {.until = until, .once = until != UPSTARE_FOREVER, .cancellable = cancellable};
	for (bool began = false;; began = true) {
		long r = try_connect(a, &refused);
		if (r == -ENOTSOCK && !began)
			return upstare_pipe_plain(SYS_connect, a, cancellable);
		/* It has been made while we waited for it. */
		if (r == -EISCONN && began)
			return 0;
		if (r != -EAGAIN)
			return r;
		if (refused) {
			upstare_pipe_hold(&hold);
			struct upstare_limits held = l;
			held.hold = &hold;
			r = upstare_pipe_pause(&held, &slice);
			if (r)
				return r == -ETIMEDOUT ? -EAGAIN : r;
			continue;
		}
		struct pollfd files[1 + UPSTARE_PIPE_ROOM] = {{.fd = fd, .events = POLLOUT}};
		r = upstare_pipe_poll(files, 1, &l);
		if (r <= 0)
			return r ? r : -EINPROGRESS;
	}
}
