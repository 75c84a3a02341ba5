/* As v1, but every turn is counted in a table that is made before the loop, and next() is told by how much. */
#include "testprog.h"

struct table {
	int turns[8];
	int (*weight)(int);
};

static long total;
static struct table *table;

static int weight(int i)
{
	return 10 + i;
}

static struct table *__attribute__((noinline)) make_table(int (*function)(int))
{
	struct table *t = calloc(1, sizeof(*t));

	if (t)
		t->weight = function;
	return t;
}

static int __attribute__((noinline)) next(const char *name, int by)
{
	gate(name);
	return by;
}

int main(void)
{
	begin();
	table = make_table(weight);
	for (int i = 0; i < 3; i++) {
		total += next("next", table->weight(i));
		table->turns[i]++;
		printf("v2: turn %d, total %ld, turns %d\n", i, total, table->turns[i]);
	}
	return failures;
}
