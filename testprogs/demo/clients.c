/*
 * The demo's clients: each connects once and sends numbered requests as fast as it is answered, until the input ends.
 * Every answer is checked; the longest time that a client waited for one is told.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct client {
	pthread_t thread;
	const char *name;
	long asked, by_v1, by_v2, wrong, back; /* back: answers of v1 after one of v2 */
	double longest;
	char last[128];
};

static const char *path;
static volatile int stop;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void *talk(void *arg)
{
	struct client *c = arg;
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	FILE *in;

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a))) {
		perror("connect");
		exit(2);
	}
	in = fdopen(dup(fd), "r");
	dprintf(fd, "%s\n", c->name);
	while (!stop) {
		long number = ++c->asked, n = 0, square = 0;
		int version = 0;
		double start = now(), took;

		dprintf(fd, "%ld\n", number);
		if (!fgets(c->last, sizeof(c->last), in)) {
			c->wrong++;
			break;
		}
		took = now() - start;
		if (took > c->longest)
			c->longest = took;
		if (sscanf(c->last, "v%d %ld %ld", &version, &n, &square) != 3 || n != number || square != n * n)
			c->wrong++;
		if (version == 1) {
			c->by_v1++;
			c->back += c->by_v2 != 0;
		} else {
			c->by_v2++;
		}
		usleep(500);
	}
	fclose(in);
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	static struct client clients[] = {{.name = "anna"}, {.name = "berta"}, {.name = "clara"}, {.name = "dora"}};
	int failed = 0;
	char c;

	path = argc > 1 ? argv[1] : "demo.socket";
	for (int i = 0; i < 4; i++)
		pthread_create(&clients[i].thread, NULL, talk, &clients[i]);
	while (read(0, &c, 1) == 1)
		;
	stop = 1;
	for (int i = 0; i < 4; i++) {
		struct client *k = &clients[i];

		pthread_join(k->thread, NULL);
		printf("  %-5s asked %4ld times: %4ld answers from v1, then %4ld from v2, %ld wrong or lost; waited "
		       "%.2f ms at most\n",
		       k->name, k->asked, k->by_v1, k->by_v2, k->wrong, k->longest * 1000);
		printf("        last answer: %s", k->last);
		failed |= k->wrong || k->back || !k->by_v1 || !k->by_v2;
	}
	return failed;
}
