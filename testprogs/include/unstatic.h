/*
 * Hazard: a static variable of a function becomes an automatic one. The call that is running has been given the address of the static
 * one; what it stores there must be where the new version looks for it. VERSION: 1, 2 (what is received is automatic, and new in each turn).
 */
#include "testprog.h"

static int __attribute__((noinline)) receive(const char *name, char **where, int *number)
{
	gate(name);
	*where = *where ? *where + 1 : "received";
	return ++*number;
}

static int __attribute__((noinline)) serve(int turn)
{
#if VERSION == 1
	static char *text;
	static int kept = 40;
#else
	char *text = NULL;
	int kept = 40 + turn;
#endif
	int n = receive("serve", &text, &kept);

	printf("v%d: turn %d: %s %d %d\n", VERSION, turn, text, n, kept);
	return n;
}

int main(void)
{
	int last = 0;

	begin();
	for (int turn = 0; turn < 3; turn++)
		last = serve(turn);
	return last == 43 ? failures : 1;
}
