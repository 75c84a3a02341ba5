/*
 * Hazard: a function that is pinned, for a variable bound to a register, stands on the stack, below a frame of the C library (qsort). The update must
 * time out, name what hinders it, and leave the program alone; the same update works when the sort is over. The comparator waits in the middle. With an argument another thread has work to do all that time: the update looks for a safe state as
 * long as it may, but whoever is in one must not stand still for all of that time.
 * VERSION: 1, 2 (sorts downwards).
 */
#include "testprog.h"

static int values[] = {5, 3, 9, 1, 7, 2, 8};
static int comparisons;
static int working = 1;

static int compare(const void *a, const void *b)
{
	int up = *(const int *)a - *(const int *)b;

	if (++comparisons == 4)
		gate("inside the comparator of qsort");
	return VERSION == 1 ? up : -up;
}

static void sort(void)
{
	register size_t n __asm__("r12") = sizeof(values) / sizeof(values[0]);

	__asm__("" : "+r"(n));
	qsort(values, n, sizeof(values[0]), compare);
	__asm__ volatile("" : : "r"(n)); /* or it would leave its frame to qsort */
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void *work(void *longest)
{
	while (__atomic_load_n(&working, __ATOMIC_ACQUIRE)) {
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
	if (argc > 1)
		pthread_create(&worker, NULL, work, &longest);
	sort();
	printf("v%d: %d %d %d %d %d %d %d\n", VERSION, values[0], values[1], values[2], values[3], values[4], values[5],
	       values[6]);
	gate("the sort is over");
	comparisons = 0;
	sort();
	printf("v%d: %d .. %d\n", VERSION, values[0], values[6]);
	if (argc > 1) {
		__atomic_store_n(&working, 0, __ATOMIC_RELEASE);
		pthread_join(worker, NULL);
		printf("%s: the other thread went on: %s\n", argv[1], longest < 1500 ? "yes" : "NO");
	}
	return failures;
}
