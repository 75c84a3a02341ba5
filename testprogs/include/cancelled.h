/*
 * Hazard: threads that are cancelled in calls that an update has taken them out of and put back into: their clean-ups and the runtime's
 * run, once, called by code of the same version; locks are free, semaphores keep their counts, and nobody waits that is not there.
 * VERSION is the version.
 */
#include "testprog.h"
#include <poll.h>
#include <semaphore.h>
#include <sys/wait.h>

static int bytes[2];
static sem_t semaphore;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_t joined;
static volatile int cleaned, strangers, leave;

/* Whether code that calls here is of the same version: another one's is far away. */
static int near(const char *caller)
{
	const char *here;

	__asm__("lea 0(%%rip), %0" : "=r"(here));
	return caller > here - (1 << 26) && caller < here + (1 << 26);
}

static void clean(void *mutex)
{
	if (!near(__builtin_return_address(0)))
		__atomic_add_fetch(&strangers, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&cleaned, 1, __ATOMIC_RELAXED);
	if (mutex)
		pthread_mutex_unlock(mutex);
}

static struct timespec far_off(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += 1000;
	return t;
}

static void in_read(void)
{
	char c;

	if (read(bytes[0], &c, 1) == 1)
		fact(0, "somebody wrote");
}

static void in_poll(void)
{
	struct pollfd p = {.fd = bytes[0], .events = POLLIN};

	poll(&p, 1, -1);
}

static void in_sleep(void)
{
	sleep(1000);
}

static void in_pause(void)
{
	pause();
}

static void in_wait(void)
{
	wait(NULL);
	for (;;)
		pause();
}

static void in_semaphore(void)
{
	sem_wait(&semaphore);
}

static void in_timed_semaphore(void)
{
	struct timespec t = far_off();

	sem_timedwait(&semaphore, &t);
}

static void in_join(void)
{
	pthread_join(joined, NULL);
}

static void in_condition(void)
{
	for (;;)
		pthread_cond_wait(&condition, &lock);
}

static void in_timed_condition(void)
{
	struct timespec t = far_off();

	for (;;)
		pthread_cond_timedwait(&condition, &lock, &t);
}

static const struct kind {
	const char *name;
	void (*run)(void);
	int locks;
} kinds[] = {
	{"read", in_read, 0},
	{"poll", in_poll, 0},
	{"sleep", in_sleep, 0},
	{"pause", in_pause, 0},
	{"wait", in_wait, 0},
	{"sem_wait", in_semaphore, 0},
	{"sem_timedwait", in_timed_semaphore, 0},
	{"pthread_join", in_join, 0},
	{"pthread_cond_wait", in_condition, 1},
	{"pthread_cond_timedwait", in_timed_condition, 1},
};
#define KINDS (sizeof(kinds) / sizeof(*kinds))

static void *worker(void *arg)
{
	const struct kind *kind = arg;

	pthread_cleanup_push(clean, kind->locks ? &lock : NULL);
	if (kind->locks)
		pthread_mutex_lock(&lock);
	kind->run();
	pthread_cleanup_pop(0);
	return NULL;
}

/* Leaves by pthread_exit, from below another frame. */
static void exit_when_told(void)
{
	while (!leave)
		pause_ms(5);
	pthread_exit(bytes);
}

static void *leaver(void *arg)
{
	pthread_cleanup_push(clean, arg);
	exit_when_told();
	pthread_cleanup_pop(0);
	return NULL;
}

int main(void)
{
	pthread_t threads[KINDS], leaving;
	void *result = NULL;
	int value = 0;

	begin();
	if (pipe(bytes) || sem_init(&semaphore, 0, 0))
		return 2;
	pthread_create(&joined, NULL, leaver, NULL);
	pthread_create(&leaving, NULL, leaver, NULL);
	for (size_t i = 0; i < KINDS; i++)
		pthread_create(&threads[i], NULL, worker, (void *)&kinds[i]);
	pause_ms(200);
	gate("in their calls");
	for (size_t i = 0; i < KINDS; i++) {
		int before = cleaned;

		pthread_cancel(threads[i]);
		pthread_join(threads[i], &result);
		fact(result == PTHREAD_CANCELED && cleaned == before + 1, kinds[i].name);
	}
	fact(pthread_mutex_trylock(&lock) == 0 && pthread_mutex_unlock(&lock) == 0, "the lock is free");
	fact(pthread_cond_broadcast(&condition) == 0 && pthread_cond_destroy(&condition) == 0, "nobody waits for the condition");
	sem_post(&semaphore);
	fact(sem_getvalue(&semaphore, &value) == 0 && value == 1 && sem_trywait(&semaphore) == 0, "the semaphore counts");
	value = cleaned;
	leave = 1;
	pthread_join(leaving, &result);
	fact(result == bytes && pthread_join(joined, NULL) == 0 && cleaned == value + 2, "pthread_exit");
	fact(strangers == 0, "code of the same version cleans up");
	printf("v%d\n", VERSION);
	return failures;
}
