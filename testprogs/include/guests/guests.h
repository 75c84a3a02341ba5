/*
 * Hazard: threads that a library has made, which run functions of the program's (GLib's, libuv's): in a call that blocks, computing, waiting for a condition, or in
 * the library until it calls back. They go over to the new version as all others do, and the library is not disturbed. So does a thread of the program's own that
 * asks the kernel by syscall(2). VERSION is the version.
 */
#include "testprog.h"
#include "guests/libguests.h"
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>

static int bytes[2];
static volatile int over, turns;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int told, word;

static void say(const char *who)
{
	printf("%s: v%d\n", who, VERSION);
}

static void reader(void *who)
{
	char c;

	if (read(bytes[0], &c, 1) == 1)
		say(who);
}

static void spinner(void *who)
{
	while (!over)
		turns++;
	say(who);
}

static void waiter(void *who)
{
	pthread_mutex_lock(&lock);
	while (!told)
		pthread_cond_wait(&condition, &lock);
	pthread_mutex_unlock(&lock);
	say(who);
}

static void *caller(void *who)
{
	struct timespec limit = {1000, 0};

	while (__atomic_load_n(&word, __ATOMIC_ACQUIRE) == 0)
		if (syscall(SYS_futex, &word, FUTEX_WAIT, 0, &limit, NULL, 0) && errno == EINTR)
			fact(0, "syscall(2) was disturbed");
	say(who);
	return NULL;
}

static void job(void *who)
{
	say(who);
}

/* With an argument: a thread that libc makes for a timer. */
static void expired(union sigval who)
{
	char c;

	turns++;
	if (read(bytes[0], &c, 1) == 1)
		say(who.sival_ptr);
	over = 1;
}

static void with_timer(char *who)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_value = {.sival_ptr = who}, .sigev_notify_function = expired};
	struct itimerspec once = {.it_value = {.tv_nsec = 1000000}};
	timer_t timer;

	need(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &once, NULL) == 0, "timer");
	while (!turns)
		pause_ms(1);
	gate("the timer has expired");
	need(write(bytes[1], "x", 1) == 1, "write");
	while (!over)
		pause_ms(1);
	say("main");
}

int main(int argc, char **argv)
{
	pthread_t guests[3], own, signals;

	begin();
	if (pipe(bytes))
		return 2;
	if (argc > 1) {
		with_timer(argv[1]);
		return 0;
	}
	guests[0] = guest_start(reader, "a guest that reads");
	guests[1] = guest_start(spinner, "a guest that computes");
	guests[2] = guest_start(waiter, "a guest that waits for a condition");
	pthread_create(&own, NULL, caller, "a thread in syscall(2)");
	pool_start();
	signals = guest_of_signals();
	while (!turns)
		pause_ms(1);
	pause_ms(100);
	gate("the guests are here");
	need(write(bytes[1], "x", 1) == 1, "write");
	pthread_join(guests[0], NULL);
	over = 1;
	pthread_join(guests[1], NULL);
	pthread_mutex_lock(&lock);
	told = 1;
	pthread_cond_signal(&condition);
	pthread_mutex_unlock(&lock);
	pthread_join(guests[2], NULL);
	__atomic_store_n(&word, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0);
	pthread_join(own, NULL);
	fact(guest_signalled(signals, SIGUSR1) == SIGUSR1, "a guest that takes signals has taken the right one");
	pool_push(job, "a guest that the library had waiting");
	fact(pool_end() == 0, "no wait of the library's was disturbed");
	say("main");
	return failures;
}
