#include "blocking.h"

#include <errno.h>
#include <string.h>
#include <sys/single_threaded.h>
#include <unistd.h>

long upstare_blocking(struct upstare_call *c)
{
	const long *a = c->arguments;
	int type = PTHREAD_CANCEL_DEFERRED;
	bool alone = __libc_single_threaded;
	long r;
	/* These calls are cancellation points; with one thread nobody can cancel it meanwhile. */
	if (!alone)
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
	upstare_kicked = false;
	if ((upstare_want & UPSTARE_WANT_UPDATE) && upstare_has_obstacle()) {
		register long r10 __asm__("r10") = a[3];
		register long r8 __asm__("r8") = a[4];
		register long r9 __asm__("r9") = a[5];
		__asm__ volatile("syscall"
				 : "=a"(r)
				 : "0"(c->number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
				 : "rcx", "r11", "memory");
	} else {
		r = upstare_stub(c->number, a[0], a[1], a[2], a[3], a[4], a[5]);
		/* A call that cannot be restarted has ended with EINTR, and no handler but the kick's has run. */
		if (r == -EINTR && upstare_kicked)
			r = UPSTARE_ABORTED;
	}
	if (!alone)
		pthread_setcanceltype(type, NULL);
	return r;
}

bool upstare_call_parked(struct upstare_call *c, const struct upstare_function *descriptor)
{
	c->aborted = 1;
	if (!upstare_park(0))
		return false;
	c->header = (struct __up_header){descriptor, 0, sizeof(*c)};
	memcpy(upstare_tls.top, c, sizeof(*c));
	upstare_tls.top += sizeof(*c);
	return true;
}

void upstare_call_resumed(struct upstare_call *c)
{
	memcpy(c, upstare_pop(), sizeof(*c));
	upstare_resumed();
}

long upstare_result(long r)
{
	if (r >= 0)
		return r;
	errno = (int)-r;
	return -1;
}
