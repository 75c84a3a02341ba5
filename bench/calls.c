/*
 * calls KIND ROUNDS: the cost of a blocking call, in nanoseconds per round, as `calls` prints it: a byte there and back over a
 * socketpair or a pipe, a mutex that nobody else wants, one that two threads fight for, a condition that two threads wait for by
 * turns, a semaphore there and back, poll of a descriptor that is ready, a lock for reading.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static long rounds;
static int fd[2], back[2];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t there, again;
static long turn;
static volatile long shared;

static void *echo(void *arg)
{
	char c;

	(void)arg;
	for (long i = 0; i < rounds; i++)
		if (read(fd[1], &c, 1) != 1 || write(fd[1], &c, 1) != 1)
			exit(1);
	return NULL;
}

static void *echo_pipe(void *arg)
{
	char c;

	(void)arg;
	for (long i = 0; i < rounds; i++)
		if (read(fd[0], &c, 1) != 1 || write(back[1], &c, 1) != 1)
			exit(1);
	return NULL;
}

static void *fight(void *arg)
{
	(void)arg;
	for (long i = 0; i < rounds; i++) {
		pthread_mutex_lock(&lock);
		shared++;
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void take_turns(long mine)
{
	for (long i = 0; i < rounds; i++) {
		pthread_mutex_lock(&lock);
		while (turn % 2 != mine)
			pthread_cond_wait(&condition, &lock);
		turn++;
		pthread_cond_signal(&condition);
		pthread_mutex_unlock(&lock);
	}
}

static void *other_turns(void *arg)
{
	(void)arg;
	take_turns(1);
	return NULL;
}

static void *post_back(void *arg)
{
	(void)arg;
	for (long i = 0; i < rounds; i++) {
		sem_wait(&there);
		sem_post(&again);
	}
	return NULL;
}

static void *nothing(void *arg)
{
	return arg;
}

static void measure(const char *kind)
{
	char c = 1;

	if (!strcmp(kind, "socketpair"))
		for (long i = 0; i < rounds; i++) {
			if (write(fd[0], &c, 1) != 1 || read(fd[0], &c, 1) != 1)
				exit(1);
		}
	else if (!strcmp(kind, "pipe"))
		for (long i = 0; i < rounds; i++) {
			if (write(fd[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
				exit(1);
		}
	else if (!strcmp(kind, "mutex") || !strcmp(kind, "contended"))
		fight(NULL);
	else if (!strcmp(kind, "condition"))
		take_turns(0);
	else if (!strcmp(kind, "semaphore"))
		for (long i = 0; i < rounds; i++) {
			sem_post(&there);
			sem_wait(&again);
		}
	else if (!strcmp(kind, "poll"))
		for (long i = 0; i < rounds; i++) {
			struct pollfd p = {.fd = fd[0], .events = POLLOUT};

			if (poll(&p, 1, 1000) != 1)
				exit(1);
		}
	else if (!strcmp(kind, "rwlock"))
		for (long i = 0; i < rounds; i++) {
			pthread_rwlock_rdlock(&rwlock);
			shared++;
			pthread_rwlock_unlock(&rwlock);
		}
	else
		exit(2);
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";
	void *(*other)(void *) = !strcmp(kind, "socketpair")  ? echo
				 : !strcmp(kind, "pipe")      ? echo_pipe
				 : !strcmp(kind, "contended") ? fight
				 : !strcmp(kind, "condition") ? other_turns
				 : !strcmp(kind, "semaphore") ? post_back
							      : nothing;
	struct timespec a, b;
	pthread_t thread;

	rounds = argc > 2 ? atol(argv[2]) : 1;
	if (!strcmp(kind, "pipe") ? pipe(fd) || pipe(back) : socketpair(AF_UNIX, SOCK_STREAM, 0, fd))
		return 1;
	sem_init(&there, 0, 0);
	sem_init(&again, 0, 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	pthread_create(&thread, NULL, other, NULL);
	measure(kind);
	pthread_join(thread, NULL);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	printf("%.1f\n", ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / (double)rounds);
	return 0;
}
