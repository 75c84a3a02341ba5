/*
 * Hazard: 20,000 frames on a stack: records, verification and reconstruction must neither be slow nor overflow
 * anything, and the new frames are larger than the old ones.
 */
#include "testprog.h"

static unsigned long down(int depth, unsigned long x)
{
	unsigned long y;

	if (!depth) {
		gate("at the bottom");
		return x;
	}
	y = down(depth - 1, x * 31 + depth);
	return y ^ x;
}

int main(void)
{
	begin();
	printf("v1: %lx\n", down(20000, 1));
	return failures;
}
