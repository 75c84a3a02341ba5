/*
 * Hazard: a signal and an update that come to a blocked call at the same moment. Each signal, sent to a thread that is inside its call,
 * must end the call with EINTR once: none of them may be handled unseen while the call is broken off and made again.
 * All handlers are of those that end calls; VERSION is the version.
 */
#include "testprog.h"
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/syscall.h>

#define ROUNDS 60
#define PATIENCE_MS 10000

static int files[2], semaphores;
static sem_t semaphore;

static long in_read(void)
{
	char c;

	return read(files[0], &c, 1);
}

static long in_poll(void)
{
	struct pollfd p = {.fd = files[0], .events = POLLIN};

	return poll(&p, 1, -1);
}

static long in_semop(void)
{
	struct sembuf down = {0, -1, 0};

	return semop(semaphores, &down, 1);
}

static long in_sem_wait(void)
{
	return sem_wait(&semaphore);
}

static struct waiter {
	const char *name;
	long (*call)(void);
	pthread_t thread;
	int tid;
	volatile int begun, interrupted, wrong, handled;
} waiters[] = {
	{.name = "read", .call = in_read},
	{.name = "poll", .call = in_poll},
	{.name = "semop", .call = in_semop},
	{.name = "sem_wait", .call = in_sem_wait},
};
#define WAITERS (int)(sizeof(waiters) / sizeof(waiters[0]))
/* Not sem_wait where threads wait for a pipe (UPSTARE_BLOCKING): docs/limits.md. */
static int count = WAITERS;
static __thread struct waiter *self;

static void on_signal(int signal)
{
	(void)signal;
	self->handled++;
}

static void *body(void *arg)
{
	struct waiter *w = arg;

	self = w;
	w->tid = (int)syscall(SYS_gettid);
	while (w->interrupted + w->wrong < ROUNDS) {
		w->begun++;
		if (w->call() == -1 && errno == EINTR)
			w->interrupted++;
		else
			w->wrong++;
	}
	return NULL;
}

/* Asleep in its call, as itself or as what the runtime waits in for it; a thread that an update has stopped waits for another futex. */
static int inside(const struct waiter *w)
{
	char name[60], text[40] = "";
	long number;
	void *first = NULL;

	snprintf(name, sizeof(name), "/proc/self/task/%d/syscall", w->tid);
	int fd = open(name, O_RDONLY);
	long n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0 || sscanf(text, "%ld %p", &number, &first) != 2)
		return 0;
	switch (number) {
	case SYS_read:
	case SYS_poll:
	case SYS_ppoll:
	case SYS_semtimedop:
		return 1;
	case SYS_futex:
		return first == (void *)&semaphore;
	default:
		return 0;
	}
}

static void hit(struct waiter *w, int round)
{
	while (w->begun != round + 1 || !inside(w))
		pause_ms(0);
	pthread_kill(w->thread, SIGUSR1);
	for (int ms = 0; w->interrupted + w->wrong == round && ms < PATIENCE_MS; ms++)
		pause_ms(1);
	if (w->interrupted + w->wrong == round) {
		printf("%s: the handler ran %d times, the call was ended %d times\n", w->name, w->handled, round);
		exit(1);
	}
}

static void restore(void)
{
	semctl(semaphores, 0, IPC_RMID);
}

int main(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	const char *way = getenv("UPSTARE_BLOCKING");
	int whole = 1;

	begin();
	if (way && !strcmp(way, "self-pipe"))
		count--;
	sigaction(SIGUSR1, &action, NULL);
	semaphores = semget(IPC_PRIVATE, 1, 0600);
	if (pipe(files) || semaphores < 0)
		return 2;
	atexit(restore);
	for (int i = 0; i < count; i++)
		pthread_create(&waiters[i].thread, NULL, body, &waiters[i]);
	gate("all wait");
	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; i < count; i++)
			hit(&waiters[i], round);
	for (int i = 0; i < count; i++) {
		pthread_join(waiters[i].thread, NULL);
		whole &= waiters[i].interrupted == ROUNDS && waiters[i].handled == ROUNDS;
	}
	printf("v%d\n", VERSION);
	fact(whole, "each signal was handled once and ended one call");
	return failures;
}
