/*
 * Hazard: one update after another, and back: v1 -> v2 -> v3 -> v1. Each version has other fields in the struct that a
 * global holds and another set of functions on the stack; the count must go on through all of them. A function with a
 * static variable has another name in v2 and v3: v3 has to find the variable that v1 has under the first name.
 */
#include "testprog.h"

struct state {
	int count;
	char tag[4];
};

static struct state state = {0, "abc"};

static int tick(void)
{
	static int n;

	return ++n;
}

static void round_of(int n)
{
	tick();
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
	fact(tick() == 9, "by the function of two names, too");
	return failures;
}
