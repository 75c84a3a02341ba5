/*
 * A single-threaded program for the run mode: deterministic, its main transformed too. It calls fib through a function
 * pointer (a stub), counts calls in a variable whose type differs between the versions (int, long), and has a timer signal
 * whose handler passes update points itself.
 */
#define _GNU_SOURCE
#include "hand.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#if VERSION == 1
typedef int counter_t;
#else
typedef long counter_t;
#endif

counter_t counter;
KEPT long (*op)(int);
KEPT volatile long ticks;

struct record_fib {
	struct __up_header __up_h;
	long t;
	int n;
} __attribute__((aligned(16)));
DESCRIPTOR(fib);
#define SAVE_FIB                                                                                                       \
	saved->t = t;                                                                                                 \
	saved->n = n

extern long stub_fib(int) __asm__("upstare_f_fib");
#ifndef PATCH
__asm__(".pushsection .text\n\t.globl upstare_f_fib\nupstare_f_fib:\n\tjmp *upstare_s_fib(%rip)\n\t.popsection");
#define STUB "upstare_f_fib"
#else
__asm__(".pushsection .text\nupstare_o_fib:\n\tjmp *upstare_s_fib(%rip)\n\t.popsection\n\t.weak upstare_f_fib");
#define STUB "upstare_o_fib"
#endif
__asm__(".pushsection .data\n\t.balign 8\nupstare_s_fib: .quad fib_body\n\t.popsection\n\t"
	".pushsection upstare_stubs,\"a\",@progbits\n\t.balign 4\n\t.long 77f-., " STUB "-., upstare_s_fib-.\n\t.popsection\n\t"
	".pushsection .rodata\n77: .asciz \"fib\"\n\t.popsection");

__attribute__((noinline, visibility("hidden"))) long fib(int n) __asm__("fib_body");
long fib(int n)
{
	long t = 0;
	counter++;
	if (n < 2)
		return n;
	t = fib(n - 1);
	CHECK(fib, 0, SAVE_FIB);
	long u = op(n - 2);
	CHECK(fib, 1, SAVE_FIB; saved->t = t + u);
	return t + u;
end:
	return 0;
}

long upstare_c_fib(void) __attribute__((visibility("hidden")));
long upstare_c_fib(void)
{
	struct record_fib *r = upstare_pop();
	long t = r->t, u = 0;
	int n = r->n;
	switch (r->__up_h.point) {
	case 0 | UPSTARE_AFTER:
		upstare_resumed();
		goto after_first;
	case 0:
		t = ((long (*)(void))upstare_next())();
		goto after_first;
	case 1 | UPSTARE_AFTER:
		upstare_resumed();
		return t;
	default:
		u = ((long (*)(void))upstare_next())();
		goto after_second;
	}
after_first:
	CHECK(fib, 0, SAVE_FIB);
	u = op(n - 2);
after_second:
	CHECK(fib, 1, SAVE_FIB; saved->t = t + u);
	return t + u;
end:
	return 0;
}

static void tick(int number)
{
	(void)number;
	ticks += fib(3);
}

struct record_main {
	struct __up_header __up_h;
	long sum;
	int *status;
	int i;
} __attribute__((aligned(16)));
extern const struct upstare_function upstare_d_main __attribute__((visibility("hidden")));
#define SAVE_MAIN                                                                                                      \
	saved->sum = sum;                                                                                             \
	saved->i = i;                                                                                                 \
	saved->status = status;                                                                                       \
	RETAIN(status)

#define BODY                                                                                                           \
	for (; i < 30; i++) {                                                                                          \
		sum += (TAKE);                                                                                         \
	after:                                                                                                         \
		CHECK(main, 0, SAVE_MAIN);                                                                             \
		*status += (int)(sum & 7);                                                                             \
		printf("%d %ld\n", i, sum);                                                                            \
	}                                                                                                              \
	struct itimerval off;                                                                                          \
	memset(&off, 0, sizeof(off));                                                                                  \
	setitimer(ITIMER_REAL, &off, NULL);                                                                            \
	printf("status %d\n", *status);                                                                                \
	return *status & 63

