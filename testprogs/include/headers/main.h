/*
 * Hazard: code and data of the program in headers that are not its own. A patch leads pointers to functions that such a header
 * declares to the new version, and what it defines (also a table of syslog.h) is one thing in all of the program's texts.
 */
#include "testprog.h"
#define SYSLOG_NAMES
#include <syslog.h>

#include "headers/third.h"

THIRD_COUNTER(counted)

static int (*kept)(int) = third_answer;

static void __attribute__((noinline)) serve(int turn)
{
	int pointed, called, seen;

	gate("serve");
	pointed = kept(turn);
	called = third_answer(turn);
	seen = third_count();
	prioritynames[0].c_val += 1000;
	printf("v%d: turn %d: %d %d of %d, seen %d %d, counted %d, ", VERSION, turn, pointed, called, third_calls, seen, third_seen, counted());
	printf("%s %d\n", prioritynames[0].c_name, prioritynames[0].c_val);
}

int main(void)
{
	begin();
	third_count();
	counted();
	prioritynames[0].c_val = 7;
	for (int turn = 0; turn < 3; turn++)
		serve(turn);
	return 0;
}
