/*
 * Hazard: a function with static variables has another name in each next version. They are kept, under a new key: one points into an
 * array that moves with each update, since its elements change; the other is not used by v2's code, and v3 has to find it
 * all the same. VERSION is the version.
 */
#include "testprog.h"

#if VERSION == 1
#define NEXT next
struct item {
	int number;
};
#elif VERSION == 2
#define NEXT next_item
struct item {
	int number, weight;
};
#else
#define NEXT following
struct item {
	long number;
};
#endif

#define ITEMS 3
static struct item items[ITEMS] = {{.number = 10}, {.number = 20}, {.number = 30}};
static const int counts = VERSION != 2;

static int NEXT(void)
{
	static struct item *at = &items[0];
	static int calls = 100;

	if (++at == items + ITEMS)
		at = items;
	return (int)at->number * 1000 + (counts ? ++calls : 0);
}

static void round_of(int n)
{
	gate("round");
	printf("v%d: round %d, next %d\n", VERSION, n, NEXT());
}

int main(void)
{
	begin();
	for (int n = 1; n <= 8; n++)
		round_of(n);
	return 0;
}
