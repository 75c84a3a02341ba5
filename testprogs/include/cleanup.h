/*
 * Hazard: variables with attribute cleanup. The way out of a frame that is taken down must not call their functions,
 * and the new version must call each once; a frame may also be taken down in the middle of leaving its scope, with some
 * of them called. VERSION is "v1" or "v2"; MORE declares what the new version has in addition.
 */
#include "testprog.h"

static int dropped;

static void drop(int *x)
{
	dropped++;
	gate("in the function of a variable");
	printf(VERSION ": drops %d\n", *x);
	*x = -1;
}

static void free_text(char **text)
{
	if (*text)
		printf(VERSION ": frees %s\n", *text);
	free(*text);
}

#define DROP __attribute__((cleanup(drop)))
#define FREE __attribute__((cleanup(free_text)))

static long work(int n)
{
	DROP int outer = n;
	FREE char *text = strdup("text");
	MORE

		for (int i = 0; i < 2; i++)
	{
		DROP int inner = n + i + 1;

		if (i == 0) {
			gate("in a loop's body, which is left by continue");
			continue;
		}
		gate("in a loop's body, which is left by return");
		return outer * 100 + (long)strlen(text);
	}
	return -1;
}

int main(void)
{
	begin();
	printf(VERSION ": %ld\n", work(4));
	fact(dropped == 3, "each function is called once");
	return failures;
}
