/*
 * Hazard: threads that are inside a library's event loop nearly all the time, pass messages round a ring, sort in their callbacks, and
 * come back from the loop now and then, while they are updated again and again: nothing may be lost or done twice. VERSION: 1, 2.
 */
#include "testprog.h"
#include "eventloop/loop.h"

#define THREADS 8
#define MESSAGES 3
#define AT_ONCE 37 /* so many messages and the loop returns */

struct place {
	int number;
	long handled; /* since the loop was entered */
};

static int pipes[THREADS][2];
static long steps = 2000, in_callbacks[THREADS], in_loops[THREADS];

static int compare(const void *a, const void *b)
{
	volatile int turns = 0;

	while (turns < VERSION)
		turns = turns + 1;
	return *(const int *)a - *(const int *)b;
}

static void deliver(int to, const char *line)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%s\n", line);

	if (write(pipes[to][1], text, (size_t)n) != n)
		abort();
}

static int on_line(const char *line, void *argument)
{
	struct place *p = argument;
	int numbers[9], next = (p->number + 1) % THREADS;
	long step = atol(line);
	char text[32];

	if (!strcmp(line, "end")) {
		if (next)
			deliver(next, "end");
		return 2;
	}
	for (int i = 0; i < 9; i++)
		numbers[i] = (int)((step * 31 + i * 17) % 23);
	qsort(numbers, 9, sizeof(numbers[0]), compare);
	for (int i = 1; i < 9; i++)
		if (numbers[i - 1] > numbers[i])
			abort();
	p->handled++;
	in_callbacks[p->number]++;
	/* Each message goes on until it has made its steps; the last one to do so ends the ring. */
	if (++step < steps) {
		snprintf(text, sizeof(text), "%ld", step);
		deliver(next, text);
	} else {
		static int ended;

		if (__atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST) == MESSAGES)
			deliver(0, "end");
	}
	return p->handled >= AT_ONCE;
}

static void *run(void *argument)
{
	struct place place = {(int)(long)argument, 0};
	int result = 0;

	while (result != 2) {
		long before = place.handled;
#if VERSION == 2
		long extra = 5;
#endif

		result = loop_run(pipes[place.number][0], on_line, &place);
		if (before != 0)
			abort();
#if VERSION == 2
		if (extra != 5 && extra != 0)
			abort();
#endif
		in_loops[place.number] += place.handled;
		place.handled = 0;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	long callbacks = 0, loops = 0;

	begin();
	if (argc > 1)
		steps = atol(argv[1]);
	for (int i = 0; i < THREADS; i++)
		if (pipe(pipes[i]))
			return 1;
	for (long i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, run, (void *)i))
			return 1;
	for (int i = 0; i < MESSAGES; i++)
		deliver(i, "0");
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < THREADS; i++) {
		callbacks += in_callbacks[i];
		loops += in_loops[i];
	}
	fact(callbacks == MESSAGES * steps && loops == callbacks, "all messages handled");
	return failures;
}
