/*
 * Hazard: functions that have called setjmp stand below library code (qsort) when the program is updated, and stay as they are. Whoever comes back to one of
 * them, because the library returns or by longjmp across it, comes to the new version, with the values that it had there, and its buffers lead into the new
 * frame from then on. VERSION is the version; version 2 calls setjmp once more in shifted(), before the others.
 */
#include "testprog.h"
#include <setjmp.h>
#include <signal.h>

enum kind { RETURN, JUMP, NESTED };
static const char *const names[] = {"return", "jump", "nested"};
static enum kind kind;
static jmp_buf outer, *inner;
static sigjmp_buf with_mask;
static int comparisons, gates;

static int version(void)
{
	return VERSION;
}

static void pass_a_gate(void)
{
	char name[40];

	snprintf(name, sizeof(name), "%d, %s", ++gates, names[kind]);
	gate(name);
}

static int compare_inner(const void *a, const void *b)
{
	if (*(const int *)a == 2 || *(const int *)b == 2) {
		pass_a_gate();
		longjmp(*inner, 5);
	}
	return *(const int *)a - *(const int *)b;
}

/* Its buffer stands in its own frame, below two sorts. */
static int nested(int n)
{
	int numbers[] = {3, 1, 2};
	jmp_buf here;
	int code;

	inner = &here;
	code = setjmp(here);
	if (code == 0)
		qsort(numbers, 3, sizeof(int), compare_inner);
	printf("nested %d: %d, in v%d\n", n, code, version());
	return n + code;
}

static int compare(const void *a, const void *b)
{
	if (++comparisons == 3) {
		if (kind == NESTED)
			fact(nested(4) == 9, "the inner one comes back to its caller");
		else
			pass_a_gate();
		if (kind != RETURN)
			longjmp(outer, 7);
	}
	return *(const int *)a - *(const int *)b;
}

static void jump(jmp_buf to, int code)
{
	longjmp(to, code);
}

/* What is not volatile is not changed between setjmp and longjmp. */
static void guarded(enum kind which)
{
	int numbers[] = {5, 3, 9, 1, 7};
	const char *name = names[which];
	volatile int passes = 0;
	double half = which + 0.5;
	int code;

	kind = which;
	comparisons = 0;
	code = setjmp(outer);
	passes++;
	if (code == 0) {
		qsort(numbers, 5, sizeof(int), compare);
		printf("%s: sorted %d %d %d %d %d, in v%d\n", name, numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], version());
	}
	printf("%s: %d, pass %d, %.1f, in v%d\n", name, code, passes, half, version());
	if (passes < 3)
		jump(outer, passes);
}

static int signals(void)
{
	sigset_t now;

	pthread_sigmask(SIG_BLOCK, NULL, &now);
	return sigismember(&now, SIGUSR1);
}

static int compare_masked(const void *a, const void *b)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	pass_a_gate();
	siglongjmp(with_mask, 1 + (a == b));
}

/* The mask is what it was at sigsetjmp. */
static void masked(void)
{
	int numbers[] = {2, 1};

	if (sigsetjmp(with_mask, 1) == 0)
		qsort(numbers, 2, sizeof(int), compare_masked);
	printf("masked: %d, in v%d\n", signals(), version());
}

/* The counterpart of a version's first setjmp is the other one's second. */
static void shifted(void)
{
	jmp_buf first, second;

#if VERSION == 2
	jmp_buf more;

	if (setjmp(more) != 0)
		fact(0, "jumped to the setjmp that only one version has");
#endif
	if (setjmp(first) == 0) {
		if (setjmp(second) == 0) {
			pass_a_gate();
			jump(second, 1);
		}
		printf("shifted: the second, in v%d\n", version());
		pass_a_gate();
		jump(first, 1);
	}
	printf("shifted: the first, in v%d\n", version());
}

int main(void)
{
	begin();
	guarded(JUMP);
	guarded(RETURN);
	guarded(NESTED);
	masked();
	shifted();
	return failures;
}
