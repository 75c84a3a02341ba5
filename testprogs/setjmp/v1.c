/*
 * Hazard: a jump buffer holds stack pointers and a code address of a frame that an update takes down and builds again
 * elsewhere. After the update, longjmp must lead into the new frame, with its variables.
 */
#include "testprog.h"
#include "armed.h"

static jmp_buf out;
static int jump = 1;

static void fail(int depth)
{
	if (depth)
		fail(depth - 1);
	gate("below a setjmp");
	if (jump)
		longjmp(out, 3);
}

static void attempt(int n)
{
	volatile int tries = n;
	int code = setjmp(out);

	if (code == 0) {
		tries++;
		fail(4);
		printf("not reached\n");
	}
	printf("v1: came back with %d, tries %d\n", code, tries);
}

int main(void)
{
	begin();
	attempt(10);
	attempt(20);
	armed_by_turns(out, fail);
	return failures;
}
