/*
 * Hazard: the thread has passed the place where the new version makes a table, and is in a call that the new version makes with
 * other arguments. The user's code makes up for both; what it needs of the new version are static names.
 */
#include "testprog.h"

static long total;

static int __attribute__((noinline)) next(const char *name)
{
	gate(name);
	return 3;
}

int main(void)
{
	begin();
	for (int i = 0; i < 3; i++) {
		total += next("next");
		printf("v1: turn %d, total %ld\n", i, total);
	}
	return failures;
}
