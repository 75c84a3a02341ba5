/* As v1, but what is received is an automatic variable, and new in each turn. */
#include "testprog.h"

static int __attribute__((noinline)) receive(const char *name, char **where, int *number)
{
	gate(name);
	*where = *where ? *where + 1 : "received";
	return ++*number;
}

static int __attribute__((noinline)) serve(int turn)
{
	char *text = NULL;
	int kept = 40 + turn;
	int n = receive("serve", &text, &kept);

	printf("v2: turn %d: %s %d %d\n", turn, text, n, kept);
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
