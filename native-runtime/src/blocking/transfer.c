/*
 * Calls that move bytes and may stop half way: what has been moved is kept over an update, and the total is returned. In
 * segments, so that a thread in a long transfer comes by an update point at all.
 */
#include "blocking.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define SEGMENT (4L << 20)

/* Where the length stands, and whether the buffer advances (sendfile keeps its own offset). */
static int length_index(long number)
{
	return number == SYS_sendfile ? 3 : 2;
}

static long go(struct upstare_call *c, const struct upstare_function *descriptor)
{
	int at = length_index(c->number);
	long total = c->arguments[at];
	for (;;) {
		struct upstare_call now = *c;
		long left = total - c->done;
		now.arguments[at] = left > SEGMENT ? SEGMENT : left;
		if (c->number != SYS_sendfile)
			now.arguments[1] += c->done;
		long r = upstare_blocking(&now);
		if (r == UPSTARE_ABORTED) {
			if (upstare_call_parked(c, descriptor))
				return 0;
			continue;
		}
		if (r < 0)
			return c->done ? c->done : upstare_result(r);
		c->done += r;
		bool cut_short = r < now.arguments[at] && r > 0 && upstare_kicked;
		if (c->done >= total || r == 0 || (r < now.arguments[at] && !cut_short))
			return c->done;
	}
}

hidden long upstare_resume_transfer(void);
long upstare_resume_transfer(void)
{
	struct upstare_call c;
	upstare_call_resumed(&c);
	return go(&c, c.header.function);
}

UPSTARE_CALL(write, upstare_resume_transfer);
exported ssize_t upstare_w_write(int fd, const void *buffer, size_t size)
{
	struct upstare_call c = {.number = SYS_write, .arguments = {fd, (long)buffer, (long)size}};
	return go(&c, &upstare_w_d_write);
}

UPSTARE_CALL(sendto, upstare_resume_transfer);
exported ssize_t upstare_w_sendto(int fd, const void *buffer, size_t size, int flags, const struct sockaddr *to, socklen_t n)
{
	struct upstare_call c = {.number = SYS_sendto, .arguments = {fd, (long)buffer, (long)size, flags, (long)to, n}};
	return go(&c, &upstare_w_d_sendto);
}

UPSTARE_CALL(send, upstare_resume_transfer);
exported ssize_t upstare_w_send(int fd, const void *buffer, size_t size, int flags)
{
	struct upstare_call c = {.number = SYS_sendto, .arguments = {fd, (long)buffer, (long)size, flags, 0, 0}};
	return go(&c, &upstare_w_d_send);
}

UPSTARE_CALL(sendfile, upstare_resume_transfer);
exported ssize_t upstare_w_sendfile(int to, int from, off_t *offset, size_t size)
{
	struct upstare_call c = {.number = SYS_sendfile, .arguments = {to, from, (long)offset, (long)size}};
	return go(&c, &upstare_w_d_sendfile);
}

/* With MSG_WAITALL a short count is not an answer; without it, what is there is. */
UPSTARE_CALL(recv, upstare_resume_recv);
static long receive(struct upstare_call *c)
{
	for (;;) {
		struct upstare_call now = *c;
		now.arguments[1] += c->done;
		now.arguments[2] -= c->done;
		long r = upstare_blocking(&now);
		if (r == UPSTARE_ABORTED) {
			if (upstare_call_parked(c, &upstare_w_d_recv))
				return 0;
			continue;
		}
		if (r < 0)
			return c->done ? c->done : upstare_result(r);
		c->done += r;
		if (!(c->arguments[3] & MSG_WAITALL) || r == 0 || r == now.arguments[2] || !upstare_kicked)
			return c->done;
	}
}

hidden long upstare_resume_recv(void);
long upstare_resume_recv(void)
{
	struct upstare_call c;
	upstare_call_resumed(&c);
	return receive(&c);
}

exported ssize_t upstare_w_recv(int fd, void *buffer, size_t size, int flags)
{
	struct upstare_call c = {.number = SYS_recvfrom, .arguments = {fd, (long)buffer, (long)size, flags, 0, 0}};
	return receive(&c);
}
