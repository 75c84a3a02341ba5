/*
 * processes N: N processes, the first and N - 1 that it forks, each ten frames deep and waiting for its input as the sessions
 * of a server do. For the length of the pause of an update of all of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef VERSION
#define VERSION 1
#endif

static int version(void)
{
	return VERSION;
}

static int session(int depth)
{
	char here[16] = {(char)depth}, c;

	if (depth) {
		int n = session(depth - 1);

		if (here[0] != depth)
			abort();
		return n;
	}
	while (read(0, &c, 1) == 1)
		;
	return version() == 0;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 1;

	for (int i = 1; i < n; i++)
		if (fork() == 0)
			return session(10);
	int result = session(10);
	while (wait(NULL) > 0)
		;
	return result;
}
