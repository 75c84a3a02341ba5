/*
 * Calls that move bytes and may stop half way: what has been moved is kept over an update, and the total is returned. Long
 * ones go in segments, so that a thread in one comes by an update point at all.
 */
#include "blocking.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define SEGMENT (4L << 20)

enum { LENGTH_AT, OFFSET_AT }; /* in extra: which argument is the length; which one the buffer that advances, -1: none */

/* Whether a call that moved less than it was asked for did so because of a kick alone. */
static bool cut_short(long r, long asked)
{
	return r > 0 && r < asked && upstare_cut.kicked;
}

/* first: what a first try gave, of which no record has been made; 0: none. */
static long go(struct upstare_call *c, const struct upstare_function *descriptor, long first)
{
	long at = c->extra[LENGTH_AT], buffer = c->extra[OFFSET_AT], total = c->arguments[at];
	if (first == UPSTARE_ABORTED && upstare_call_parked(c, descriptor))
		return 0;
	if (first > 0)
		c->done = first;
	for (;;) {
		struct upstare_call now = *c;
		long left = total - c->done;
		now.arguments[at] = left > SEGMENT ? SEGMENT : left;
		if (buffer >= 0)
			now.arguments[buffer] += c->done;
		/* What is in a pipe by now is all that the call would have moved. */
		if (c->number == SYS_splice && c->done)
			now.arguments[5] |= SPLICE_F_NONBLOCK;
		long r = upstare_blocking(&now);
		if (r == UPSTARE_ABORTED) {
			if (upstare_call_parked(c, descriptor))
				return 0;
			continue;
		}
		if (r < 0)
			return c->done ? c->done : upstare_result(r);
		c->done += r;
		if (c->done >= total || r == 0 || (r < now.arguments[at] && !cut_short(r, now.arguments[at])))
			return c->done;
	}
}

hidden long upstare_resume_transfer(void);
long upstare_resume_transfer(void)
{
	struct upstare_call c;
	upstare_wait_resumed(&c);
	return go(&c, c.header.function, 0);
}

