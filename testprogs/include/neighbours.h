/*
 * Hazard: calls that never return, whose place has no counterpart in the other version, stand next to the calls that the
 * program is in. In a resume clone two calls lead to one check, and the compiler puts them far from it: a frame that is in
 * one call must not be taken for one that is in its neighbour, or the second update at a gate is refused for nothing.
 * VERSION: 1, 2 (what ends the program has another name and does it in another way: no frame that is in it has a counterpart).
 */
#include "testprog.h"
#include "version.h"

static int seen;

#if VERSION == 1
#define END die
static void __attribute__((noinline)) die(const char *why, int code)
{
	printf("v1: %s %d\n", why, code);
	exit(1);
}
#else
#define END give_up
static void __attribute__((noinline)) give_up(const char *why, int code)
{
	if (code > 0)
		fputs("v2 gives up: ", stdout);
	fputs(why, stdout);
	fflush(stdout);
	_exit(code == 0 ? 2 : 3);
}
#endif

static int __attribute__((noinline)) wait_at(const char *place)
{
	gate(place);
	return ++seen;
}

static int __attribute__((noinline)) serve(int kind, int count)
{
	int got = 0;

	if (count < 0)
		END("no count", count);
	if (kind == 0) {
		got = wait_at("first");
		if (got != 1)
			END("wrong turn at first", got);
	} else if (kind == 1) {
		if (wait_at("in a condition") != 3)
			END("wrong turn in a condition", seen);
	}
	if (kind == 2) {
		if (count > 100)
			END("count too large", count);
		got = wait_at("in a branch");
		if (got < 0)
			END("wrong turn in a branch", got);
	}
	if (seen > 50)
		END("too many turns", seen);
	if (kind > 1)
		wait_at("without a value");
	else
		wait_at("without a value, otherwise");
	if (seen > 60)
		END("far too many turns", seen);
	return got;
}

static int __attribute__((noinline)) turn(int kind, int count)
{
	int got = 0;

	switch (kind) {
	case 0:
		got = wait_at("case 0");
		if (!got)
			END("nothing in case 0", got);
		break;
	case 1:
		if (!wait_at("case 1"))
			END("nothing in case 1", got);
		got = 1;
		break;
	case 2:
		got = wait_at("case 2") + wait_at("case 2 again");
		if (count == 77)
			END("the wrong count in case 2", got);
		break;
	default:
		END("no such case", kind);
	}
	return got + count;
}

int main(void)
{
	long sum = 0;

	begin();
	for (int kind = 0; kind < 3; kind++)
		sum = sum * 10 + serve(kind, kind);
	printf("v" TEXT(VERSION) ": seen %d, sum %ld\n", seen, sum);
	for (int kind = 0; kind < 3; kind++)
		sum = sum * 10 + turn(kind, 1);
	printf("v" TEXT(VERSION) ": seen %d, sum %ld\n", seen, sum);
	return failures;
}
