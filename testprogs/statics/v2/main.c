/* As v1, with a static more in each function, before the others. */
#include "statics.h"

static int earlier = 5;
static int hidden = 100;
static int steps(void)
{
	static int first = 7;
	static int count = 10;

	return ++count + 0 * first;
}

int main_part(void)
{
	return hidden++ + earlier - 5;
}

static int blocks(int which)
{
	if (which) {
		static int count = 1000;

		return ++count;
	} else {
		static int count = 2000;

		return ++count;
	}
}

int main(void)
{
	begin();
	for (int i = 0; i < 3; i++) {
		if (i == 2)
			gate("twice");
		printf(VERSION ": %d %d %d %d %d %d %s\n", steps(), main_part(), blocks(0), blocks(1), other_steps(),
		       other_part(), other_text());
	}
	return failures;
}
