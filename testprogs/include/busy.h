/*
 * busy [unchecked]. Hazard: threads that compute inside a library, for as long as they are let: one called straight from its first function, one
 * from deep in a recursion. An update must not wait for them. unchecked: one is in a function behind whose call no check stands, but close
 * behind it one of another call: old code would go on there. VERSION: 1, 2.
 */
#include "testprog.h"
#include <math.h>

long libbusy_count(volatile int *stop);
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

static int one_unchecked(void)
{
	double number = 8;
	pthread_t thread;

	pthread_create(&thread, NULL, unchecked, &number);
	pause_ms(100);
	gate("it computes");
	libbusy_let();
	pthread_join(thread, NULL);
	printf("v%d: %g\n", version(), root);
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t threads[2];
	void *result;

	begin();
	if (argc > 1 && !strcmp(argv[1], "unchecked"))
		return one_unchecked();
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
