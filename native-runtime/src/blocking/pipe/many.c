/* poll, select and epoll: the same call with the pipes added. They end with EINTR after every handler, as ppoll does. */
#include "pipe.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>

#define FEW 64

struct kernel_mask {
	const uint64_t *mask;
	size_t size;
};

static int64_t until_ms(long ms)
{
	return (int)ms < 0 ? UPSTARE_FOREVER : upstare_deadline((int)ms / 1000, (int)ms % 1000 * 1000000L);
}

/* As the kernel tells the rest of a limit. */
static void tell_rest(struct timespec *limit, int64_t until)
{
	if (!limit || until == UPSTARE_FOREVER)
		return;
	int64_t left = until - (int64_t)upstare_now();
	*limit = upstare_timespec(left > 0 ? left : 0);
}

static long poll_many(struct pollfd *files, nfds_t n, const struct upstare_limits *l)
{
	struct pollfd few[FEW + UPSTARE_PIPE_ROOM], *copy = few;
	size_t size = (n + UPSTARE_PIPE_ROOM) * sizeof(*copy);
	if (n > FEW)
		copy = upstare_pages(size);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, files, n * sizeof(*copy));
	long r = upstare_pipe_poll(copy, n, l);
	/* The kernel answers in each entry also where nothing is ready. */
	for (nfds_t i = 0; r >= 0 && i < n; i++)
		files[i].revents = r ? copy[i].revents : 0;
	if (n > FEW)
		upstare_pages_free(copy, size);
	return r;
}

static long do_poll(long number, const long a[6], struct upstare_limits *l)
{
	struct timespec *limit = number == SYS_ppoll ? (struct timespec *)a[2] : NULL;
	/* Also what is wrong with the arguments is found here. */
	long ready = upstare_sys(SYS_poll, a[0], a[1], 0);
	if (ready)
		return ready;
	l->until = number == SYS_poll ? until_ms(a[2]) : upstare_pipe_after(limit);
	l->mask = number == SYS_ppoll ? (const uint64_t *)a[3] : NULL;
	long r = poll_many((struct pollfd *)a[0], (nfds_t)a[1], l);
	tell_rest(limit, l->until);
	return r;
}

/* ---- select: asked without waiting; in between poll tells when to ask again ---- */

#define WORD (8 * (int)sizeof(long))
#define SETS 3
#define FEW_WORDS 16

static const short asked_by[SETS] = {POLLIN, POLLOUT, POLLPRI};

static nfds_t list(const long *sets, int words, struct pollfd *files)
{
	nfds_t count = 0;
	for (int fd = 0; fd < words * WORD; fd++) {
		short events = 0;
		for (int i = 0; i < SETS; i++)
			events |= sets[i * words + fd / WORD] >> fd % WORD & 1 ? asked_by[i] : 0;
		if (events && files)
			files[count] = (struct pollfd){.fd = fd, .events = events};
		count += events != 0;
	}
	return count;
}

/* sets: what is asked for, with room for the answer behind it. */
static long select_in(const long a[6], long *sets, int words, const struct upstare_limits *l)
{
	struct pollfd few[FEW + UPSTARE_PIPE_ROOM], *files = few;
	long *answer = sets + SETS * words;
	bool listed = false;
	size_t count = 0, size = 0;
	long r;
	for (;;) {
		struct timespec none = {0, 0};
		memcpy(answer, sets, (size_t)(SETS * words) * sizeof(long));
		r = upstare_sys(SYS_pselect6, a[0], a[1] ? answer : NULL, a[2] ? answer + words : NULL, a[3] ? answer + 2 * words : NULL,
				&none, 0);
		if (r)
			break;
		if (!listed) {
			count = list(sets, words, NULL);
			size = (count + UPSTARE_PIPE_ROOM) * sizeof(*files);
			if (count > FEW)
				files = upstare_pages(size);
			if (!files)
				return -ENOMEM;
			list(sets, words, files);
			listed = true;
		} else {
			/* Others were faster; or it is what no set has, as the hang-up of a file that is only written to. */
			for (size_t i = 0; i < count; i++)
				if (files[i].revents & ~files[i].events)
					files[i].fd = -1;
		}
		r = upstare_pipe_poll(files, count, l);
		if (r <= 0)
			break;
	}
	if (files != few)
		upstare_pages_free(files, size);
	return r;
}

static long do_select(const long a[6], struct upstare_limits *l)
{
	struct timespec *limit = (struct timespec *)a[4];
	const struct kernel_mask *mask = (const struct kernel_mask *)a[5];
	int n = (int)a[0], words = n < 0 ? 0 : n / WORD + (n % WORD != 0);
	long few[2 * SETS * FEW_WORDS], *sets = few;
	size_t size = 2 * SETS * (size_t)words * sizeof(long), one = (size_t)words * sizeof(long);
	if (words > FEW_WORDS)
		sets = upstare_pages(size);
	if (!sets)
		return -ENOMEM;
	l->until = upstare_pipe_after(limit);
	l->mask = mask ? mask->mask : NULL;
	memset(sets, 0, words > FEW_WORDS ? 0 : sizeof(few));
	for (int i = 0; i < SETS; i++)
		if (a[1 + i])
			memcpy(sets + i * words, (void *)a[1 + i], one);
	/* Bits behind the last descriptor that counts. */
	for (int i = 0; i < SETS && n % WORD > 0; i++)
		sets[i * words + words - 1] &= (1L << n % WORD) - 1;
	long r = select_in(a, sets, words, l);
	for (int i = 0; r >= 0 && i < SETS; i++)
		if (a[1 + i])
			memcpy((void *)a[1 + i], sets + (SETS + i) * words, one);
	if (sets != few)
		upstare_pages_free(sets, size);
	tell_rest(limit, l->until);
	return r;
}

/* ---- epoll ---- */

static long do_epoll(long number, const long a[6], struct upstare_limits *l)
{
	l->until = number == SYS_epoll_pwait2 ? upstare_pipe_after((const struct timespec *)a[3]) : until_ms(a[3]);
	l->mask = number == SYS_epoll_wait ? NULL : (const uint64_t *)a[4];
	for (;;) {
		long r = upstare_sys(SYS_epoll_wait, a[0], a[1], a[2], 0);
		if (r)
			return r;
		/* Of several that wait one may have been faster. */
		struct pollfd files[1 + UPSTARE_PIPE_ROOM] = {{.fd = (int)a[0], .events = POLLIN}};
		r = upstare_pipe_poll(files, 1, l);
		if (r <= 0)
			return r;
	}
}

long upstare_pipe_many(long number, const long a[6], bool cancellable)
{
	struct upstare_limits l = {.once = true, .cancellable = cancellable};
	switch (number) {
	case SYS_poll:
	case SYS_ppoll:
		return do_poll(number, a, &l);
	case SYS_pselect6:
		return do_select(a, &l);
	default:
		return do_epoll(number, a, &l);
	}
}
