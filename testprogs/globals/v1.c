/*
 * Hazard: variables whose types and initialisers change: a struct gains and loses fields, an int becomes a long, an
 * array grows, a table gains entries, a message that was never changed gets its new text while a changed one keeps its
 * value, and pointers lead into all of these.
 */
#include "testprog.h"

struct point {
	int x, y;
	int unused;
};

static struct point here = {1, 2, 3};
static int count = 10;
static int table[4] = {1, 2, 3, 4};
static const char *greeting = "hello from v1";
static unsigned char letters[] = "letters of v1";
static const char *chosen = "default of v1";
static int limit = 100;
static int set_limit = 100;
static struct point *corner = &here;
static int *entry = &table[2];
int (*const unchanged_pointer)(const char *) = puts;
static __thread int per_thread = 5;
static struct point points[2] = {{1, 1, 1}, {2, 2, 2}};

static void report(void)
{
	printf("v1: here %d %d, count %d, table %d %d %d %d\n", here.x, here.y, count, table[0], table[1], table[2],
	       table[3]);
	printf("v1: %s, %s, %s, limit %d, set limit %d\n", greeting, letters, chosen, limit, set_limit);
	printf("v1: points %d %d, thread's %d\n", points[0].x, points[1].y, per_thread);
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
