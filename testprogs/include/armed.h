/* Two calls of setjmp in one frame that arm the same buffer by turns: the last one counts, not the one that stands last. */
#include <setjmp.h>
#include <stdio.h>

static void armed_by_turns(jmp_buf buffer, void (*fail)(int depth))
{
	for (volatile int turn = 0; turn < 2; turn++) {
		if (setjmp(buffer)) {
			printf("came back to the first setjmp in turn %d\n", turn);
			return;
		}
		if (turn == 1)
			fail(2);
		if (setjmp(buffer)) {
			printf("came back to the second setjmp in turn %d\n", turn);
			return;
		}
	}
}
