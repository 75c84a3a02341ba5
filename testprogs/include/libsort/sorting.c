/* Part of libsorting.so: calls libc, which calls back. */
#include <stdio.h>
#include <stdlib.h>

#include "sorting.h"
#include "version.h"

static before_fn order;
static int compared;

static int compare(const void *a, const void *b)
{
	compared++;
	return order(*(const int *)a, *(const int *)b);
}

int sorting_run(int *values, int n, before_fn before)
{
	int first = values[0];

	order = before;
	qsort(values, n, sizeof(*values), compare);
	printf("library v" TEXT(VERSION) ": %d values, the first was %d, compared %s\n", n, first, compared > n ? "often" : "seldom");
	return values[0] + values[n - 1];
}
