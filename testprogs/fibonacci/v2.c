/* As v1, but values from fib(20) on are reported while the recursion unwinds, and calls are counted from now on. */
#include "testprog.h"

static long calls;

static long fib(int n)
{
	static int been_here;
	long value;

	calls++;
	if (n < 2) {
		if (!been_here) {
			been_here = 1;
			gate("deep");
		}
		return n;
	}
	value = fib(n - 1) + fib(n - 2);
	if (n >= 20)
		printf("v2: fib(%d) = %ld\n", n, value);
	return value;
}

int main(void)
{
	begin();
	printf("fib(24) = %ld\n", fib(24));
	printf("v2: %ld calls\n", calls);
	return failures;
}
