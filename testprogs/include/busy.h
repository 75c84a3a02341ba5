/*
 * Hazard: threads that compute inside a library, for as long as they are let: one called straight from its first function, one from deep in a
 * recursion. An update must not wait for them. VERSION: 1, 2.
 */
#include "testprog.h"

long libbusy_count(volatile int *stop);

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

int main(void)
{
	pthread_t threads[2];
	void *result;

	begin();
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
