/*
 * Hazard: a handler that leaves a call by siglongjmp after an update has made the call again, and one that runs while a call waits: the mask that
 * sigsetjmp saved comes back, what the runtime remembers of the first call does not end the next one, and a handler sees the program's mask.
 * VERSION is the version.
 */
#include "testprog.h"
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>

static int never[2], bytes[2];
static sigjmp_buf out;
static volatile int tid, returned, blocked_in_handler = -1;

static void leave(int signal)
{
	(void)signal;
	siglongjmp(out, 1);
}

static void come_back(int signal)
{
	sigset_t now;
	int blocked = 0;

	pthread_sigmask(SIG_BLOCK, NULL, &now);
	for (int i = 1; i < SIGRTMIN; i++)
		blocked += i != signal && sigismember(&now, i) == 1;
	blocked_in_handler = blocked;
	returned++;
}

static void *waiter(void *arg)
{
	struct pollfd p = {.fd = never[0], .events = POLLIN};
	char c = 0;
	long n;

	(void)arg;
	tid = (int)syscall(SYS_gettid);
	if (!sigsetjmp(out, 1)) {
		poll(&p, 1, -1);
		fact(0, "poll was left by its handler");
	}
	tid = -tid;
	n = read(bytes[0], &c, 1);
	fact(n == 1 && c == 'x', "a read goes on after a handler with SA_RESTART");
	return NULL;
}

/* Asleep in the kernel. */
static int sleeps(int thread)
{
	char name[60], state = 0;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/self/task/%d/stat", thread);
	f = fopen(name, "r");
	if (!f || fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	if (f)
		fclose(f);
	return state == 'S';
}

static void wait_until_it_sleeps(int sign)
{
	while (tid * sign <= 0 || !sleeps(tid * sign))
		pause_ms(1);
	pause_ms(50);
}

int main(void)
{
	struct sigaction leaving = {.sa_handler = leave}, restarting = {.sa_handler = come_back, .sa_flags = SA_RESTART};
	pthread_t thread;

	begin();
	if (pipe(never) || pipe(bytes))
		return 2;
	sigaction(SIGUSR1, &leaving, NULL);
	sigaction(SIGUSR2, &restarting, NULL);
	pthread_create(&thread, NULL, waiter, NULL);
	wait_until_it_sleeps(1);
	gate("in poll");
	pthread_kill(thread, SIGUSR1);
	wait_until_it_sleeps(-1);
	for (int i = 1; i <= 3; i++) {
		pthread_kill(thread, SIGUSR2);
		while (returned < i)
			pause_ms(1);
		pause_ms(20);
	}
	if (write(bytes[1], "x", 1) != 1)
		return 2;
	pthread_join(thread, NULL);
	fact(blocked_in_handler == 0, "its handler has nothing blocked but its own signal");
	printf("v%d\n", VERSION);
	return failures;
}