#define A(x) ((long)(x))
#define TRANSFER(NAME, PARAMETERS, NUMBER, LENGTH, BUFFER, ...)                                                        \
	UPSTARE_CALL(NAME, upstare_resume_transfer);                                                                   \
	exported ssize_t upstare_w_##NAME PARAMETERS;                                                                  \
	ssize_t upstare_w_##NAME PARAMETERS                                                                            \
	{                                                                                                              \
		const long arguments[6] = {__VA_ARGS__};                                                               \
		long r = 0;                                                                                            \
		if (__builtin_expect(size <= SEGMENT, 1)) {                                                            \
			r = upstare_first_here(NUMBER, arguments[0], arguments[1], arguments[2], arguments[3],         \
					       arguments[4], arguments[5]);                                            \
			if (__builtin_expect(r != UPSTARE_ABORTED && !cut_short(r, A(size)), 1))                       \
				return upstare_result(r);                                                              \
		}                                                                                                      \
		struct upstare_call c = {.number = NUMBER, .arguments = {__VA_ARGS__}, .extra = {LENGTH, BUFFER}};     \
		return go(&c, &upstare_w_d_##NAME, r);                                                                 \
	}

TRANSFER(write, (int fd, const void *buffer, size_t size), SYS_write, 2, 1, fd, A(buffer), A(size))
TRANSFER(send, (int fd, const void *buffer, size_t size, int flags), SYS_sendto, 2, 1, fd, A(buffer), A(size), flags)
TRANSFER(sendto, (int fd, const void *buffer, size_t size, int flags, const struct sockaddr *to, socklen_t n), SYS_sendto, 2, 1,
	 fd, A(buffer), A(size), flags, A(to), n)
TRANSFER(sendfile, (int to, int from, off_t *offset, size_t size), SYS_sendfile, 3, -1, to, from, A(offset), A(size))
TRANSFER(splice, (int from, off64_t *from_at, int to, off64_t *to_at, size_t size, unsigned flags), SYS_splice, 4, -1, from,
	 A(from_at), to, A(to_at), A(size), flags)

/* A pipe or socket gives what is there; only a file gives all that was asked for, and takes its time. */
UPSTARE_CALL(read, upstare_resume_read);
static long read_on(struct upstare_call *c)
{
	for (;;) {
		struct upstare_call now = *c;
		now.arguments[1] += c->done;
		now.arguments[2] -= c->done;
		if (c->extra[0] && now.arguments[2] > SEGMENT)
			now.arguments[2] = SEGMENT;
		long r = upstare_blocking(&now);
		if (r == UPSTARE_ABORTED) {
			if (upstare_call_parked(c, &upstare_w_d_read))
				return 0;
			continue;
		}
		if (r < 0)
			return c->done ? c->done : upstare_result(r);
		c->done += r;
		if (!c->extra[0] || r < now.arguments[2] || c->done >= c->arguments[2])
			return c->done;
	}
}

hidden long upstare_resume_read(void);
long upstare_resume_read(void)
{
	struct upstare_call c;
	upstare_wait_resumed(&c);
	return read_on(&c);
}

exported ssize_t upstare_w_read(int fd, void *buffer, size_t size)
{
	struct upstare_call c;
	if (__builtin_expect(size <= SEGMENT, 1)) {
		long r = upstare_first_here(SYS_read, fd, A(buffer), A(size), 0, 0, 0);
		if (__builtin_expect(r != UPSTARE_ABORTED, 1))
			return upstare_result(r);
		c = (struct upstare_call){.number = SYS_read, .arguments = {fd, A(buffer), A(size)}};
		if (upstare_call_parked(&c, &upstare_w_d_read))
			return 0;
	} else {
		struct stat s;
		int error = errno;
		c = (struct upstare_call){.number = SYS_read, .arguments = {fd, A(buffer), A(size)}};
		c.extra[0] = fstat(fd, &s) == 0 && (S_ISREG(s.st_mode) || S_ISBLK(s.st_mode));
		errno = error;
	}
	return read_on(&c);
}

/* With MSG_WAITALL a short count is not an answer; without it, what is there is. */
static long receive(struct upstare_call *c, const struct upstare_function *descriptor, long first)
{
	if (first == UPSTARE_ABORTED && upstare_call_parked(c, descriptor))
		return 0;
	if (first > 0)
		c->done = first;
	for (;;) {
		struct upstare_call now = *c;
		now.arguments[1] += c->done;
		now.arguments[2] -= c->done;
		long r = upstare_blocking(&now);
		if (r == UPSTARE_ABORTED) {
			if (upstare_call_parked(c, descriptor))
				return 0;
			continue;
		}
		if (r < 0)
			return c->done ? c->done : upstare_result(r);
		c->done += r;
		if (!(c->arguments[3] & MSG_WAITALL) || !cut_short(r, now.arguments[2]))
			return c->done;
	}
}

hidden long upstare_resume_receive(void);
long upstare_resume_receive(void)
{
	struct upstare_call c;
	upstare_wait_resumed(&c);
	return receive(&c, c.header.function, 0);
}

static long receive_first(int fd, void *buffer, size_t size, int flags, struct sockaddr *from, socklen_t *length,
			  const struct upstare_function *descriptor)
{
	long r = upstare_first_here(SYS_recvfrom, fd, A(buffer), A(size), flags, A(from), A(length));
	if (__builtin_expect(r != UPSTARE_ABORTED && !((flags & MSG_WAITALL) && cut_short(r, A(size))), 1))
		return upstare_result(r);
	struct upstare_call c = {.number = SYS_recvfrom, .arguments = {fd, A(buffer), A(size), flags, A(from), A(length)}};
	return receive(&c, descriptor, r);
}

UPSTARE_CALL(recv, upstare_resume_receive);
exported ssize_t upstare_w_recv(int fd, void *buffer, size_t size, int flags)
{
	return receive_first(fd, buffer, size, flags, NULL, NULL, &upstare_w_d_recv);
}

UPSTARE_CALL(recvfrom, upstare_resume_receive);
exported ssize_t upstare_w_recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *from, socklen_t *length)
{
	return receive_first(fd, buffer, size, flags, from, length, &upstare_w_d_recvfrom);
}

/* ---- several buffers ---- */

/*
 * After a part has been moved: the rest of the buffer that the end of it lies in, and how many come behind it. *rest is empty
 * where the end lies between two.
 */
