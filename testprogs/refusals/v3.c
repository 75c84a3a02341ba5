/* As v1, under its own number. */
#include "testprog.h"

static const char *version(void)
{
	return "v3";
}

int main(void)
{
	begin();
	for (int i = 1; i <= 6; i++) {
		gate("round");
		printf("round %d in %s\n", i, version());
	}
	return failures;
}
