/*
 * Hazard: stacks that no thread runs on. While a context of makecontext's is suspended an update has to wait, wherever the thread is; one that has not begun yet
 * begins in the new version. With an argument the stacks are switched by the program itself, which nobody sees. VERSION is the version.
 */
#include "testprog.h"
#include <ucontext.h>

static ucontext_t back, other;
static char stack[1 << 16];

static void worker(void)
{
	for (int i = 1; i <= 2; i++) {
		printf("turn %d of the worker in v%d\n", i, VERSION);
		gate("in the worker");
		if (i == 1)
			swapcontext(&other, &back);
	}
}

static void prepare(void)
{
	getcontext(&other);
	other.uc_stack.ss_sp = stack;
	other.uc_stack.ss_size = sizeof(stack);
	other.uc_link = &back;
	makecontext(&other, worker, 0);
}

static void two_turns(void)
{
	swapcontext(&back, &other);
	gate("the worker is suspended");
	swapcontext(&back, &other);
	printf("the worker has ended, main is in v%d\n", VERSION);
}

/* Keeps what a call keeps, leaves rsp in *from and takes the one in *to. */
void switch_stacks(void **from, void **to);
__asm__(".pushsection .text\n"
	"switch_stacks: pushq %rbp; pushq %rbx; pushq %r12; pushq %r13; pushq %r14; pushq %r15\n"
	"movq %rsp, (%rdi); movq (%rsi), %rsp\n"
	"popq %r15; popq %r14; popq %r13; popq %r12; popq %rbx; popq %rbp; ret\n"
	".popsection");
static void *stacks[2];

static void unseen(void)
{
	for (;;) {
		printf("by hand: v%d\n", VERSION);
		switch_stacks(&stacks[1], &stacks[0]);
	}
}

static void by_hand(void)
{
	void **top = (void **)(stack + sizeof(stack)) - 8;

	memset(top, 0, 8 * sizeof(*top));
	top[6] = (void *)unseen;
	stacks[1] = top;
	switch_stacks(&stacks[0], &stacks[1]);
	gate("by hand");
	switch_stacks(&stacks[0], &stacks[1]);
	printf("main is in v%d\n", VERSION);
}

int main(int argc, char **argv)
{
	begin();
	if (argc > 1) {
		printf("%s\n", argv[1]);
		by_hand();
		return 0;
	}
	prepare();
	two_turns();
	prepare();
	gate("none is suspended");
	two_turns();
	return failures;
}
