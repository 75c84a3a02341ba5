/*
 * Hazard: the frame of the program's own library stands below a library that nobody transformed (qsort), and that calls back into
 * both. The frames below stay where they are at the update, and go on in the new version when qsort returns: also the library's.
 * VERSION: 1, 2 (other words).
 */
#include "testprog.h"

#include "sorting.h"
#include "version.h"

static int calls;

static int before(int a, int b)
{
	if (++calls == 20)
		gate("in a comparison");
	return (a > b) - (a < b);
}

static int sort_all(int seed)
{
	int values[40], result;

	for (int i = 0; i < 40; i++)
		values[i] = (i * 37 + seed) % 101;
	result = sorting_run(values, 40, before);
	printf("program v" TEXT(VERSION) ": %d, in order: %d\n", result, values[0] <= values[1] && values[38] <= values[39]);
	return result;
}

int main(void)
{
	begin();
	printf("sum %d\n", sort_all(5) + sort_all(50));
	return failures;
}
