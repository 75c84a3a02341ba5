/* A plug-in that uses another one's function and variable without naming it when it is linked, as Apache's proxy modules do. */
#include <stdio.h>

#include "common.h"
#include "host.h"
#include "version.h"

static long (*add)(long) = common_add;

long run(int depth)
{
	long sum = common_add(1) + add(2);

	common_count += depth;
	printf("user v" TEXT(VERSION) ": sum %ld, count %ld\n", sum, common_count);
	return sum;
}
