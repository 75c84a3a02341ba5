/*
 * What must hold where no signal is used to wake threads (UPSTARE_BLOCKING=self-pipe): the last real-time signal is the
 * program's, handlers end calls or let them go on as in the plain program, open files keep their flags, and what others of the
 * program take away before a thread comes to it does not make it block for good. VERSION is the version.
 */
#include "testprog.h"
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define TIMES 20
#define SERVERS 4

static int version(void)
{
	return VERSION;
}

static volatile sig_atomic_t handled;

static void on_signal(int number)
{
	(void)number;
	handled++;
}

static void handle(int number, int flags)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};

	sigaction(number, &action, NULL);
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the last signal ---- */

static void the_last_signal(void)
{
	sigset_t last, old, pending;
	siginfo_t info;

	sigemptyset(&last);
	sigaddset(&last, SIGRTMAX);
	handle(SIGRTMAX, 0);
	handled = 0;
	raise(SIGRTMAX);
	fact(handled == 1, "SIGRTMAX runs the program's handler");
	pthread_sigmask(SIG_BLOCK, &last, &old);
	raise(SIGRTMAX);
	sigpending(&pending);
	fact(handled == 1 && sigismember(&pending, SIGRTMAX), "SIGRTMAX can be blocked");
	fact(sigwaitinfo(&last, &info) == SIGRTMAX, "SIGRTMAX can be waited for");
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* ---- handlers of both kinds ---- */

struct wait {
	const char *name;
	long (*run)(struct wait *);
	void (*end)(struct wait *);
	int fd[2];
	sem_t semaphore;
	pthread_t thread;
	volatile int begun, ended; /* turns */
	volatile pid_t id;
	int wrong;
};

/* The thread sleeps: a signal from now on finds it in its call, however busy the machine is. */
static void wait_until_blocked(pid_t thread)
{
	char path[64], line[512];

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", thread);
	for (;;) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		long n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
		const char *state;

		if (n <= 0)
			exit(3);
		close(fd);
		line[n] = 0;
		state = strrchr(line, ')');
		if (state && state[2] == 'S')
			return;
		pause_ms(1);
	}
}

static long in_read(struct wait *w)
{
	char c;

	return read(w->fd[0], &c, 1);
}

static long in_recv(struct wait *w)
{
	char c;

	return recv(w->fd[0], &c, 1, 0);
}

static long in_fcntl(struct wait *w)
{
	struct flock lock = {.l_type = F_WRLCK};
	long r = fcntl(w->fd[0], F_OFD_SETLKW, &lock);

	if (r == 0) {
		lock.l_type = F_UNLCK;
		fcntl(w->fd[0], F_OFD_SETLK, &lock);
	}
	return r ? r : 1;
}

static long in_sem(struct wait *w)
{
	return sem_wait(&w->semaphore) ? -1 : 1;
}

static void put(struct wait *w)
{
	if (write(w->fd[1], "x", 1) != 1)
		perror("write");
}

static void unlock(struct wait *w)
{
	struct flock lock = {.l_type = F_UNLCK};

	fcntl(w->fd[1], F_OFD_SETLK, &lock);
}

static void lock(struct wait *w)
{
	struct flock lock = {.l_type = F_WRLCK};

	fcntl(w->fd[1], F_OFD_SETLK, &lock);
}

static void post(struct wait *w)
{
	sem_post(&w->semaphore);
}

static struct wait waits[] = {
	{.name = "read of a pipe", .run = in_read, .end = put},
	{.name = "recv", .run = in_recv, .end = put},
	{.name = "F_OFD_SETLKW", .run = in_fcntl, .end = unlock},
	{.name = "sem_wait", .run = in_sem, .end = post},
};
#define WAITS (int)(sizeof(waits) / sizeof(waits[0]))

static volatile int turn;

