/* As v1, but with an instruction more, in front of the others, and other arithmetic. */
#include "testprog.h"

static const unsigned char code[] = {0, 0, 1, 2, 0, 1, 3};

static int run(int x)
{
	static void *const table[] = {&&add, &&mul, &&wait, &&end, &&negate};
	const unsigned char *pc = code;
	void *last = &&finish;

	goto *table[*pc++];
negate:
	x = -x;
	goto *table[*pc++];
add:
	x += 1000;
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
	return x + 1;
}

int main(void)
{
	begin();
	printf("v2: result %d\n", run(1));
	gate("outside of the interpreter");
	printf("v2: result %d\n", run(1));
	return failures;
}
