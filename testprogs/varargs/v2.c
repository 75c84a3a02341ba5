/* As v1, but the values are told in other words, and the sum is doubled at its end. */
#include "testprog.h"

static void take(const char *kinds, va_list args)
{
	for (const char *k = kinds; *k; k++) {
		if (*k == 'i')
			printf("v2: int %d\n", va_arg(args, int));
		else if (*k == 'd')
			printf("v2: double %.2f\n", va_arg(args, double));
		else if (*k == 's')
			printf("v2: string %s\n", va_arg(args, const char *));
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
	return 2 * total;
}

int main(void)
{
	begin();
	hand_on("ids|isddiisdiisddddddd", 1, 2.5, "three", 4, "five", 6.5, 7.5, 8, 9, "ten", 11.5, 12, 13, "fourteen",
		15.5, 16.5, 17.5, 18.5, 19.5, 20.5, 21.5);
	printf("sum %ld\n", sum(9, 1L, 2L, 4L, 8L, 16L, 32L, 64L, 128L, 256L));
	return failures;
}
