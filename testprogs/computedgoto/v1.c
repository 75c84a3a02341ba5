/*
 * Hazard: addresses of labels (a static dispatch table, a local variable that holds one) mean nothing in another
 * version of the function. The interpreter is updated in the middle of a program of its own; the next dispatches go by
 * the new table, and the saved label leads to the new version's label.
 */
#include "testprog.h"

static const unsigned char code[] = {0, 0, 1, 2, 0, 1, 3};

static int run(int x)
{
	static void *const table[] = {&&add, &&mul, &&wait, &&end};
	const unsigned char *pc = code;
	void *last = &&finish;

	goto *table[*pc++];
add:
	x += 3;
	goto *table[*pc++];
mul:
	x *= 2;
	goto *table[*pc++];
wait:
	gate("in an instruction");
	goto *table[*pc++];
end:
	goto *last;
finish:
	return x;
}

int main(void)
{
	begin();
	printf("v1: result %d\n", run(1));
	gate("outside of the interpreter");
	printf("v1: result %d\n", run(1));
	return failures;
}
