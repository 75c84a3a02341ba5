/*
 * Hazard: a function that is active many times on one stack, in two different calls of one expression. The update comes
 * at the bottom of the first descent; every frame has to come back in the new version, at its own call, with its own n.
 * The new version reports each value while the recursion unwinds, and counts the calls that it makes itself.
 */
#include "testprog.h"

static long fib(int n)
{
	static int been_here;

	if (n < 2) {
		if (!been_here) {
			been_here = 1;
			gate("deep");
		}
		return n;
	}
	return fib(n - 1) + fib(n - 2);
}

int main(void)
{
	begin();
	printf("fib(24) = %ld\n", fib(24));
	return failures;
}