/* Turn about: SIGUSR1, whose handler lets the call go on, then what it waits for; and SIGUSR2, whose handler ends it. */
static void *turns(void *argument)
{
	struct wait *w = argument;

	w->id = gettid();
	for (int i = 0; i < 2 * TIMES; i++) {
		while (turn != i + 1)
			pause_ms(1);
		errno = 0;
		w->begun = i + 1;
		long r = w->run(w);

		w->wrong += i % 2 ? r != -1 || errno != EINTR : r != 1;
		w->ended = i + 1;
	}
	return NULL;
}

static void begin_turns(void)
{
	char name[] = "/tmp/ownsignals-XXXXXX";

	handle(SIGUSR1, SA_RESTART);
	handle(SIGUSR2, 0);
	if (pipe(waits[0].fd) || socketpair(AF_UNIX, SOCK_STREAM, 0, waits[1].fd))
		exit(2);
	waits[2].fd[0] = mkstemp(name);
	waits[2].fd[1] = open(name, O_RDWR);
	unlink(name);
	sem_init(&waits[3].semaphore, 0, 0);
	for (struct wait *w = waits; w < waits + WAITS; w++)
		pthread_create(&w->thread, NULL, turns, w);
}

static void take_turns(void)
{
	for (int i = 0; i < 2 * TIMES; i++) {
		if (i) {
			lock(&waits[2]);
			turn = i + 1;
		}
		for (struct wait *w = waits; w < waits + WAITS; w++) {
			while (w->begun != i + 1)
				pause_ms(1);
			wait_until_blocked(w->id);
		}
		for (struct wait *w = waits; w < waits + WAITS; w++)
			pthread_kill(w->thread, i % 2 ? SIGUSR2 : SIGUSR1);
		pause_ms(5);
		for (struct wait *w = waits; w < waits + WAITS && i % 2 == 0; w++)
			w->end(w);
		for (struct wait *w = waits; w < waits + WAITS; w++)
			while (w->ended != i + 1)
				pause_ms(1);
	}
	for (struct wait *w = waits; w < waits + WAITS; w++) {
		pthread_join(w->thread, NULL);
		printf("%s: ", w->name);
		fact(w->wrong == 0, "every handler ends it or lets it go on");
	}
}

/* ---- a signal for the process, with several threads that could take it ---- */

#define READERS 4

static int pool[2], ended_by_handler;
static volatile pid_t readers_ids[READERS];

static void *reader(void *argument)
{
	char c;
	long r;

	*(volatile pid_t *)argument = gettid();
	while ((r = read(pool[0], &c, 1)) < 0 && errno == EINTR)
		__atomic_add_fetch(&ended_by_handler, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void wait_until_all_read(void)
{
	for (int i = 0; i < READERS; i++) {
		while (!readers_ids[i])
			pause_ms(1);
		wait_until_blocked(readers_ids[i]);
	}
}

/* How many reads end for that many signals. */
static int ends_for(int number, int times)
{
	int before = ended_by_handler;

	for (int i = 0; i < times; i++) {
		wait_until_all_read();
		handled = 0;
		kill(getpid(), number);
		while (!handled)
			pause_ms(1);
	}
	wait_until_all_read();
	return ended_by_handler - before;
}

static void signals_for_all(void)
{
	pthread_t readers[READERS];
	sigset_t both;

	if (pipe(pool))
		exit(2);
	handle(SIGUSR1, SA_RESTART);
	handle(SIGUSR2, 0);
	for (int i = 0; i < READERS; i++)
		pthread_create(&readers[i], NULL, reader, (void *)&readers_ids[i]);
	sigemptyset(&both);
	sigaddset(&both, SIGUSR1);
	sigaddset(&both, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &both, NULL);
	fact(ends_for(SIGUSR2, TIMES) == TIMES, "a signal for the process ends one read");
	fact(ends_for(SIGUSR1, TIMES) == 0, "or none, where its handler lets it go on");
	close(pool[1]);
	for (int i = 0; i < READERS; i++)
		pthread_join(readers[i], NULL);
	pthread_sigmask(SIG_UNBLOCK, &both, NULL);
}

/* ---- a child's end and its signal come together: the wait ends with the child ---- */

static int children(int flags)
{
	int right = 0;

	handle(SIGCHLD, flags);
	for (int i = 0; i < TIMES; i++) {
		pid_t child = fork();

		if (child == 0) {
			pause_ms(3);
			_exit(0);
		}
		right += waitpid(child, NULL, 0) == child;
	}
	handle(SIGCHLD, SA_RESTART);
	return right;
}

static void wait_for_children(void)
{
	fact(children(0) == TIMES, "a wait gets its child, though the handler ends calls");
	fact(children(SA_RESTART) == TIMES, "and where it lets them go on");
}

/* ---- several that take from one ---- */

static int listener, requests[2];
static struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "\0ownsignals"};

/* Serves until it is told to stop: which version answered. */
static void *server(void *argument)
{
	char c = 0;

	while (c != 'x') {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0 || read(fd, &c, 1) != 1)
			break;
		c = c == '?' ? '0' + version() : c;
		if (write(fd, &c, 1) != 1)
			break;
		close(fd);
	}
	return argument;
}

