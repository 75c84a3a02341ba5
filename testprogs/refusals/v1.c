/*
 * Hazard: patches that must not be applied: for another program, for another version, a truncated file, no file. Each
 * is refused with its exit code while the program goes on, and the right patch still applies afterwards.
 */
#include "testprog.h"

static const char *version(void)
{
	return "v1";
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
