/*
 * Hazard: va_list points into the register save area and the arguments of a frame that is taken down; both an own
 * va_list and one that was handed on must go on where they were, with integers, doubles and pointers of both areas left
 * to read.
 */
#include "testprog.h"

static void take(const char *kinds, va_list args)
{
	for (const char *k = kinds; *k; k++) {
		if (*k == 'i')
			printf("v1: i %d\n", va_arg(args, int));
		else if (*k == 'd')
			printf("v1: d %.2f\n", va_arg(args, double));
		else if (*k == 's')
			printf("v1: s %s\n", va_arg(args, const char *));
		else
			gate("arguments half read");
	}
}

static void hand_on(const char *kinds, ...)
{
	va_list args;

	va_start(args, kinds);
	take(kinds, args);
	va_end(args);
}

static long sum(int n, ...)
{
	va_list args;
	long total = 0;

	va_start(args, n);
	for (int i = 0; i < n; i++) {
		if (i == 3)
			gate("own arguments half read");
		total += va_arg(args, long);
	}
	va_end(args);
	return total;
}

int main(void)
{
	begin();
	hand_on("ids|isddiisdiisddddddd", 1, 2.5, "three", 4, "five", 6.5, 7.5, 8, 9, "ten", 11.5, 12, 13, "fourteen",
		15.5, 16.5, 17.5, 18.5, 19.5, 20.5, 21.5);
	printf("sum %ld\n", sum(9, 1L, 2L, 4L, 8L, 16L, 32L, 64L, 128L, 256L));
	return failures;
}
