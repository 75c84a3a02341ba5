/* As v1, under its own number. */
#include "testprog.h"
#include <signal.h>
#include <sys/time.h>

static volatile sig_atomic_t alarms, usr1, usr2, usr1_by;

static void on_alarm(int n)
{
	(void)n;
	alarms++;
}

static void on_usr1(int n, siginfo_t *info, void *context)
{
	(void)n;
	(void)context;
	usr1++;
	usr1_by = info->si_pid == getpid() ? 2 : -1;
}

static void on_usr2(int n)
{
	(void)n;
	usr2 = 2;
}

static void wait_for_alarms(int n)
{
	int from = alarms;

	while (alarms < from + n)
		;
}

int main(void)
{
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct itimerval timer = {{0, 100}, {0, 100}};
	sigset_t blocked, old;

	begin();
	sigaction(SIGALRM, &action, NULL);
	action.sa_sigaction = on_usr1;
	action.sa_flags = SA_SIGINFO | SA_RESTART;
	sigaction(SIGUSR1, &action, NULL);
	signal(SIGUSR2, on_usr2);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR2);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	raise(SIGUSR2);
	setitimer(ITIMER_REAL, &timer, NULL);
	wait_for_alarms(10);
	gate("signals come");
	wait_for_alarms(10);
	kill(getpid(), SIGUSR1);
	setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
	printf("SIGUSR1 handled by v%d\n", usr1_by);
	fact(usr1 == 1, "SIGUSR1 came once");
	fact(usr2 == 0, "SIGUSR2 is still blocked");
	sigprocmask(SIG_UNBLOCK, &blocked, &old);
	printf("SIGUSR2 handled by v%d\n", (int)usr2);
	fact(sigismember(&old, SIGUSR2) == 1 && sigismember(&old, SIGUSR1) == 0, "the mask was kept");
	return failures;
}
