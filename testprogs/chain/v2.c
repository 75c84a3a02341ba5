/* As v1, but the state has a field more, and the function that waits is called through another one. */
#include "testprog.h"

struct state {
	int count;
	int seen_by_v2;
	char tag[4];
};

static struct state state = {0, 0, "abc"};

static int beat(void)
{
	static int n;

	return ++n;
}

static void round_of(int n)
{
	beat();
	state.count++;
	gate("round");
	state.seen_by_v2++;
	printf("v2: round %d, count %d, seen by v2 %d, tag %s\n", n, state.count, state.seen_by_v2, state.tag);
}

int main(void)
{
	begin();
	for (int n = 1; n <= 8; n++)
		round_of(n);
	fact(state.count == 8, "every round was counted");
	fact(beat() == 9, "by the function of two names, too");
	return failures;
}
