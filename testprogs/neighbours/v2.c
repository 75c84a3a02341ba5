/* As v2, but what ends the program has another name and does it in another way: no frame that is in it has a counterpart. */
#include "testprog.h"

static int seen;

static void __attribute__((noinline)) give_up(const char *why, int code)
{
	if (code > 0)
		fputs("v2 gives up: ", stdout);
	fputs(why, stdout);
	fflush(stdout);
	_exit(code == 0 ? 2 : 3);
}

static int __attribute__((noinline)) wait_at(const char *place)
{
	gate(place);
	return ++seen;
}

static int __attribute__((noinline)) serve(int kind, int count)
{
	int got = 0;

	if (count < 0)
		give_up("no count", count);
	if (kind == 0) {
		got = wait_at("first");
		if (got != 1)
			give_up("wrong turn at first", got);
	} else if (kind == 1) {
		if (wait_at("in a condition") != 3)
			give_up("wrong turn in a condition", seen);
	}
	if (kind == 2) {
		if (count > 100)
			give_up("count too large", count);
		got = wait_at("in a branch");
		if (got < 0)
			give_up("wrong turn in a branch", got);
	}
	if (seen > 50)
		give_up("too many turns", seen);
	if (kind > 1)
		wait_at("without a value");
	else
		wait_at("without a value, otherwise");
	if (seen > 60)
		give_up("far too many turns", seen);
	return got;
}

static int __attribute__((noinline)) turn(int kind, int count)
{
	int got = 0;

	switch (kind) {
	case 0:
		got = wait_at("case 0");
		if (!got)
			give_up("nothing in case 0", got);
		break;
	case 1:
		if (!wait_at("case 1"))
			give_up("nothing in case 1", got);
		got = 1;
		break;
	case 2:
		got = wait_at("case 2") + wait_at("case 2 again");
		if (count == 77)
			give_up("the wrong count in case 2", got);
		break;
	default:
		give_up("no such case", kind);
	}
	return got + count;
}

int main(void)
{
	long sum = 0;

	begin();
	for (int kind = 0; kind < 3; kind++)
		sum = sum * 10 + serve(kind, kind);
	printf("v2: seen %d, sum %ld\n", seen, sum);
	for (int kind = 0; kind < 3; kind++)
		sum = sum * 10 + turn(kind, 1);
	printf("v2: seen %d, sum %ld\n", seen, sum);
	return failures;
}
