/*
 * Hazard: while updates come, one thread opens a plug-in, calls it and closes it, again and again, so that what an update is about
 * to replace may go away or come at any moment; another one is in the calls of a plug-in that stays.
 * VERSION: 1, 2 (2 prints another name).
 */
#include <dlfcn.h>
#include <libgen.h>
#include <poll.h>

#include "testprog.h"

static int turns = 60;
static volatile int stop;

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
	long good = 0, tries = 0;

	(void)unused;
	for (int i = 0; turns ? i < turns : !stop; i++) {
		void *handle;
		turn_fn turn = open_turn("comes.so", &handle);

		if (!turn)
			break;
		/* its variables begin anew each time */
		tries++;
		good += turn(i) == i + 1 && turn(i) == i + 2;
		dlclose(handle);
	}
	return (void *)(turns ? good : (long)(good == tries));
}

int main(int argc, char **argv)
{
	pthread_t thread;
	void *handle, *result;
	turn_fn turn;
	struct pollfd line = {0, POLLIN, 0};
	long sum = 0;

	begin();
	if (argc > 1)
		turns = 0; /* until a line comes */
	if (strchr(argv[0], '/'))
		snprintf(directory, sizeof(directory), "%s", dirname(argv[0]));
	turn = open_turn("stays.so", &handle);
	if (!turn)
		return 1;
	gate("before the threads");
	pthread_create(&thread, NULL, reload, NULL);
	for (int i = 0; turns ? i < turns : !stop; i++) {
		sum += turn(i);
		stop = !turns && poll(&line, 1, 0) > 0;
	}
	pthread_join(thread, &result);
	if (!turns) {
		printf("good every time: %ld\n", (long)result);
		return failures;
	}
	printf("v%d: opened %ld times, sum %ld\n", VERSION, (long)result, sum);
	dlclose(handle);
	return failures;
}
