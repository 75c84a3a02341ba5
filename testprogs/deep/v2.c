/* As v1, with larger frames and another result. */
#include "testprog.h"

static unsigned long down(int depth, unsigned long x)
{
	unsigned long y, a = 0, b = 0, c = 0;

	if (!depth) {
		gate("at the bottom");
		return x;
	}
	y = down(depth - 1, x * 31 + depth);
	a = y ^ x;
	b += a;
	c += b;
	return c;
}

int main(void)
{
	begin();
	printf("v2: %lx\n", down(20000, 1));
	return failures;
}
