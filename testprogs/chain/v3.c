/* As v2, but the count is a long, the tag is longer, and the rounds are counted at two places. */
#include "testprog.h"

struct state {
	char tag[8];
	int seen_by_v2;
	long count;
	long rounds_of_v3;
};

static struct state state = {"abc", 0, 0, 0};

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
	state.rounds_of_v3++;
	printf("v3: round %d, count %ld, seen by v2 %d, by v3 %ld, tag %s\n", n, state.count, state.seen_by_v2,
	       state.rounds_of_v3, state.tag);
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
