/*
 * busy [unchecked | locked]. Hazard: threads that compute inside a library, for as long as they are let: one called straight from its first function, one
 * from deep in a recursion. An update must not wait for them. unchecked: one is in a function behind whose call no check stands, but close
 * behind it one of another call: old code would go on there. locked: another beside it holds a lock that an update needs, now and then. VERSION: 1, 2.
 */
#include "testprog.h"
#include <math.h>

long libbusy_count(volatile int *stop);
void libbusy_look(void);
void libbusy_let(void);

static volatile int stop;

static int version(void)
{
	return VERSION;
}

static long deeper(int depth)
{
	long turns;

	if (depth == 0)
		return libbusy_count(&stop) > 0;
	turns = deeper(depth - 1);
	return turns + version();
}

static void *body(void *argument)
{
	return (void *)deeper((int)(long)argument);
}

static double root;

static void *unchecked(void *argument)
{
	root = cbrt(*(double *)argument) + VERSION;
	puts("the root is there");
	return NULL;
}

static void *locked(void *unused)
{
	struct timespec moment = {0, 100000};

	while (!stop) {
		libbusy_look();
		nanosleep(&moment, NULL);
	}
	return unused;
}

static int beside(void *(*other)(void *))
{
	double number = 8;
	pthread_t threads[2];

	pthread_create(&threads[0], NULL, unchecked, &number);
	if (other)
		pthread_create(&threads[1], NULL, other, NULL);
	pause_ms(100);
	gate("it computes");
	stop = 1;
	libbusy_let();
	for (int i = 0; i < 1 + !!other; i++)
		pthread_join(threads[i], NULL);
	printf("v%d: %g\n", version(), root);
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t threads[2];
	void *result;

	begin();
	if (argc > 1 && !strcmp(argv[1], "unchecked"))
		return beside(NULL);
	if (argc > 1 && !strcmp(argv[1], "locked"))
		return beside(locked);
	for (long i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, body, (void *)(i * 20));
	pause_ms(100);
	gate("both compute");
	stop = 1;
	for (int i = 0; i < 2; i++) {
		pthread_join(threads[i], &result);
		printf("thread %d: %ld\n", i, (long)result);
	}
	printf("v%d ends\n", version());
	return 0;
}
