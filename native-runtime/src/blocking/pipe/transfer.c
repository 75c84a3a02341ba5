/*
 * Moving bytes: RWF_NOWAIT and MSG_DONTWAIT are of the one call, and not of the open file as O_NONBLOCK is, which others
 * may hold too. Files that know neither wait for their turn (turn.c); seekable ones do not block, they are only slow.
 */
#include "pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif
/* What a terminal is given at once: a write blocks until all of it is taken. */
#define TERMINAL_PIECE 256

static bool seekable(int fd)
{
	return upstare_sys(SYS_lseek, fd, 0, SEEK_CUR) >= 0;
}

static long length_of(const struct iovec *v, long n)
{
	long length = 0;
	for (long i = 0; i < n; i++)
		length += (long)v[i].iov_len;
	return length;
}

/* r bytes of those asked for were taken: more are to follow. */
static long more(long r, long asked)
{
	if (r > 0 && r < asked)
		upstare_cut.kicked = true;
	return r;
}

static bool is_terminal(int fd)
{
	struct termios t;
	return upstare_sys(SYS_ioctl, fd, TCGETS, &t) == 0;
}

/* A process in the background is to be stopped, or to fail, even if nobody types. */
static bool in_background(int fd)
{
	int group;
	return upstare_sys(SYS_ioctl, fd, TIOCGPGRP, &group) == 0 && group != upstare_sys(SYS_getpgid, 0);
}

static long read_in_turn(const struct upstare_attempt_of *t)
{
	if (in_background(t->fd))
		return upstare_pipe_plain(t->number, t->arguments, t->cancellable);
	return upstare_pipe_when_ready(t->fd, POLLIN, t->number, t->arguments, t->cancellable);
}

static long write_in_turn(const struct upstare_attempt_of *t)
{
	const long *a = t->arguments;
	long piece[6] = {a[0], a[1], a[2]};
	if (t->number == SYS_write && a[2] > TERMINAL_PIECE && is_terminal(t->fd))
		piece[2] = TERMINAL_PIECE;
	long r = upstare_pipe_when_ready(t->fd, POLLOUT, t->number, piece, t->cancellable);
	return r == piece[2] && piece[2] < a[2] ? more(r, a[2]) : r;
}

static long read_file(const struct upstare_attempt_of *t)
{
	const long *a = t->arguments;
	bool vector = t->number == SYS_readv;
	struct iovec one = {(void *)a[1], (size_t)a[2]};
	/* Of a file a part may be in memory: a short count would not be an answer. */
	if (vector && seekable(t->fd))
		return upstare_pipe_plain(t->number, a, t->cancellable);
	long r = upstare_sys(SYS_preadv2, t->fd, vector ? a[1] : (long)&one, vector ? a[2] : 1, -1, 0, RWF_NOWAIT);
	if (r == -EOPNOTSUPP || r == -ENOSYS)
		return seekable(t->fd) ? upstare_pipe_plain(t->number, a, t->cancellable) : read_in_turn(t);
	/* Of a file nothing may be in memory: it is ready all the same. Asked for only where waiting has not helped. */
	if (vector || r == a[2] || (r <= 0 && (r != -EAGAIN || t->first)) || !seekable(t->fd))
		return r;
	long done = r < 0 ? 0 : r;
	r = upstare_pipe_plain(t->number, (const long[6]){a[0], a[1] + done, a[2] - done}, t->cancellable);
	return r < 0 ? (done ? done : r) : done + r;
}

