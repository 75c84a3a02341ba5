/* As v1, but the consumers take what there is in one go. */
#include "testprog.h"

#define PRODUCERS 2
#define CONSUMERS 2
#define ROOM 16

struct item {
	int producer;
	long sequence;
};

static struct item queue[ROOM];
static unsigned put_at, taken_from;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER;

static long limit = 1L << 60; /* of each producer */
static long next_expected[PRODUCERS];
static long out_of_order;
static long eaten[3]; /* by version of the consumer */

static void put(struct item item)
{
	pthread_mutex_lock(&lock);
	while (put_at - taken_from == ROOM)
		pthread_cond_wait(&not_full, &lock);
	queue[put_at++ % ROOM] = item;
	pthread_cond_signal(&not_empty);
	pthread_mutex_unlock(&lock);
}

static void *produce(void *arg)
{
	struct item item = {.producer = (int)(long)arg};

	while (item.sequence < __atomic_load_n(&limit, __ATOMIC_RELAXED)) {
		put(item);
		item.sequence++;
	}
	put((struct item){.producer = -1, .sequence = item.sequence});
	return (void *)item.sequence;
}

static void *consume(void *arg)
{
	long meals = 0;

	(void)arg;
	for (;;) {
		struct item items[4];
		int n = 0, last = 0;

		pthread_mutex_lock(&lock);
		while (put_at == taken_from)
			pthread_cond_wait(&not_empty, &lock);
		while (n < 4 && put_at != taken_from && !last) {
			struct item *item = &items[n++];

			*item = queue[taken_from++ % ROOM];
			if (item->producer < 0) {
				last = 1;
				break;
			}
			if (item->sequence != next_expected[item->producer])
				out_of_order++;
			next_expected[item->producer] = item->sequence + 1;
			eaten[2]++;
		}
		meals++;
		pthread_cond_broadcast(&not_full);
		pthread_mutex_unlock(&lock);
		if (last)
			return (void *)meals;
	}
}

static long sum_eaten(void)
{
	long sum;

	pthread_mutex_lock(&lock);
	sum = eaten[1] + eaten[2];
	pthread_mutex_unlock(&lock);
	return sum;
}

int main(void)
{
	pthread_t producers[PRODUCERS], consumers[CONSUMERS];
	long made = 0, before;

	begin();
	for (long i = 0; i < PRODUCERS; i++)
		pthread_create(&producers[i], NULL, produce, (void *)i);
	for (int i = 0; i < CONSUMERS; i++)
		pthread_create(&consumers[i], NULL, consume, NULL);
	while (sum_eaten() < 1000)
		pause_ms(1);
	gate("items flow");
	before = sum_eaten();
	while (sum_eaten() < before + 1000)
		pause_ms(1);
	__atomic_store_n(&limit, 0, __ATOMIC_RELAXED);
	for (int i = 0; i < PRODUCERS; i++) {
		void *n;

		pthread_join(producers[i], &n);
		made += (long)n;
	}
	for (int i = 0; i < CONSUMERS; i++)
		pthread_join(consumers[i], NULL);
	fact(made == sum_eaten(), "as many eaten as made");
	fact(out_of_order == 0, "every producer's items came in order");
	printf("consumers of v1 %s, consumers of v2 %s\n", eaten[1] ? "ate" : "did not eat",
	       eaten[2] ? "ate" : "did not eat");
	return failures;
}
