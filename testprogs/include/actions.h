/*
 * Hazard: the runtime sets the program's handlers with a place of its own to return to. What sigaction answers stays what libc answers, for
 * every number, also to the question what was there before; handlers get what they ask for. VERSION is the version.
 */
#include "testprog.h"
#include <signal.h>

#define SIGNALS 66
#define KICK 64 /* the runtime's (docs/limits.md) */

static volatile int runs, sum;

static void plain(int signal)
{
	(void)signal;
	runs++;
}

static void with_value(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	sum += info->si_value.sival_int;
}

static const char *name_of(const struct sigaction *a)
{
	return a->sa_handler == SIG_DFL ? "default" : a->sa_handler == SIG_IGN ? "ignored" : a->sa_handler == plain ? "plain" :
	       a->sa_sigaction == with_value ? "with value" : "?";
}

static void tell(const char *what, int signal, int result, const struct sigaction *a)
{
	unsigned long mask;

	if (result) {
		printf("%s %d: %s\n", what, signal, strerror(errno));
		return;
	}
	memcpy(&mask, &a->sa_mask, sizeof(mask));
	printf("%s %d: %s, flags %x, mask %lx\n", what, signal, name_of(a), (unsigned)a->sa_flags, mask);
}

static void set(int signal)
{
	struct sigaction now = {.sa_handler = plain}, before = {.sa_handler = SIG_DFL};

	if (signal % 3 == 0)
		now.sa_flags |= SA_RESTART;
	if (signal % 5 == 0) {
		now.sa_flags |= SA_SIGINFO;
		now.sa_sigaction = with_value;
	}
	if (signal % 7 == 0)
		now.sa_flags |= SA_RESETHAND | SA_NODEFER;
	if (signal % 11 == 0)
		now.sa_handler = SIG_IGN;
	sigaddset(&now.sa_mask, SIGTERM);
	if (signal % 2)
		sigaddset(&now.sa_mask, SIGKILL);
	tell("before", signal, sigaction(signal, &now, &before), &before);
	memset(&before, 0, sizeof(before));
	tell("set", signal, sigaction(signal, NULL, &before), &before);
}

static void take(void)
{
	union sigval five = {.sival_int = 5};

	raise(SIGUSR1);
	raise(SIGUSR2);
	sigqueue(getpid(), SIGTSTP, five);
	sigqueue(getpid(), 35, five);
	printf("%d runs, values %d\n", runs, sum);
}

int main(void)
{
	struct sigaction none = {.sa_handler = SIG_DFL};

	begin();
	/* Whoever starts us may ignore some. */
	for (int i = 1; i < SIGNALS; i++)
		if (i != KICK)
			sigaction(i, &none, NULL);
	for (int i = -1; i < SIGNALS; i++)
		if (i != KICK)
			set(i);
	take();
	gate("handlers are set");
	for (int i = SIGUSR2; i <= SIGALRM; i++)
		set(i);
	set(SIGTSTP);
	set(35);
	take();
	signal(SIGUSR1, SIG_DFL);
	for (int i = 0; i < 2; i++) {
		struct sigaction before;

		tell("none", SIGUSR2, sigaction(SIGUSR2, &none, &before), &before);
		tell("none", SIGUSR1, sigaction(SIGUSR1, &none, &before), &before);
	}
	printf("v%d\n", VERSION);
	return failures;
}
