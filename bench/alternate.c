/*
 * alternate ROUNDS NAME COMMAND NAME COMMAND ...: runs the commands in turn, ROUNDS times, so that what disturbs the
 * machine disturbs all alike, and prints a table: user time (median and best), its ratio to the first command's,
 * resident memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <fcntl.h>

#define MAX 12
#define MAX_ROUNDS 400

struct subject {
	const char *name, *command;
	double user[MAX_ROUNDS], ratio[MAX_ROUNDS], wall[MAX_ROUNDS];
	long kb;
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void run(struct subject *s, int round)
{
	struct rusage usage;
	double start = now();
	int status;
	pid_t pid = fork();

	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execl("/bin/sh", "sh", "-c", s->command, (char *)NULL);
		_exit(127);
	}
	if (wait4(pid, &status, 0, &usage) != pid || status) {
		fprintf(stderr, "alternate: '%s' failed with status %d\n", s->command, status);
		exit(1);
	}
	s->wall[round] = now() - start;
	s->user[round] = usage.ru_utime.tv_sec + usage.ru_utime.tv_usec / 1e6;
	if (usage.ru_maxrss > s->kb)
		s->kb = usage.ru_maxrss;
}

int main(int argc, char **argv)
{
	static struct subject subjects[MAX];
	int rounds = argc > 1 ? atoi(argv[1]) : 0, n = (argc - 2) / 2;

	if (rounds < 1 || rounds > MAX_ROUNDS || n < 1 || n > MAX) {
		fprintf(stderr, "usage: alternate ROUNDS NAME COMMAND ...\n");
		return 2;
	}
	for (int i = 0; i < n; i++) {
		subjects[i].name = argv[2 + 2 * i];
		subjects[i].command = argv[3 + 2 * i];
	}
	for (int r = 0; r < rounds; r++)
		for (int i = 0; i < n; i++) {
			run(&subjects[i], r);
			subjects[i].ratio[r] = subjects[i].user[r] / subjects[0].user[r];
		}
	printf("%-44s %9s %9s %7s %7s %9s %9s\n", "", "user s", "best", "ratio", "best's", "elapsed", "max kB");
	for (int i = 0; i < n; i++) {
		struct subject *s = &subjects[i];

		qsort(s->user, rounds, sizeof(double), by_value);
		qsort(s->ratio, rounds, sizeof(double), by_value);
		qsort(s->wall, rounds, sizeof(double), by_value);
		printf("%-44s %9.3f %9.3f %7.3f %7.3f %9.3f %9ld\n", s->name, s->user[rounds / 2], s->user[0],
		       s->ratio[rounds / 2], s->user[0] / subjects[0].user[0], s->wall[rounds / 2], s->kb);
	}
	return 0;
}
