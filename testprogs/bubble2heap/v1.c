/*
 * Hazard: a multiply nested long-lived loop is replaced by another one in the middle. After i passes of Bubblesort the
 * i largest values are in their places; Heapsort, over other variables, a helper and two phases, has to begin with
 * building a heap of the others. No tool can know that; user/ says it.
 */
#include "testprog.h"

#define N 40

static int a[N];
static long steps;

static void step(void)
{
	if (++steps == 500)
		gate("in the middle");
}

static void sort(int *v, int n)
{
	for (int i = 0; i < n - 1; i++) {
		for (int j = 0; j < n - 1 - i; j++) {
			if (v[j] > v[j + 1]) {
				int t = v[j];

				v[j] = v[j + 1];
				v[j + 1] = t;
			}
			step();
		}
	}
}

int main(void)
{
	unsigned x = 12345;
	int sorted = 1;
	long sum = 0;

	begin();
	for (int i = 0; i < N; i++) {
		x = x * 1103515245 + 12345;
		a[i] = x >> 16 & 1023;
		sum += a[i];
	}
	sort(a, N);
	for (int i = 0; i < N; i++) {
		sum -= a[i];
		if (i)
			sorted &= a[i - 1] <= a[i];
	}
	fact(sorted, "sorted");
	fact(sum == 0, "the same values");
	printf("%ld steps\n", steps);
	return failures;
}
