/*
 * Hazard: what an update leaves behind, seen only after many of them: retained storage on the stacks, records, modules,
 * descriptors, mappings. Four threads (recursion with buffers whose addresses are held, a lock, sleeps) work for a
 * fixed number of rounds while updates go back and forth; after a first tenth nothing may grow any more.
 *
 * tenthousand ROUNDS; prints the number of changes of version that the main loop saw. VERSION is the version.
 */
#include "testprog.h"
#include <dirent.h>

struct chain {
	struct chain *up;
	char text[40];
};

static volatile int stop;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long shared;

static int version(void)
{
	return VERSION;
}

/* Every level's buffer is held by the level below. */
static int recurse(int depth, struct chain *up)
{
	struct chain here = {.up = up};
	int n = 0;

	snprintf(here.text, sizeof(here.text), "level %d", depth);
	if (depth) {
		n = recurse(depth - 1, &here);
	} else {
		for (struct chain *c = &here; c; c = c->up)
			n += strncmp(c->text, "level ", 6) == 0;
	}
	if (atoi(here.text + 6) != depth)
		fact(0, "a buffer kept its contents");
	return n;
}

static void *with_buffers(void *arg)
{
	(void)arg;
	while (!stop)
		if (recurse(12, NULL) != 13)
			fact(0, "the whole chain of buffers is there");
	return NULL;
}

static void *with_lock(void *arg)
{
	long *mine = arg;

	while (!stop) {
		pthread_mutex_lock(&lock);
		shared++;
		(*mine)++;
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void *with_sleep(void *arg)
{
	(void)arg;
	while (!stop)
		pause_ms(1);
	return NULL;
}

static long resident_kb(void)
{
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");
	long kb = 0;

	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "VmRSS: %ld", &kb) == 1)
			break;
	fclose(f);
	return kb;
}

static long entries(const char *directory)
{
	DIR *d = opendir(directory);
	long n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* An update that is under way in another thread may just have a descriptor of its own open (the pipe's). */
static long descriptors(void)
{
	long least = entries("/proc/self/fd");

	for (int i = 0; i < 20; i++) {
		long now = entries("/proc/self/fd");

		least = now < least ? now : least;
	}
	return least;
}

static long lines(const char *file)
{
	FILE *f = fopen(file, "r");
	long n = 0;
	int c;

	while ((c = getc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}

struct measure {
	long kb, maps, fds, threads;
};

static struct measure measure(void)
{
	return (struct measure){resident_kb(), lines("/proc/self/maps"), descriptors(), entries("/proc/self/task")};
}

int main(int argc, char **argv)
{
	pthread_t threads[4];
	long rounds = argc > 1 ? atol(argv[1]) : 1000, mine[2] = {0, 0}, changes = 0, early = 0;
	struct measure before = {0, 0, 0, 0}, after;
	int seen = version();

	begin();
	pthread_create(&threads[0], NULL, with_buffers, NULL);
	pthread_create(&threads[1], NULL, with_lock, &mine[0]);
	pthread_create(&threads[2], NULL, with_lock, &mine[1]);
	pthread_create(&threads[3], NULL, with_sleep, NULL);
	for (long i = 0; i < rounds; i++) {
		if (recurse(5, NULL) != 6)
			fact(0, "main's chain of buffers is there");
		if (version() != seen) {
			seen = version();
			changes++;
		}
		if (i == rounds / 10) {
			before = measure();
			early = changes;
		}
	}
	after = measure();
	stop = 1;
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	fact(mine[0] + mine[1] == shared, "every turn under the lock was counted");
	fact(after.kb <= before.kb + 256, "resident memory does not grow");
	fact(after.maps <= before.maps + 2, "no mapping is left behind");
	fact(after.fds == before.fds, "no descriptor is left behind");
	fact(after.threads == before.threads, "no thread is left behind");
	fprintf(stderr, "changes %ld (%ld in the first tenth), kb %ld -> %ld, maps %ld -> %ld\n", changes, early,
		before.kb, after.kb, before.maps, after.maps);
	return failures;
}
