/*
 * The program under test: work() recurses with storage that its callees write through pointers, spins at the bottom, and
 * returns how often each version's code has run (the outermost call, a thread's start, leaves its storage in sum_of_cells); wait_in() blocks in one of the wrapped calls; sorted() has a library frame
 * (qsort) above its comparator. VERSION 1 is the executable, others are patches.
 */
#define _GNU_SOURCE
#include "hand.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

KEPT volatile int stop, bottom;
KEPT volatile long sum_of_cells;
KEPT int pipe_fd;
KEPT pthread_mutex_t mutex;
KEPT pthread_cond_t condition;
KEPT volatile int ready;

/* ---- work ---- */

struct record_work {
	struct __up_header __up_h;
	long *cell;
	long *up;
	long t;
	int depth;
} __attribute__((aligned(16)));
DESCRIPTOR(work);
#define SAVE_WORK                                                                                                      \
	saved->cell = &cell[0];                                                                                       \
	RETAIN(cell);                                                                                             \
	saved->up = up;                                                                                               \
	saved->t = t;                                                                                                 \
	saved->depth = depth

__attribute__((noinline, visibility("hidden"))) long work(int depth, long *up) __asm__("work_body");
long work(int depth, long *up)
{
	long cell[8], t = 0;
	for (int i = 0; i < 8; i++)
		cell[i] = depth;
	RETAIN(cell);
	if (depth == 0) {
		__atomic_add_fetch(&bottom, 1, __ATOMIC_SEQ_CST);
		while (!stop)
			CHECK(work, 1, SAVE_WORK);
	} else {
		t = work(depth - 1, cell);
		CHECK(work, 0, SAVE_WORK);
	}
	for (int i = 0; up && i < 8; i++)
		up[i] += cell[i];
	if (!up)
		__atomic_add_fetch(&sum_of_cells, cell[7], __ATOMIC_SEQ_CST);
	return t + (VERSION == 1 ? 1 : 1000000);
end:
	return 0;
}

long upstare_c_work(void) __attribute__((visibility("hidden")));
long upstare_c_work(void)
{
	long own[8], *cell = own, t = 0, *up;
	int depth;
	struct record_work *r = upstare_pop();
	cell = r->cell;
	up = r->up;
	t = r->t;
	depth = r->depth;
#undef SAVE_WORK
#define SAVE_WORK                                                                                                      \
	saved->cell = cell;                                                                                           \
	RETAIN(cell);                                                                                             \
	saved->up = up;                                                                                               \
	saved->t = t;                                                                                                 \
	saved->depth = depth
	switch (r->__up_h.point) {
	case 1 | UPSTARE_AFTER:
		upstare_resumed();
		while (!stop)
			CHECK(work, 1, SAVE_WORK);
		break;
	case 0 | UPSTARE_AFTER:
		upstare_resumed();
		break;
	case 0:
		t = ((long (*)(void))upstare_next())();
		CHECK(work, 0, SAVE_WORK);
		break;
	}
	for (int i = 0; up && i < 8; i++)
		up[i] += cell[i];
	if (!up)
		__atomic_add_fetch(&sum_of_cells, cell[7], __ATOMIC_SEQ_CST);
	return t + (VERSION == 1 ? 1 : 1000000);
end:
	return 0;
}

/* Started through its stub, so that a new thread runs the newest code. */
#ifndef PATCH
#define STUB "upstare_f_work"
#else
#define STUB "upstare_o_work"
#endif
__asm__(".pushsection .text\n\t.globl " STUB "\n\t.hidden " STUB "\n" STUB ":\n\tjmp *upstare_s_work(%rip)\n\t.popsection\n\t"
	".pushsection .data\n\t.balign 8\nupstare_s_work: .quad work_body\n\t.popsection\n\t"
	".pushsection upstare_stubs,\"a\",@progbits\n\t.balign 4\n\t.long 77f-., " STUB "-., upstare_s_work-.\n\t.popsection\n\t"
	".pushsection .rodata\n77: .asciz \"work\"\n\t.popsection");

/* ---- waiting ---- */

