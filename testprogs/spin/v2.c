/* As v1, but without patience. */
#include "testprog.h"

static volatile unsigned beat;

#define PATIENCE 15000000000L

static long in_while(void)
{
	long turns = 0;

	while (turns < PATIENCE / 1000000) {
		beat++;
		turns++;
	}
	return turns;
}

static long in_do(void)
{
	long turns = 0;

	do
		beat += 2;
	while (++turns < PATIENCE / 1000000);
	return turns;
}

static long in_goto(void)
{
	long turns = 0;

again:
	beat += 3;
	if (++turns < PATIENCE / 1000000)
		goto again;
	return turns;
}

static long in_nest(void)
{
	long turns = 0;

	for (int i = 0; i < PATIENCE / 1000000; i++)
		for (int j = 0; j < 1000; j++) {
			beat ^= j;
			turns++;
		}
	return turns;
}

static long in_registers(void)
{
	unsigned long turns = 0, x = 1;

	for (; turns < PATIENCE / 1000000; turns++)
		x = (x ^ x >> 3) * 5;
	beat = x;
	return turns;
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "while";
	long turns;

	begin();
	printf("spinning in %s\n", kind);
	if (!strcmp(kind, "do"))
		turns = in_do();
	else if (!strcmp(kind, "goto"))
		turns = in_goto();
	else if (!strcmp(kind, "nest"))
		turns = in_nest();
	else if (!strcmp(kind, "registers"))
		turns = in_registers();
	else
		turns = in_while();
	printf("v2 %s\n", turns == PATIENCE ? "turned to its end" : "was cut short");
	return failures;
}
