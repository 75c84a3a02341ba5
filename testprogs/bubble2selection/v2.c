/* As v1, but with Selectionsort. */
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
	for (int end = n - 1; end > 0; end--) {
		int largest = 0, t;

		for (int k = 1; k <= end; k++) {
			if (v[k] > v[largest])
				largest = k;
			step();
		}
		t = v[end];
		v[end] = v[largest];
		v[largest] = t;
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
