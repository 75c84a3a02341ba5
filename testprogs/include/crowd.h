/*
 * Two hundred threads, each of which holds a lock (or a place in line) and waits for another's, with VERSION as the
 * version. The locks are of the kind that only their owner can unlock: an update must leave them with their owners,
 * wake nobody and lose nobody.
 */
#include "testprog.h"
#include <semaphore.h>

#define CHAIN 80
#define RING 40
#define QUEUE 80
#define ROUNDS 50

static int version(void)
{
	return VERSION;
}

/* ---- a chain: thread i holds lock i and waits for lock i + 1, main holds the last ---- */

static pthread_mutex_t chain[CHAIN + 1];
static pthread_barrier_t all_hold;
static int order[CHAIN], passed, chain_errors;

static void *link_of_chain(void *arg)
{
	long i = (long)arg;

	chain_errors += pthread_mutex_lock(&chain[i]) != 0;
	pthread_barrier_wait(&all_hold);
	if (pthread_mutex_lock(&chain[i + 1]))
		__atomic_add_fetch(&chain_errors, 1, __ATOMIC_RELAXED);
	order[passed++] = (int)i; /* one at a time: the next lock is ours */
	if (pthread_mutex_unlock(&chain[i + 1]) || pthread_mutex_unlock(&chain[i]))
		__atomic_add_fetch(&chain_errors, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* ---- a ring: a token goes round through semaphores ---- */

static sem_t ring[RING];
static long hops;

static void *station(void *arg)
{
	long i = (long)arg;

	for (int n = 0; n < ROUNDS; n++) {
		sem_wait(&ring[i]);
		hops++;
		sem_post(&ring[(i + 1) % RING]);
	}
	return NULL;
}

/* ---- a line: tickets are served in order, all wait for one condition ---- */

static pthread_mutex_t counter = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t called = PTHREAD_COND_INITIALIZER;
static int serving = -1, out_of_order;

static void *customer(void *arg)
{
	int ticket = (int)(long)arg;

	pthread_mutex_lock(&counter);
	while (serving != ticket)
		pthread_cond_wait(&called, &counter);
	out_of_order += serving != ticket;
	serving++;
	pthread_cond_broadcast(&called);
	pthread_mutex_unlock(&counter);
	return NULL;
}

int main(void)
{
	static pthread_t threads[CHAIN + RING + QUEUE];
	pthread_mutexattr_t checking;
	pthread_attr_t small;
	int n = 0, in_order = 1;

	begin();
	pthread_mutexattr_init(&checking);
	pthread_mutexattr_settype(&checking, PTHREAD_MUTEX_ERRORCHECK);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 256 << 10);
	for (int i = 0; i <= CHAIN; i++)
		pthread_mutex_init(&chain[i], &checking);
	pthread_barrier_init(&all_hold, NULL, CHAIN + 1);
	pthread_mutex_lock(&chain[CHAIN]);
	for (long i = 0; i < CHAIN; i++)
		pthread_create(&threads[n++], &small, link_of_chain, (void *)i);
	for (long i = 0; i < RING; i++)
		pthread_create(&threads[n++], &small, station, (void *)i);
	for (long i = 0; i < QUEUE; i++)
		pthread_create(&threads[n++], &small, customer, (void *)i);
	pthread_barrier_wait(&all_hold);
	gate("all wait for each other");
	pthread_mutex_unlock(&chain[CHAIN]);
	sem_post(&ring[0]);
	gate("the chain comes apart, the token goes round");
	pthread_mutex_lock(&counter);
	serving = 0;
	pthread_cond_broadcast(&called);
	pthread_mutex_unlock(&counter);
	gate("the line moves");
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < CHAIN; i++)
		in_order &= order[i] == CHAIN - 1 - i;
	fact(in_order && chain_errors == 0, "the chain came apart in order, each lock in its owner's hands");
	fact(hops == RING * ROUNDS, "the token made all of its rounds");
	fact(serving == QUEUE && !out_of_order, "everybody in the line was served in turn");
	printf("ended in v%d\n", version());
	return failures;
}
