#include <stdio.h>
#include <stdlib.h>
static int depth;
long fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
static int cmp(const void *a, const void *b) { depth++; return *(const int *)a - *(const int *)b; }
static void sort(int *a, int n, int (*less)(const void *, const void *))
{
	for (int i = 1; i < n; i++)
		for (int k = i; k > 0 && less(&a[k - 1], &a[k]) > 0; k--) {
			int t = a[k];
			a[k] = a[k - 1];
			a[k - 1] = t;
		}
}

int main(int argc, char **argv)
{
	int a[5] = {5, 3, 1, 4, 2}, i;
	const long r = fib(argc > 1 ? atoi(argv[1]) : 20), s = r + fib(3);
	sort(a, 5, cmp);
	for (i = 0; i < 5; i++)
		printf("%d ", a[i]);
	while (depth > 0 && printf("%ld %ld\n", r, s) > 0)
		if (--depth < 3)
			break;
	return 0;
}