static long write_file(const struct upstare_attempt_of *t)
{
	const long *a = t->arguments;
	bool vector = t->number == SYS_writev;
	struct iovec one = {(void *)a[1], (size_t)a[2]};
	const struct iovec *v = vector ? (const struct iovec *)a[1] : &one;
	long n = vector ? a[2] : 1, r = -ENOTSOCK;
	/* The peer has gone after a part: the call ends with that, and only the next one is told so by a signal. */
	if (t->continued) {
		struct msghdr message = {.msg_iov = (struct iovec *)v, .msg_iovlen = (size_t)n};
		r = upstare_sys(SYS_sendmsg, t->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	if (r == -ENOTSOCK)
		r = upstare_sys(SYS_pwritev2, t->fd, v, n, -1, 0, RWF_NOWAIT);
	if (r == -EOPNOTSUPP || r == -ENOSYS)
		return seekable(t->fd) ? upstare_pipe_plain(t->number, a, t->cancellable) : write_in_turn(t);
	if (r == -EAGAIN && !t->first && seekable(t->fd))
		return upstare_pipe_plain(t->number, a, t->cancellable);
	return r > 0 ? more(r, vector ? length_of(v, n) : a[2]) : r;
}

static bool is_stream(int fd)
{
	int type = 0, size = sizeof(type);
	return upstare_sys(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

static long move_message(const struct upstare_attempt_of *t)
{
	const long *a = t->arguments;
	bool receive = t->number == SYS_recvfrom || t->number == SYS_recvmsg, message = t->number == SYS_recvmsg || t->number == SYS_sendmsg;
	int at = message ? 2 : 3;
	long now[6] = {a[0], a[1], a[2], a[3], a[4], a[5]};
	now[at] |= MSG_DONTWAIT | (t->continued && !receive ? MSG_NOSIGNAL : 0);
	long r = upstare_sys(t->number, now[0], now[1], now[2], now[3], now[4], now[5]);
	if (r <= 0 || (receive && !(a[at] & MSG_WAITALL)))
		return r;
	const struct msghdr *m = message ? (const struct msghdr *)a[1] : NULL;
	long asked = m ? length_of(m->msg_iov, (long)m->msg_iovlen) : a[2];
	return r < asked && is_stream(t->fd) ? more(r, asked) : r;
}

int64_t upstare_pipe_socket_limit(int fd, short events)
{
	struct timeval t = {0, 0};
	int size = sizeof(t);
	if (upstare_sys(SYS_getsockopt, fd, SOL_SOCKET, events == POLLIN ? SO_RCVTIMEO : SO_SNDTIMEO, &t, &size) ||
	    (!t.tv_sec && !t.tv_usec))
		return UPSTARE_FOREVER;
	return upstare_deadline(t.tv_sec, t.tv_usec * 1000);
}

/* So often a file may be ready and then not: others may be faster. After that there is a reason that poll does not know. */
#define IN_VAIN 16

long upstare_pipe_retry(struct upstare_attempt_of *t)
{
	struct upstare_limits l = {.until = UPSTARE_FOREVER, .cancellable = t->cancellable};
	int64_t slice = 0;
	for (unsigned tries = 0;; tries++) {
		t->first = !tries;
		long r = t->make(t);
		if (r != -EAGAIN)
			return r;
		if (!tries) {
			long flags = upstare_sys(SYS_fcntl, t->fd, F_GETFL);
			if (flags < 0)
				return -EAGAIN;
			if (flags & O_NONBLOCK) {
				t->first = false;
				return t->make(t);
			}
			l.until = upstare_pipe_socket_limit(t->fd, t->events);
			/* With a limit of its own a socket's call is never restarted. */
			l.once = l.until != UPSTARE_FOREVER;
		}
		if (tries > IN_VAIN) {
			r = upstare_pipe_pause(&l, &slice);
			if (r)
				return r == -ETIMEDOUT ? -EAGAIN : r;
		}
		struct pollfd files[1 + UPSTARE_PIPE_ROOM] = {{.fd = t->fd, .events = t->events}};
		r = upstare_pipe_poll(files, 1, &l);
		if (r <= 0)
			return r ? r : -EAGAIN;
	}
}

long upstare_pipe_transfer(long number, const long a[6], bool cancellable, bool continued)
{
	struct upstare_attempt_of t = {
		.number = number, .arguments = a, .fd = (int)a[0], .cancellable = cancellable, .continued = continued};
	switch (number) {
	case SYS_read:
	case SYS_readv:
		t.make = read_file;
		t.events = POLLIN;
		break;
	case SYS_write:
	case SYS_writev:
		t.make = write_file;
		t.events = POLLOUT;
		break;
	default: {
		bool message = number == SYS_recvmsg || number == SYS_sendmsg;
		long flags = a[message ? 2 : 3];
		/* Looking at all that is asked for without taking it cannot be done in parts. */
		if ((flags & MSG_DONTWAIT) || ((flags & MSG_PEEK) && (flags & MSG_WAITALL)))
			return upstare_pipe_plain(number, a, cancellable);
		t.make = move_message;
		t.events = number == SYS_recvmsg || number == SYS_recvfrom ? POLLIN : POLLOUT;
	}
	}
	return upstare_pipe_retry(&t);
}

/* ---- from file to file ---- */

#define PAGE 4096

/* What can be put into a socket or pipe without waiting, about: both are ready for at least a page. */
static long room_in(int fd)
{
	uint32_t memory[16] = {0}; /* SK_MEMINFO_... */
	int size = sizeof(memory);
	if (upstare_sys(SYS_getsockopt, fd, SOL_SOCKET, 55 /* SO_MEMINFO */, memory, &size))
		return PAGE;
	long room = ((long)memory[3] - (long)memory[5]) / 2;
	return room > PAGE ? room / PAGE * PAGE : PAGE;
}

/* Files are always ready; pipes and sockets when they are. */
static long wait_for(int fd, short events, bool cancellable)
{
	struct upstare_limits l = {.until = upstare_pipe_socket_limit(fd, events), .cancellable = cancellable};
	struct pollfd files[1 + UPSTARE_PIPE_ROOM] = {{.fd = fd, .events = events}};
	long flags = upstare_sys(SYS_fcntl, fd, F_GETFL);
	l.once = l.until != UPSTARE_FOREVER;
	if (flags < 0 || (flags & O_NONBLOCK) || upstare_pipe_ready(fd, events))
		return 0;
	long r = upstare_pipe_poll(files, 1, &l);
	return r > 0 ? 0 : r ? r : -EAGAIN;
}

long upstare_pipe_send_file(long number, const long a[6], bool cancellable)
{
	bool splice = number == SYS_splice;
	int in = (int)a[splice ? 0 : 1], out = (int)a[splice ? 2 : 0], at = splice ? 4 : 3;
	long now[6] = {a[0], a[1], a[2], a[3], a[4], a[5]};
	if (splice && (a[5] & SPLICE_F_NONBLOCK))
		return upstare_pipe_plain(number, a, cancellable);
	for (int64_t slice = 0;;) {
		long r = wait_for(in, POLLIN, cancellable);
		if (!r)
			r = wait_for(out, POLLOUT, cancellable);
		if (r)
			return r;
		if (!seekable(out)) {
			long room = room_in(out);
			now[at] = a[at] < room ? a[at] : room;
		}
		if (splice)
			now[5] |= SPLICE_F_NONBLOCK;
		r = upstare_pipe_plain(number, now, cancellable);
		if (r == -EAGAIN && splice) {
			struct upstare_limits l = {.until = UPSTARE_FOREVER, .cancellable = cancellable};
			r = upstare_pipe_pause(&l, &slice);
			if (r)
				return r;
			continue;
		}
		/* All that the other side would take for now; splice ends with what was in the pipe. */
		return r == now[at] && now[at] < a[at] ? more(r, a[at]) : r;
	}
}
