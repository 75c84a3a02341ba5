/*
 * Hazard: plug-ins that are opened by dlopen, with the same names in each, static and visible; they call back into the program by
 * name, are closed and opened again, and the program calls them through pointers that dlsym gave it before the update and after.
 * Every name has to lead to the new version's code, every variable has to be its own plug-in's, and one that was opened anew
 * has to begin anew.
 * VERSION: 1, 2 (a static variable of one plug-in grows).
 */
#include <dlfcn.h>
#include <libgen.h>

#include "testprog.h"

#include "host.h"
#include "version.h"

int host_lines;
static int state = 1;

static const char *version(void)
{
	return "v" TEXT(VERSION);
}

long host_log(const char *who, int depth)
{
	printf("%s at depth %d, host %s, line %d\n", who, depth, version(), ++host_lines);
	if (depth == 0)
		gate("below a plug-in");
	return state++;
}

static void *open_plugin(const char *directory, const char *name, int visibility)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	void *handle = dlopen(path, RTLD_NOW | visibility);
	if (!handle)
		printf("%s\n", dlerror());
	return handle;
}

static run_fn find(void *handle)
{
	return (run_fn)dlsym(handle, "run");
}

static const char *directory_of(char *program)
{
	return strchr(program, '/') ? dirname(program) : ".";
}

int main(int argc, char **argv)
{
	const char *directory = directory_of(argv[0]);
	void *a, *b, *user;
	run_fn run_a, run_b;

	begin();
	a = open_plugin(directory, "a.so", RTLD_LOCAL);
	b = open_plugin(directory, "b.so", RTLD_LOCAL);
	user = open_plugin(directory, "common.so", RTLD_GLOBAL) ? open_plugin(directory, "user.so", RTLD_LOCAL) : NULL;
	if (!a || !b || !user)
		return 1;
	printf("user: %ld\n", find(user)(-1));
	run_b = find(b);
	printf("b: %ld\n", run_b(-1));
	dlclose(b);
	b = open_plugin(directory, "b.so", RTLD_LOCAL);
	run_a = find(a);
	run_b = find(b);
	printf("b, anew: %ld\n", run_b(-1));
	printf("a: %ld\n", run_a(2));
	printf("a: %ld, %ld\n", run_a(-1), find(a)(-1));
	printf("b: %ld, %ld\n", run_b(-1), find(b)(-1));
	printf("found twice: %d\n", find(a) == run_a && find(b) == run_b && run_a != run_b);
	dlclose(a);
	if (argc > 1) {
		gate("before it is opened again");
		a = open_plugin(argv[1], "a.so", RTLD_LOCAL);
		if (!a)
			return 1;
		printf("a, again: %ld\n", find(a)(2));
		printf("a, again: %ld\n", find(a)(-1));
		dlclose(a);
	}
	printf("b: %ld\n", run_b(1));
	dlclose(b);
	printf("user: %ld\n", find(user)(5));
	printf("%d lines, host %s\n", host_lines, version());
	return failures;
}