static void open_servers(void)
{
	snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "ownsignals-%d", getpid());
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 50))
		exit(2);
	for (int i = 0; i < SERVERS; i++) {
		pthread_t thread;

		if (i % 2 == 0 && fork() == 0) {
			pthread_create(&thread, NULL, server, NULL);
			server(NULL);
			pthread_join(thread, NULL);
			_exit(0);
		}
		if (i % 2) {
			pthread_create(&thread, NULL, server, NULL);
			pthread_detach(thread);
		}
	}
}

static int ask(char question)
{
	char c = 0;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) || write(fd, &question, 1) != 1 || read(fd, &c, 1) != 1)
		c = 0;
	close(fd);
	return c;
}

static void ask_servers(const char *text, int answer)
{
	int right = 0;

	for (int i = 0; i < 100; i++)
		right += ask('?') == answer;
	fact(right == 100, text);
}

/* ---- what is no signal's business ---- */

/* As programs do that close all that they have not opened; and then something else has the number. */
static void take_descriptors(void)
{
	int null = open("/dev/null", O_RDWR), missed = 0;

	for (int fd = 100; fd < 2048; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			missed += dup2(null, fd) != fd;
	fact(missed == 0, "the program takes descriptors that it has not opened");
}

static void *idle(void *argument)
{
	char c;
	long r = read(*(int *)argument, &c, 1);

	return (void *)(r == 1 ? (long)version() : -r);
}

int main(void)
{
	int quiet[2];
	pthread_t sleeper;
	void *woken;

	begin();
	the_last_signal();
	signals_for_all();
	wait_for_children();
	if (pipe(quiet) || pipe(requests))
		return 2;
	pthread_create(&sleeper, NULL, idle, quiet);
	open_servers();
	begin_turns();
	lock(&waits[2]);
	turn = 1;
	pause_ms(100);
	fact(fcntl(quiet[0], F_GETFL) == O_RDONLY, "a file that is waited for keeps its flags");
	ask_servers("the servers answer", '0' + version());
	int before = version();
	long begun = now_ms();
	gate("all wait");
	fact(now_ms() >= begun, "the gate opens");
	ask_servers("the servers answer in the version that runs", '0' + version());
	take_turns();
	take_descriptors();
	gate("descriptors taken");
	ask_servers("the servers answer again", '0' + version());
	handled = 0;
	raise(SIGRTMAX);
	fact(handled == 1, "SIGRTMAX is still the program's");
	if (write(quiet[1], "x", 1) != 1)
		return 2;
	pthread_join(sleeper, &woken);
	printf("from v%d to v%d; a thread that blocked came back in v%ld\n", before, version(), (long)woken);
	for (int i = 0; i < 2 * SERVERS && ask('x') == 'x'; i++)
		if (i + 1 == SERVERS + SERVERS / 2)
			break;
	while (wait(NULL) > 0)
		;
	return failures != 0;
}
