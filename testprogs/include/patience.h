/*
 * Hazard: one thread stands where no update can come for seconds (setjmp below qsort), and another has work to do all that time. The update looks
 * for a safe state as long as it may, but whoever is in a safe state must not stand still for all of that time.
 */
#include "testprog.h"
#include <setjmp.h>

static int values[] = {5, 3, 9, 1, 7, 2, 8};
static int comparisons;
static int sorting = 1;

static int compare(const void *a, const void *b)
{
	if (++comparisons == 4)
		gate("inside the comparator of qsort");
	return *(const int *)a - *(const int *)b;
}

static void sort(void)
{
	static jmp_buf back;

	if (setjmp(back) == 0)
		qsort(values, sizeof(values) / sizeof(values[0]), sizeof(values[0]), compare);
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void *work(void *longest)
{
	while (__atomic_load_n(&sorting, __ATOMIC_ACQUIRE)) {
		long begin = now_ms(), took;

		pause_ms(1);
		took = now_ms() - begin;
		if (took > *(long *)longest)
			*(long *)longest = took;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t worker;
	long longest = 0;

	begin();
	pthread_create(&worker, NULL, work, &longest);
	sort();
	gate("the sort is over");
	__atomic_store_n(&sorting, 0, __ATOMIC_RELEASE);
	pthread_join(worker, NULL);
	if (argc > 1)
		printf("%s: the other thread went on: %s\n", argv[1], longest < 1500 ? "yes" : "NO");
	printf("v%d: %d .. %d\n", VERSION, values[0], values[6]);
	return failures;
}
