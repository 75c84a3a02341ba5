/*
 * Hazard: variables with static storage that share names: static locals of several functions and of two blocks of one,
 * file statics and static functions of the same name in two files. Each keeps its own value.
 */
#include "statics.h"

static int hidden = 100;
static int steps(void)
{
	static int count = 10;

	return ++count;
}

int main_part(void)
{
	return hidden++;
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
