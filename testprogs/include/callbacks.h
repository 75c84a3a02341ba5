/*
 * Hazard: frames of a library (qsort) stand between two of ours, twice. The innermost ones move at once; those below the library
 * move when it returns, through all versions that have come meanwhile. VERSION: 1, 2, 3.
 */
#include "testprog.h"

struct item {
	int key;
	double weight;
};

static int comparisons[4], sorts;

static int compare(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (++comparisons[0] == 5 || comparisons[0] == 12)
		gate("inside the comparator");
	comparisons[VERSION]++;
	return x->key - y->key;
}

/* Compares by sorting: another library frame above our own. */
static int compare_by_sorting(const void *a, const void *b)
{
	struct item pair[3] = {*(const struct item *)a, *(const struct item *)b, {1000, 0}};
	int first = pair[0].key;
#if VERSION > 1
	int more = 1;
#endif

	qsort(pair, 3, sizeof(pair[0]), compare);
	sorts++;
#if VERSION > 1
	if (more != 1)
		puts("a new variable has lost its value");
#endif
	return first == pair[0].key ? -1 : 1;
}

static void sort(struct item *items, int n, double keep)
{
	double kept = keep * 2;
	int sum = 0;

	qsort(items, (size_t)n, sizeof(*items), compare_by_sorting);
	for (int i = 0; i < n; i++) {
#if VERSION == 1
		sum += items[i].key;
#else
		int key = items[i].key;

		sum += key + 1000 * VERSION;
#endif
	}
	printf("sum %d, kept %g, by v%d\n", sum, kept, VERSION);
}

int main(void)
{
	struct item items[] = {{5, 0}, {3, 0}, {9, 0}, {1, 0}, {7, 0}, {2, 0}, {8, 0}};

	begin();
	sort(items, 7, 1.25);
	for (int i = 0; i < 7; i++)
		printf("%d%c", items[i].key, i < 6 ? ' ' : '\n');
	printf("%d comparisons in %d sorts: v1 %d, v2 %d, v3 %d\n", comparisons[0], sorts, comparisons[1], comparisons[2],
	       comparisons[3]);
	return failures;
}