struct record_wait_in {
	struct __up_header __up_h;
	char *c;
	long r;
	int what;
} __attribute__((aligned(16)));
DESCRIPTOR(wait_in);
#define SAVE_WAIT                                                                                                      \
	saved->c = c;                                                                                                 \
	RETAIN(c);                                                                                                \
	saved->r = r;                                                                                                 \
	saved->what = what
#define CALLS                                                                                                          \
	case WAIT_READ:                                                                                                \
		r = upstare_w_read(pipe_fd, c, 1);                                                                     \
	after_read:                                                                                                    \
		CHECK(wait_in, 0, SAVE_WAIT);                                                                          \
		r = r == 1 ? *c : -errno;                                                                              \
		break;                                                                                                 \
	case WAIT_MUTEX:                                                                                               \
		r = upstare_w_pthread_mutex_lock(&mutex);                                                              \
	after_mutex:                                                                                                   \
		CHECK(wait_in, 1, SAVE_WAIT);                                                                          \
		if (r == 0)                                                                                            \
			pthread_mutex_unlock(&mutex);                                                                  \
		break;                                                                                                 \
	case WAIT_CONDITION:                                                                                           \
		pthread_mutex_lock(&mutex);                                                                            \
		while (!ready) {                                                                                       \
			r = upstare_w_pthread_cond_wait(&condition, &mutex);                                           \
		after_condition:                                                                                       \
			CHECK(wait_in, 2, SAVE_WAIT);                                                                  \
		}                                                                                                      \
		pthread_mutex_unlock(&mutex);                                                                          \
		break;                                                                                                 \
	case WAIT_SLEEP: {                                                                                             \
		struct timespec t = {0, 300000000};                                                                    \
		r = upstare_w_nanosleep(&t, NULL);                                                                     \
	after_sleep:                                                                                                   \
		CHECK(wait_in, 3, SAVE_WAIT);                                                                          \
		break;                                                                                                 \
	}

int upstare_w_pthread_mutex_lock(pthread_mutex_t *);
int upstare_w_pthread_cond_wait(pthread_cond_t *, pthread_mutex_t *);
ssize_t upstare_w_read(int, void *, size_t);
int upstare_w_nanosleep(const struct timespec *, struct timespec *);

__attribute__((noinline)) long wait_in(int what)
{
	char c[16];
	long r = 0;
	switch (what) {
		CALLS
	}
	return r * 10 + VERSION;
	if (0)
		goto after_read;
	if (0)
		goto after_mutex;
	if (0)
		goto after_condition;
	if (0)
		goto after_sleep;
end:
	return 0;
}

long upstare_c_wait_in(void) __attribute__((visibility("hidden")));
long upstare_c_wait_in(void)
{
	struct record_wait_in *record = upstare_pop();
	char *c = record->c;
	long r = record->r;
	int what = record->what;
	bool_t after = record->__up_h.point & UPSTARE_AFTER;
	uint32_t point = record->__up_h.point & ~UPSTARE_AFTER;
	if (after)
		upstare_resumed();
	else
		r = point == 0 ? ((long (*)(void))upstare_next())() : ((int (*)(void))upstare_next())();
	switch (point) {
	case 0:
		goto after_read;
	case 1:
		goto after_mutex;
	case 2:
		goto after_condition;
	case 3:
		goto after_sleep;
	}
	switch (what) {
		CALLS
	}
	return r * 10 + VERSION;
end:
	return 0;
}

/* ---- a library's frame in between ---- */

struct record_compare {
	struct __up_header __up_h;
	const int *a, *b;
} __attribute__((aligned(16)));
DESCRIPTOR(compare);

int compare(const void *a, const void *b)
{
	__atomic_add_fetch(&bottom, 1, __ATOMIC_SEQ_CST);
	while (!stop)
		CHECK(compare, 0, (void)saved);
	return *(const int *)a - *(const int *)b;
end:
	return 0;
}

long upstare_c_compare(void) __attribute__((visibility("hidden")));
long upstare_c_compare(void)
{
	return 0;
}

/* ---- tables ---- */

