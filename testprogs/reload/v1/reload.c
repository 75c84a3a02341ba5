/*
 * Hazard: while updates come, one thread opens a plug-in, calls it and closes it, again and again, so that what an update is about
 * to replace may go away or come at any moment; another one is in the calls of a plug-in that stays.
 */
#include <dlfcn.h>
#include <libgen.h>

#include "testprog.h"

static int turns = 60;

typedef long (*turn_fn)(long x);

static char directory[4000] = ".";

static turn_fn open_turn(const char *name, void **handle)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	*handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!*handle)
		printf("%s\n", dlerror());
	return *handle ? (turn_fn)dlsym(*handle, "turn") : NULL;
}

static void *reload(void *unused)
{
	long good = 0;

	(void)unused;
	for (int i = 0; i < turns; i++) {
		void *handle;
		turn_fn turn = open_turn("comes.so", &handle);

		if (!turn)
			break;
		/* its variables begin anew each time */
		good += turn(i) == i + 1 && turn(i) == i + 2;
		dlclose(handle);
	}
	return (void *)good;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	void *handle, *result;
	turn_fn turn;
	long sum = 0;

	begin();
	if (argc > 1)
		turns = atoi(argv[1]);
	if (strchr(argv[0], '/'))
		snprintf(directory, sizeof(directory), "%s", dirname(argv[0]));
	turn = open_turn("stays.so", &handle);
	if (!turn)
		return 1;
	gate("before the threads");
	pthread_create(&thread, NULL, reload, NULL);
	for (int i = 0; i < turns; i++)
		sum += turn(i);
	pthread_join(thread, &result);
	printf("opened %ld times, sum %ld\n", (long)result, sum);
	dlclose(handle);
	return failures;
}
