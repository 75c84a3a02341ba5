/*
 * Hazard: one update after another, and back: v1 -> v2 -> v3 -> v1. Each version has other fields in the struct that a
 * global holds and another set of functions on the stack; the count must go on through all of them.
 */
#include "testprog.h"

struct state {
	int count;
	char tag[4];
};

static struct state state = {0, "abc"};

static void round_of(int n)
{
	state.count++;
	gate("round");
	printf("v1: round %d, count %d, tag %s\n", n, state.count, state.tag);
}

int main(void)
{
	begin();
	for (int n = 1; n <= 8; n++)
		round_of(n);
	fact(state.count == 8, "every round was counted");
	return failures;
}
