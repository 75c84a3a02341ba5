/*
 * What bin/upstare-cc and its sisters are links to. The .NET runtime makes a socket and two pipes for debuggers in TMPDIR at
 * each start, before any of our code runs, and leaves them there when a compiler driver execs the real compiler or is
 * killed; only the environment can forbid it. UPSTARE_LAUNCHED tells the tool to take the variable out again for its children.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char path[PATH_MAX + 16];
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX);
	char *slash;

	(void)argc;
	if (length <= 0 || length == PATH_MAX) {
		fprintf(stderr, "upstare: cannot find itself: %s\n", strerror(errno));
		return 127;
	}
	path[length] = 0;
	slash = strrchr(path, '/');
	strcpy(slash + 1, "upstare");
	if (!getenv("DOTNET_EnableDiagnostics")) {
		setenv("DOTNET_EnableDiagnostics", "0", 1);
		setenv("UPSTARE_LAUNCHED", "1", 1);
	}
	execv(path, argv);
	fprintf(stderr, "upstare: %s: %s\n", path, strerror(errno));
	return 127;
}
