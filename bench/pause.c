/*
 * pause THREADS: that many threads work until the input ends, each ten frames deep: they compute, take a lock, sleep,
 * wait for a condition. For the length of the pause of an update.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#ifndef VERSION
#define VERSION 1
#endif

static volatile int stop;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static volatile long turns;

static int version(void)
{
	return VERSION;
}

static void work(int kind, int depth)
{
	char here[16] = {(char)depth};

	if (depth) {
		work(kind, depth - 1);
		if (here[0] != depth)
			abort();
		return;
	}
	for (int i = 0; i < 1000 && !stop; i++) {
		struct timespec t = {0, 1000000};

		turns++;
		if (kind == 1) {
			pthread_mutex_lock(&lock);
			pthread_mutex_unlock(&lock);
		} else if (kind == 2) {
			nanosleep(&t, NULL);
		} else if (kind == 3) {
			pthread_mutex_lock(&lock);
			if (!stop)
				pthread_cond_wait(&condition, &lock);
			pthread_mutex_unlock(&lock);
		}
	}
}

static void *body(void *arg)
{
	while (!stop)
		work((int)(long)arg, 10);
	return NULL;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 1;
	pthread_t threads[256];
	char c;

	/* One thread computes all the time, or the table would tell how long 50 such threads wait for a processor. */
	for (long i = 1; i < n; i++)
		pthread_create(&threads[i], NULL, body, (void *)(i == 1 ? 0 : 1 + i % 3));
	while (read(0, &c, 1) == 1)
		;
	pthread_mutex_lock(&lock);
	stop = 1;
	pthread_cond_broadcast(&condition);
	pthread_mutex_unlock(&lock);
	for (int i = 1; i < n; i++)
		pthread_join(threads[i], NULL);
	return version() == 0;
}
