/* Another plug-in, with names like the first one's. */
#include <stdio.h>

#include "host.h"

static struct {
	long before, turns, sum;
} state = {1, 5, 6};
int visible = 2000;

static const char *name(void)
{
	return "b v2";
}

long helper(int depth)
{
	visible += 20;
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
