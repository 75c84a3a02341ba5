/* Another plug-in, with names like the first one's. */
#include <stdio.h>

#include "host.h"
#include "version.h"

static struct {
#if VERSION == 1
	long turns, sum;
} state = {5, 6};
#else
	long before, turns, sum;
} state = {1, 5, 6};
#endif
int visible = 2000;

static const char *name(void)
{
	return "b v" TEXT(VERSION);
}

long helper(int depth)
{
	visible += 10 * VERSION;
	state.sum += depth;
	return state.turns++;
}

long run(int depth)
{
	long sum = helper(depth);

	if (depth > 0)
		sum += host_log(name(), depth);
	host_lines++;
	printf("%s: turns %ld, sum %ld, visible %d\n", name(), state.turns, state.sum, visible);
	return sum;
}