int upstare_main(int argc, char **argv, char **envp);
int upstare_main(int argc, char **argv, char **envp)
{
	long sum = 0;
	int i = 0, storage[4] = {0}, *status = storage;
	(void)argv;
	(void)envp;
	op = stub_fib;
	if (argc > 1) {
		struct itimerval often = {{0, 300}, {0, 300}};
		struct sigaction action;
		memset(&action, 0, sizeof(action));
		action.sa_handler = tick;
		action.sa_flags = SA_RESTART;
		sigaction(SIGALRM, &action, NULL);
		setitimer(ITIMER_REAL, &often, NULL);
	}
#define TAKE fib(12)
	BODY;
	if (0)
		goto after;
end:
	return 0;
}
#undef TAKE

int upstare_c_main(void) __attribute__((visibility("hidden")));
int upstare_c_main(void)
{
	struct record_main *r = upstare_pop();
	long sum = r->sum;
	int i = r->i, *status = r->status;
	if (r->__up_h.point & UPSTARE_AFTER)
		upstare_resumed();
	else
		sum += ((long (*)(void))upstare_next())();
	goto after;
#define TAKE fib(12)
	BODY;
end:
	return 0;
}

__attribute__((used)) static void tables(void)
{
	NAME(fib);
	FUNCTION(fib, struct record_fib, 2);
	POINTS(fib);
	POINT(fib, CALLEE(fib), 0, "0", 0);
	POINT(fib, "0", 0, "0", 0);
	FUNCTION(main, struct record_main, 1);
	INPLACE(inplace_main, struct record_main, status, 16);
	POINTS(main);
	POINT(main, CALLEE(fib), 0, "inplace_main-.", 1);
}

#define VARIABLE(NAME_, SIZE)                                                                                          \
	__asm__(".pushsection upstare_variables,\"aw\",@progbits\n\t.balign 8\n\t.long 75f-., " #SIZE "\n\t.quad " #NAME_ OF_FIELD     \
		"\n\t.popsection\n\t.pushsection .rodata\n75: .asciz \"" #NAME_ "\"\n\t.popsection")
#ifndef PATCH
#define OF_FIELD "-."
VARIABLE(counter, 4);
VARIABLE(op, 8);
VARIABLE(ticks, 8);
#else
#define OF_FIELD
#if VERSION == 1
VARIABLE(counter, 4);
#else
VARIABLE(counter, 8);
#endif

static int convert(struct upstare_context *context, const void *old, void *new)
{
	(void)context;
	*(counter_t *)new = (counter_t)*(const int *)old;
	return *(const int *)old < 0;
}

static const struct upstare_map maps[] = {
	{.old_key = "fib", .old_layout = 4711, .npoints = 2, .new_function = &upstare_d_fib, .new_size = sizeof(struct record_fib)},
	{.old_key = "main", .old_layout = 4711, .npoints = 1, .new_function = &upstare_d_main, .new_size = sizeof(struct record_main)},
};
static const struct upstare_global globals[] = {
	{"counter", "counter", &counter, sizeof(counter), 0, convert},
};
static const struct upstare_import imports[] = {
	{"op", "op", NULL, NULL, UPSTARE_IMPORT_VARIABLE, 8},
	{"ticks", "ticks", NULL, NULL, UPSTARE_IMPORT_VARIABLE, 8},
	{"upstare_f_fib", "fib", "fib", NULL, UPSTARE_IMPORT_STUB, 0},
};
extern const struct upstare_patch upstare_patch_info __attribute__((visibility("hidden")));
const struct upstare_patch upstare_patch_info = {
	.program = "counted",
	.old_build_id = OLD_ID,
	.new_build_id = NEW_ID,
	.description = "test",
	.maps = maps,
	.nmaps = 2,
	.globals = globals,
	.nglobals = 1,
	.imports = imports,
	.nimports = 3,
};
#endif
