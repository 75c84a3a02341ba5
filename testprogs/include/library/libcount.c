/* Part of libcount.so: frames of it stand on the stack between the program's, above and below them. */
#include <stdio.h>

#include "count.h"
#include "version.h"

int count_visits = 10;
visit_fn count_hook = count_standard;

static long calls; /* the program has static names like these, too */
static long sum = 100;

static const char *version(void)
{
	return "library v" TEXT(VERSION);
}

static long step(long x)
{
	static int turns = 1;

	calls++;
	return x * (1 + 2 * VERSION) + turns++;
}

long count_standard(void *state, int depth)
{
	(void)state;
	return step(depth);
}

static long private_visit(void *state, int depth)
{
	return count_standard(state, depth) + 1000 * VERSION;
}

visit_fn count_private(void)
{
	return private_visit;
}

long count_walk(int depth, visit_fn visit, void *state)
{
	long before = sum, result;

	count_visits++;
	if (depth == 0) {
		result = visit(state, depth);
	} else {
		result = count_walk(depth - 1, visit, state);
		result += count_hook(state, depth);
	}
	sum += step(depth);
	printf("%s: depth %d, %ld -> %ld, result %ld\n", version(), depth, before, sum, result);
	return result;
}

struct summary count_summary(void)
{
	return (struct summary){calls, sum, version()};
}

const char *count_name(void)
{
	return VERSION == 1 ? "one" : "two";
}
