/*
 * Hazard: a function that has called setjmp stands below a frame of the C library (qsort): a longjmp over that frame would find it
 * as it was. The update must time out, name what hinders it, and leave the program alone; the same update works when the
 * sort is over. The comparator waits in the middle.
 */
#include "testprog.h"
#include <setjmp.h>

static int values[] = {5, 3, 9, 1, 7, 2, 8};
static int comparisons;

static int compare(const void *a, const void *b)
{
	if (++comparisons == 4)
		gate("inside the comparator of qsort");
	return *(const int *)a - *(const int *)b;
}

static void sort(void)
{
	static jmp_buf back;

	if (setjmp(back) == 0)
		qsort(values, sizeof(values) / sizeof(values[0]), sizeof(values[0]), compare);
}

int main(void)
{
	begin();
	sort();
	printf("v1: %d %d %d %d %d %d %d\n", values[0], values[1], values[2], values[3], values[4], values[5],
	       values[6]);
	gate("the sort is over");
	comparisons = 0;
	sort();
	printf("v1: %d .. %d\n", values[0], values[6]);
	return failures;
}