static const struct iovec *advance(const struct iovec *v, size_t n, size_t done, struct iovec *rest, size_t *behind)
{
	while (n && done >= v->iov_len) {
		done -= v->iov_len;
		v++;
		n--;
	}
	*rest = (struct iovec){NULL, 0};
	if (n && done) {
		*rest = (struct iovec){(char *)v->iov_base + done, v->iov_len - done};
		v++;
		n--;
	}
	*behind = n;
	return v;
}

static long length_of(const struct iovec *v, size_t n)
{
	long length = 0;
	for (size_t i = 0; i < n; i++)
		length += (long)v[i].iov_len;
	return length;
}

/* What the kick broke off goes on, unless it is a recvmsg that takes what is there. */
static bool moved_all(const struct upstare_call *c)
{
	return c->done >= length_of((const struct iovec *)c->extra[0], (size_t)c->extra[1]) ||
	       (c->number == SYS_recvmsg && !(c->arguments[2] & MSG_WAITALL));
}

/* writev, sendmsg and recvmsg after the first try. extra: the buffers and their number. */
static long go_vector(struct upstare_call *c, const struct upstare_function *descriptor)
{
	for (;;) {
		struct upstare_call now = *c;
		struct iovec rest;
		struct msghdr message = {0};
		size_t behind = (size_t)c->extra[1];
		const struct iovec *v = (const struct iovec *)c->extra[0];
		if (c->done) {
			v = advance(v, behind, (size_t)c->done, &rest, &behind);
			if (rest.iov_len) {
				v = &rest;
				behind = 1;
			}
			if (!behind)
				return c->done;
			if (c->number == SYS_writev) {
				now.arguments[1] = A(v);
				now.arguments[2] = A(behind);
			} else {
				/* The address is needed again, control data went with the first part. */
				message = *(const struct msghdr *)c->arguments[1];
				message.msg_iov = (struct iovec *)v;
				message.msg_iovlen = behind;
				message.msg_control = NULL;
				message.msg_controllen = 0;
				now.arguments[1] = A(&message);
			}
		}
		long r = upstare_blocking(&now);
		if (r == UPSTARE_ABORTED) {
			if (upstare_call_parked(c, descriptor))
				return 0;
			continue;
		}
		if (r < 0)
			return c->done ? c->done : upstare_result(r);
		long asked = length_of(v, behind);
		c->done += r;
		if (r == 0 || (r < asked && !cut_short(r, asked)) || moved_all(c))
			return c->done;
	}
}

hidden long upstare_resume_vector(void);
long upstare_resume_vector(void)
{
	struct upstare_call c;
	upstare_wait_resumed(&c);
	return go_vector(&c, c.header.function);
}

static long vector_first(long number, int fd, const void *what, long n, const struct iovec *v, size_t count,
			 const struct upstare_function *descriptor)
{
	long r = upstare_first(number, (const long[6]){fd, A(what), n});
	if (__builtin_expect(r != UPSTARE_ABORTED && !(r > 0 && upstare_cut.kicked), 1))
		return upstare_result(r);
	struct upstare_call c = {.number = number, .arguments = {fd, A(what), n}, .extra = {A(v), A(count)}};
	if (r > 0)
		c.done = r;
	if (r == UPSTARE_ABORTED ? upstare_call_parked(&c, descriptor) : moved_all(&c))
		return c.done;
	return go_vector(&c, descriptor);
}

UPSTARE_CALL(writev, upstare_resume_vector);
exported ssize_t upstare_w_writev(int fd, const struct iovec *v, int n)
{
	return vector_first(SYS_writev, fd, v, n, v, (size_t)n, &upstare_w_d_writev);
}

UPSTARE_CALL(sendmsg, upstare_resume_vector);
exported ssize_t upstare_w_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return vector_first(SYS_sendmsg, fd, message, flags, message->msg_iov, message->msg_iovlen, &upstare_w_d_sendmsg);
}

UPSTARE_CALL(recvmsg, upstare_resume_vector);
exported ssize_t upstare_w_recvmsg(int fd, struct msghdr *message, int flags)
{
	return vector_first(SYS_recvmsg, fd, message, flags, message->msg_iov, message->msg_iovlen, &upstare_w_d_recvmsg);
}
