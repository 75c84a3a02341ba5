/*
 * The pipes. Each process that blocks in the program's first process, or takes part in an update, has one of its own, which
 * is readable while an update is wanted there; and all processes that a leader has forked have the reading end of one that
 * is readable while the leader calls them. What the program does to the descriptors is survived: before a number is used
 * its file is looked at, writing goes to a duplicate that was looked at, and a waiting thread sees the other end close.
 */
#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "../../control/channel.h"

bool upstare_self_pipe;
uint32_t upstare_pipe_bell;
bool upstare_pipe_doubt;

struct ends {
	int in, out;
	unsigned long long identity;
};
static struct ends own = {.in = -1, .out = -1}, tree = {.in = -1, .out = -1};
/* Nobody writes to the tree's pipe any more. */
static bool tree_over;

void upstare_pipe_init(void)
{
	const char *wanted = getenv("UPSTARE_BLOCKING");
	if (!wanted || !*wanted || !strcmp(wanted, "kick"))
		return;
	if (strcmp(wanted, "self-pipe")) {
		static const char message[] = "upstare: UPSTARE_BLOCKING is neither kick nor self-pipe: kick it is\n";
		upstare_sys(SYS_write, 2, message, sizeof(message) - 1);
		return;
	}
	upstare_self_pipe = true;
	upstare_pipe_own();
}

static bool ours(int fd, unsigned long long identity)
{
	return fd >= 0 && upstare_descriptor_identity(fd) == identity;
}

static void drop(struct ends *p)
{
	if (ours(p->in, p->identity))
		upstare_sys(SYS_close, p->in);
	if (ours(p->out, p->identity))
		upstare_sys(SYS_close, p->out);
	*p = (struct ends){.in = -1, .out = -1};
}

/* Not where the listener has been: the control thread may still be waiting at a number that the program has closed. */
#define BESIDE 32

static int out_of_the_way(int fd)
{
	int high = upstare_high_descriptor(fd);
	int higher = high < 0 ? -1 : (int)upstare_sys(SYS_fcntl, high, F_DUPFD_CLOEXEC, high + BESIDE);
	if (higher < 0)
		return high;
	upstare_sys(SYS_close, high);
	return higher;
}

static void make(struct ends *p)
{
	int fd[2];
	drop(p);
	if (upstare_sys(SYS_pipe2, fd, O_CLOEXEC | O_NONBLOCK))
		return;
	p->identity = upstare_descriptor_identity(fd[0]);
	p->out = out_of_the_way(fd[1]);
	__atomic_store_n(&p->in, out_of_the_way(fd[0]), __ATOMIC_RELEASE);
}

/*
 * An end to be used now: a duplicate, so that nothing else can come to stand behind the number between a look and the use;
 * the end itself where there may be no more descriptors; -1: it is lost.
 */
static int hold(int fd, unsigned long long identity)
{
	if (!ours(fd, identity))
		return -1;
	int copy = (int)upstare_sys(SYS_fcntl, fd, F_DUPFD_CLOEXEC, fd);
	if (copy < 0)
		return fd;
	if (ours(copy, identity))
		return copy;
	upstare_sys(SYS_close, copy);
	return -1;
}

static void let_go(int held, int fd)
{
	if (held >= 0 && held != fd)
		upstare_sys(SYS_close, held);
}

static bool raise_pipe(const struct ends *p)
{
	int out = hold(p->out, p->identity), in = hold(p->in, p->identity);
	if (out >= 0 && in >= 0 && !(upstare_pipe_ready(in, POLLIN) & POLLIN))
		upstare_sys(SYS_write, out, "", 1);
	let_go(out, p->out);
	let_go(in, p->in);
	return out >= 0 && in >= 0;
}

static void lower_pipe(const struct ends *p)
{
	char nothing[64];
	int in = hold(p->in, p->identity);
	if (in < 0)
		return;
	while (upstare_sys(SYS_read, in, nothing, sizeof(nothing)) > 0)
		;
	let_go(in, p->in);
}

/* ---- the process's own ---- */

int upstare_pipe_own(void)
{
	int in = __atomic_load_n(&own.in, __ATOMIC_ACQUIRE);
	if (__builtin_expect(ours(in, own.identity), 1))
		return in;
	uint64_t mask;
	/* The child of a vfork has its parent's memory and descriptors of its own. */
	if (upstare_raw_getpid() != upstare_pid)
		return -1;
	upstare_lock(&mask);
	if (!ours(own.in, own.identity) || !ours(own.out, own.identity)) {
		make(&own);
		if (__atomic_load_n(&upstare_want, __ATOMIC_ACQUIRE) & UPSTARE_WANT_UPDATE)
			raise_pipe(&own);
	}
	in = own.in;
	upstare_unlock(&mask);
	return in;
}

int upstare_pipe_own_if_any(void)
{
	int in = __atomic_load_n(&own.in, __ATOMIC_ACQUIRE);
	return in >= 0 && ours(in, own.identity) ? in : -1;
}

int upstare_pipe_unseen(void)
{
	return __atomic_load_n(&own.in, __ATOMIC_ACQUIRE);
}

void upstare_pipe_own_lost(void)
{
	uint64_t mask;
	if (upstare_raw_getpid() != upstare_pid)
		return;
	upstare_lock(&mask);
	if (!ours(own.out, own.identity))
		drop(&own);
	upstare_unlock(&mask);
}

long upstare_pipe_tee(int fd)
{
	uint64_t mask;
	long r = 0;
	if (upstare_pipe_own() < 0)
		return 0;
	upstare_lock(&mask);
	int out = hold(own.out, own.identity);
	if (out >= 0)
		r = upstare_sys(SYS_tee, fd, out, 1, SPLICE_F_NONBLOCK);
	let_go(out, own.out);
	if (r > 0 && !(__atomic_load_n(&upstare_want, __ATOMIC_ACQUIRE) & UPSTARE_WANT_UPDATE))
		lower_pipe(&own);
	upstare_unlock(&mask);
	return r;
}

void upstare_pipe_raise(void)
{
	__atomic_add_fetch(&upstare_pipe_bell, 1, __ATOMIC_SEQ_CST);
	upstare_futex_wake(&upstare_pipe_bell, INT_MAX);
	if (own.in >= 0 && !raise_pipe(&own))
		__atomic_store_n(&upstare_pipe_doubt, true, __ATOMIC_RELAXED);
}

void upstare_pipe_lower(void)
{
	lower_pipe(&own);
}

/* ---- the tree's ---- */

void upstare_pipe_make_tree(void)
{
	make(&tree);
	tree_over = false;
}

int upstare_pipe_tree(void)
{
	return !tree_over && ours(tree.in, tree.identity) ? tree.in : -1;
}

void upstare_pipe_tree_lost(void)
{
	tree_over = true;
}

bool upstare_pipe_call_tree(void)
{
	return raise_pipe(&tree);
}

void upstare_pipe_call_tree_off(void)
{
	lower_pipe(&tree);
}

void upstare_pipe_forked(void)
{
	drop(&own);
	if (ours(tree.out, tree.identity))
		upstare_sys(SYS_close, tree.out);
	tree.out = -1;
}
