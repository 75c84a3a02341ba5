/* As v1, but the attempt is told in other words, and fails from deeper. */
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
		fail(6);
		printf("not reached\n");
	}
	printf("v2: code %d after try %d\n", code, tries);
}

int main(void)
{
	begin();
	attempt(10);
	attempt(20);
	armed_by_turns(out, fail);
	return failures;
}
