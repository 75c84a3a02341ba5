/*
 * Hazard: in a patch the program's variables are declared, not defined. A call that gcc proves unreachable by a constant's
 * value, of a function that exists nowhere, is seen again; an alias has no definition to be one of; the storage class
 * that makes a declaration of a definition has its place behind __extension__.
 */
#include "testprog.h"

void nowhere(void);
const double one = 1.0;

int first = 1;
extern int second __attribute__((alias("first")));
static int hidden[4];
extern int seen[4] __attribute__((alias("hidden")));

__extension__ union {
	double d;
	int i[2];
} halves = {.d = -0.25};

static int through(int *p, int *q, int at)
{
	*p = 1;
	*q = 2;
	hidden[at] = 3;
	seen[at] = 4;
	return *p * 10 + hidden[at];
}

int main(void)
{
#ifdef __OPTIMIZE__
	if ((int)one != 1)
		nowhere();
#endif
	for (int i = 0; i < 8; i++) {
		int *p = i % 2 ? &first : &hidden[1], *q = i % 2 ? &second : &seen[1];
		printf("turn %d: %d %d %d\n", i, through(p, q, i % 4), second + first, halves.i[1] < 0);
	}
	return 0;
}
