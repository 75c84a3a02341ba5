/*
 * Hazard: a function that has called setjmp stands below a frame of the C library (qsort), and the new version calls it no more: a longjmp across the library
 * would find no place there. The update waits until the sort is over. VERSION is the version.
 */
#include "testprog.h"
#include <setjmp.h>

static jmp_buf back;

static int compare(const void *a, const void *b)
{
	gate("in the comparison");
	return *(const int *)a - *(const int *)b;
}

static void sort(void)
{
	int numbers[] = {2, 1};

#if VERSION == 1
	if (setjmp(back))
		return;
#endif
	qsort(numbers, 2, sizeof(int), compare);
	printf("v%d: %d %d\n", VERSION, numbers[0], numbers[1]);
}

int main(void)
{
	begin();
	sort();
	gate("the sort is over");
	sort();
	printf("v%d, %zu\n", VERSION, sizeof(back) / sizeof(jmp_buf));
	return failures;
}
