/* As v1, but with Heapsort. */
#include "testprog.h"

#define N 40

static int a[N];
static long steps;

static void step(void)
{
	if (++steps == 500)
		gate("in the middle");
}

static void sift(int *v, int root, int n)
{
	int child;

	while ((child = 2 * root + 1) < n) {
		int t = v[root];

		if (child + 1 < n && v[child + 1] > v[child])
			child++;
		if (t >= v[child])
			return;
		v[root] = v[child];
		v[child] = t;
		root = child;
	}
}

static void sort(int *v, int n)
{
	int heap = n; /* values that are not in their places yet */

	for (int start = heap / 2; start > 0; start--) {
		sift(v, start - 1, heap);
		step();
	}
	while (heap > 1) {
		int t = v[0];

		heap--;
		v[0] = v[heap];
		v[heap] = t;
		sift(v, 0, heap);
		step();
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