__attribute__((used)) static void tables(void)
{
	NAME(work);
	NAME(read);
	NAME(pthread_mutex_lock);
	NAME(pthread_cond_wait);
	NAME(nanosleep);
	INPLACE(inplace_work, struct record_work, cell, 64);
	FUNCTION(work, struct record_work, 2);
	POINTS(work);
	POINT(work, CALLEE(work), 0, "inplace_work-.", 1);
	POINT(work, "0", 1, "inplace_work-.", 1);
	INPLACE(inplace_wait, struct record_wait_in, c, 16);
	FUNCTION(wait_in, struct record_wait_in, 4);
	POINTS(wait_in);
	POINT(wait_in, CALLEE(read), 0, "inplace_wait-.", 1);
	POINT(wait_in, CALLEE(pthread_mutex_lock), 0, "inplace_wait-.", 1);
	POINT(wait_in, CALLEE(pthread_cond_wait), 0, "inplace_wait-.", 1);
	POINT(wait_in, CALLEE(nanosleep), 0, "inplace_wait-.", 1);
	FUNCTION(compare, struct record_compare, 1);
	POINTS(compare);
	POINT(compare, "0", 1, "0", 0);
}

#define VARIABLE(NAME_)                                                                                                \
	__asm__(".pushsection upstare_variables,\"a\",@progbits\n\t.balign 8\n\t.long 75f-., 0\n\t.quad " #NAME_             \
		"-.\n\t.popsection\n\t.pushsection .rodata\n75: .asciz \"" #NAME_ "\"\n\t.popsection")

#ifndef PATCH
VARIABLE(stop);
VARIABLE(bottom);
VARIABLE(sum_of_cells);
VARIABLE(pipe_fd);
VARIABLE(mutex);
VARIABLE(condition);
VARIABLE(ready);
#else

#ifndef TRANSFORM
#define TRANSFORM NULL
#else
static int TRANSFORM(struct upstare_context *context, const void *old, void *new)
{
	(void)context;
	(void)old;
	(void)new;
	return 1;
}
#endif

#define MAP(M, RECORD, N, T)                                                                                            \
	{.old_key = #M, .old_layout = 4711, .npoints = N, .new_function = &upstare_d_##M, .new_size = sizeof(RECORD), .transform = T}
static const struct upstare_map maps[] = {
	MAP(work, struct record_work, 2, TRANSFORM),
	MAP(wait_in, struct record_wait_in, 4, NULL),
	MAP(compare, struct record_compare, 1, NULL),
};

#define IMPORT(NAME_) {#NAME_, #NAME_, NULL, NULL, UPSTARE_IMPORT_VARIABLE, 0}
static const struct upstare_import imports[] = {
	IMPORT(stop), IMPORT(bottom), IMPORT(sum_of_cells), IMPORT(pipe_fd), IMPORT(mutex), IMPORT(condition), IMPORT(ready),
};

/* A variable whose address only the runtime needs, which it transforms (LACKS=1) or gives a new value (LACKS=2). */
#ifdef LACKS
static int lacked;

static int fill(struct upstare_context *context, const void *old, void *new)
{
	(void)context;
	memcpy(new, old, sizeof(lacked));
	return 0;
}

static int value(struct upstare_context *context, const void *current, void *out)
{
	(void)context;
	memcpy(out, current, sizeof(lacked));
	return 1;
}

static const struct upstare_global globals[] = {
	{.old_key = "program.c:lacked", .new_key = "program.c:lacked", .address = &lacked, .size = sizeof(lacked), .transform = fill},
};
static const struct upstare_reinit reinits[] = {{"program.c:lacked", sizeof(lacked), value}};
#endif

extern const struct upstare_patch upstare_patch_info __attribute__((visibility("hidden")));
const struct upstare_patch upstare_patch_info = {
	.program = "program",
	.old_build_id = OLD_ID,
	.new_build_id = NEW_ID,
	.description = "test",
	.maps = maps,
	.nmaps = 3,
	.imports = imports,
	.nimports = sizeof(imports) / sizeof(imports[0]),
#ifdef LACKS
	.globals = globals,
	.nglobals = LACKS == 1,
	.reinits = reinits,
	.nreinits = LACKS == 2,
#endif
};
#endif
