/* As v1, but the body of the threads is another one, and counts its own turns. */
#include "testprog.h"

#define THREADS 5

struct worker {
	int id;
	volatile long turns;
	long own; /* turns counted by the version that the thread ended in */
};

static struct worker workers[THREADS];
static volatile int stop;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t tick = PTHREAD_COND_INITIALIZER;

static void turn(struct worker *w, long *own)
{
	w->turns++;
	++*own;
}

static void *work(void *arg)
{
	long own = 0;
	struct worker *w = arg;

	while (!stop) {
		turn(w, &own);
		switch (w->id) {
		case 2:
			pthread_mutex_lock(&lock);
			pthread_cond_wait(&tick, &lock);
			pthread_mutex_unlock(&lock);
			break;
		case 3:
			pause_ms(7);
			break;
		case 4:
			pthread_mutex_lock(&lock);
			pthread_mutex_unlock(&lock);
			pause_ms(1);
			break;
		}
	}
	w->own = own;
	return NULL;
}

static void ticks(int n)
{
	for (int i = 0; i < n; i++) {
		pthread_mutex_lock(&lock);
		pthread_cond_broadcast(&tick);
		pthread_mutex_unlock(&lock);
		pause_ms(2);
	}
}

/* Returns when every thread has made a turn. */
static void all_turn(void)
{
	long before[THREADS];

	for (int i = 0; i < THREADS; i++)
		before[i] = workers[i].turns;
	for (int i = 0; i < THREADS; i++)
		while (workers[i].turns < before[i] + 3)
			ticks(1);
}

int main(void)
{
	pthread_t threads[THREADS];

	begin();
	for (int i = 0; i < THREADS; i++) {
		workers[i].id = i;
		pthread_create(&threads[i], NULL, work, &workers[i]);
	}
	all_turn();
	pthread_mutex_lock(&lock);
	gate("all threads are at work, one waits for a lock that main holds");
	pthread_mutex_unlock(&lock);
	all_turn();
	stop = 1;
	for (int i = 0; i < THREADS; i++) {
		while (pthread_tryjoin_np(threads[i], NULL))
			ticks(1);
		printf("thread %d: %s, %s\n", i, "ended in v2",
		       workers[i].own == workers[i].turns ? "all turns were v2's" : "turns of both");
	}
	return failures;
}
