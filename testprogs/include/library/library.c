/*
 * Hazard: a program in two pieces. Frames of its shared library stand between its own when the update comes, the library calls
 * back, its variables are used by both, both have static names that the other has, and pointers to functions of each are held
 * by the other. All of it has to be in the new version afterwards, with one instance of every variable.
 * VERSION: 1, 2 (the numbers tell what runs).
 */
#include "testprog.h"

#include "count.h"
#include "version.h"

static long calls;
static long sum = 1;

static const char *version(void)
{
	return "program v" TEXT(VERSION);
}

static long step(long x)
{
	calls++;
	sum += x;
	return sum;
}

static long visit(void *state, int depth)
{
	int *seen = state;

	gate("in the library's callback");
	*seen += depth + 1;
	return step(*seen);
}

static long hook(void *state, int depth)
{
	return count_standard(state, depth) + (VERSION == 1 ? 7 : 70);
}

static void report(void)
{
	struct summary s = count_summary();

	printf("%s: %ld calls, sum %ld; %s: %ld calls, sum %ld, %d visits, name %s\n", version(), calls, sum, s.version, s.calls, s.sum,
	       count_visits, count_name());
}

int main(void)
{
	int seen = 40;
	visit_fn private = count_private(), standard = count_standard;

	begin();
	count_hook = hook;
	count_visits += 5;
	printf("walked: %ld\n", count_walk(3, visit, &seen));
	report();
	printf("private: %ld\n", private(&seen, 2));
	printf("standard: %ld, %d\n", standard(&seen, 2), standard == count_standard);
	count_hook = standard;
	printf("walked: %ld\n", count_walk(2, private, &seen));
	report();
	return failures;
}
