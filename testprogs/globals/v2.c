/* As v1, with other types and initialisers. */
#include "testprog.h"

struct point {
	long y;
	int added;
	int x;
};

static struct point here = {2, 9, 1};
static long count = 10;
static int table[6] = {1, 2, 3, 4, 5, 6};
static const char *greeting = "hello from v2";
static unsigned char letters[] = "letters of v2";
static const char *chosen = "default of v2";
static int limit = 200;
static int set_limit = 200;
static struct point *corner = &here;
static int *entry = &table[2];
int (*const unchanged_pointer)(const char *) = puts;
static __thread int per_thread = 5;
static struct point points[2] = {{1, 0, 1}, {2, 0, 2}};

static void report(void)
{
	printf("v2: here %d %ld %d, count %ld, table %d %d %d %d %d %d\n", here.x, here.y, here.added, count, table[0],
	       table[1], table[2], table[3], table[4], table[5]);
	printf("v2: %s, %s, %s, limit %d, set limit %d\n", greeting, letters, chosen, limit, set_limit);
	printf("v2: points %d %ld, thread's %d\n", points[0].x, points[1].y, per_thread);
	fact(corner == &here && entry == &table[2], "pointers lead to the variables");
}

int main(void)
{
	begin();
	report();
	here.x = 41;
	count++;
	table[2] = 33;
	chosen = "chosen by the user";
	set_limit = 7;
	per_thread = 6;
	points[1].y = 22;
	gate("values are set");
	report();
	return failures;
}
