/* A plug-in. */
#include <stdio.h>

#include "host.h"
#include "version.h"

static long state = 100;
int visible = 1000; /* b.so has one of that name */

static const char *name(void)
{
	return "a v" TEXT(VERSION);
}

long helper(int depth)
{
	visible++;
	return state++ * (10 * VERSION) + depth;
}

long run(int depth)
{
	long sum = helper(depth);

	if (depth > 0)
		sum += run(depth - 1);
	if (depth >= 0)
		sum += host_log(name(), depth);
	printf("%s: state %ld, visible %d\n", name(), state, visible);
	return sum;
}
