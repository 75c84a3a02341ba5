/*
 * Signals that come while all threads stand still for an update (user/transformers.c sends them then), with VERSION as the
 * version. Each is delivered afterwards, once, to the new version's handler, and has the effect on the call under way that it
 * would have had: a read ends with EINTR or goes on as SA_RESTART says, a sleep ends. Of two threads that a signal of the process might
 * interrupt it interrupts one.
 */
#include "testprog.h"
#include <signal.h>

static volatile sig_atomic_t handled[65], handled_by[65];
static int pipe_fd[2], twin_fd[2];

static int version(void)
{
	return VERSION;
}

static void on_signal(int n)
{
	handled[n]++;
	handled_by[n] = version();
}

static void install(int n, int flags)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};

	sigaction(n, &action, NULL);
}

/* Each thread is open to one signal alone. */
static void open_to(int n)
{
	sigset_t set;

	sigfillset(&set);
	sigdelset(&set, n);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
}

static void report(const char *who, int interrupted, int n)
{
	printf("%s %s, its signal came %d times", who, interrupted ? "was interrupted" : "went on to the end", (int)handled[n]);
	if (handled[n])
		printf(", last to v%d", (int)handled_by[n]);
	printf("\n");
}

static void *reader(void *arg)
{
	char c;

	open_to(SIGUSR2);
	return (void *)(long)(read(pipe_fd[0], &c, 1) != 1 || arg);
}

static void *sleeper(void *arg)
{
	struct timespec t = {3, 0}, rest = {0, 0};

	(void)arg;
	open_to(SIGHUP);
	return (void *)(long)(nanosleep(&t, &rest) && errno == EINTR && rest.tv_sec < 3 && rest.tv_sec + rest.tv_nsec > 0);
}

static void *twin(void *arg)
{
	char c;

	(void)arg;
	open_to(SIGALRM);
	return (void *)(long)(read(twin_fd[0], &c, 1) < 0 && errno == EINTR);
}

int main(void)
{
	pthread_t threads[4];
	void *result[4];
	char c;
	long r;

	begin();
	install(SIGUSR1, 0);
	install(SIGUSR2, SA_RESTART);
	install(SIGHUP, SA_RESTART);
	install(SIGALRM, 0);
	open_to(SIGUSR1);
	if (pipe(pipe_fd) || pipe(twin_fd))
		return 2;
	pthread_create(&threads[0], NULL, reader, NULL);
	pthread_create(&threads[1], NULL, sleeper, NULL);
	pthread_create(&threads[2], NULL, twin, NULL);
	pthread_create(&threads[3], NULL, twin, NULL);
	pause_ms(200);
	printf("gate all wait\n");
	r = read(0, &c, 1);
	report("main's read", r < 0 && errno == EINTR, SIGUSR1);
	pause_ms(100);
	if (write(pipe_fd[1], "x", 1) != 1 || write(twin_fd[1], "xy", 2) != 2)
		return 2;
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], &result[i]);
	report("the read with SA_RESTART", result[0] != NULL, SIGUSR2);
	report("the sleep", result[1] != NULL, SIGHUP);
	report("one of the twins", result[2] != NULL || result[3] != NULL, SIGALRM);
	report("the other", result[2] != NULL && result[3] != NULL, SIGALRM);
	return 0;
}
