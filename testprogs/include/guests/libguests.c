#define _GNU_SOURCE
#include "guests/libguests.h"
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct guest {
	void (*run)(void *);
	void *argument;
};

static void block_all(void)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
}

static void *proxy(void *argument)
{
	struct guest g = *(struct guest *)argument;

	free(argument);
	block_all();
	g.run(g.argument);
	return NULL;
}

pthread_t guest_start(void (*run)(void *), void *argument)
{
	struct guest *g = malloc(sizeof(*g));
	pthread_t thread;

	*g = (struct guest){run, argument};
	if (pthread_create(&thread, NULL, proxy, g))
		abort();
	return thread;
}

static void *take_signal(void *argument)
{
	sigset_t all;
	int signal = 0;

	(void)argument;
	block_all();
	sigfillset(&all);
	sigwait(&all, &signal);
	return (void *)(long)signal;
}

pthread_t guest_of_signals(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, take_signal, NULL))
		abort();
	return thread;
}

int guest_signalled(pthread_t thread, int signal)
{
	void *result;

	pthread_kill(thread, signal);
	pthread_join(thread, &result);
	return (int)(long)result;
}

enum { NOTHING, WORK, END };
static int state, disturbed;
static struct guest work;
static pthread_t worker;

/* The kernel does not make a wait with a limit again by itself. */
static void *wait_for_work(void *argument)
{
	struct timespec limit = {1000, 0};

	block_all();
	for (;;) {
		int now = __atomic_load_n(&state, __ATOMIC_ACQUIRE);

		if (now == END)
			return argument;
		if (now == WORK) {
			work.run(work.argument);
			__atomic_store_n(&state, NOTHING, __ATOMIC_RELEASE);
			syscall(SYS_futex, &state, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
		} else if (syscall(SYS_futex, &state, FUTEX_WAIT, NOTHING, &limit, NULL, 0) && errno == EINTR) {
			disturbed++;
		}
	}
}

void pool_start(void)
{
	if (pthread_create(&worker, NULL, wait_for_work, NULL))
		abort();
}

static void change(int to)
{
	__atomic_store_n(&state, to, __ATOMIC_RELEASE);
	syscall(SYS_futex, &state, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void pool_push(void (*run)(void *), void *argument)
{
	work = (struct guest){run, argument};
	change(WORK);
}

int pool_end(void)
{
	while (__atomic_load_n(&state, __ATOMIC_ACQUIRE) == WORK)
		syscall(SYS_futex, &state, FUTEX_WAIT, WORK, NULL, NULL, 0);
	change(END);
	pthread_join(worker, NULL);
	return disturbed;
}
