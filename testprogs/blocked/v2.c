/* As v1, under its own number. */
#include "testprog.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/un.h>

#define VERSION 2
#define MUCH 400000
#define SLEEP_MS 3000

struct job {
	const char *name;
	long (*run)(struct job *);
	long expected;
	int fd[2]; /* the thread uses the first, main the second */
	pthread_t thread;
	long result;
	int version; /* that the call came back in */
	long took_ms;
};

static struct job jobs[];
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int condition_holds;
static pthread_t joined;

static int version(void)
{
	return VERSION;
}

static long do_read(struct job *j)
{
	char c[16];

	return read(j->fd[0], c, sizeof(c)) * 100 + c[0];
}

static char pattern(long i)
{
	return (char)(i * 7 + i / 251);
}

static char *much(void)
{
	char *data = malloc(MUCH);

	for (long i = 0; i < MUCH; i++)
		data[i] = pattern(i);
	return data;
}

static long do_write(struct job *j)
{
	char *data = much();
	long n = write(j->fd[0], data, MUCH);

	free(data);
	return n;
}

static long do_recv(struct job *j)
{
	char text[8] = "";

	return recv(j->fd[0], text, 6, MSG_WAITALL) * 10 + !memcmp(text, "abcdef", 6);
}

static long do_send(struct job *j)
{
	char *data = much();
	long n = send(j->fd[0], data, MUCH, 0);

	free(data);
	return n;
}

static long do_sendfile(struct job *j)
{
	char *data = much();
	FILE *file = tmpfile();
	off_t offset = 0;
	long n;

	fwrite(data, 1, MUCH, file);
	fflush(file);
	free(data);
	n = sendfile(j->fd[0], fileno(file), &offset, MUCH);
	fclose(file);
	return n == offset ? n : -1;
}

static long do_accept(struct job *j)
{
	int fd = accept(j->fd[0], NULL, NULL);

	return fd >= 0 && close(fd) == 0;
}

static long do_select(struct job *j)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(j->fd[0], &set);
	return select(j->fd[0] + 1, &set, NULL, NULL, NULL) * 10 + FD_ISSET(j->fd[0], &set);
}

static long do_select_timeout(struct job *j)
{
	struct timeval t = {SLEEP_MS / 1000, 0};
	fd_set set;

	FD_ZERO(&set);
	FD_SET(j->fd[0], &set);
	return select(j->fd[0] + 1, &set, NULL, NULL, &t);
}

static long do_poll(struct job *j)
{
	struct pollfd p = {.fd = j->fd[0], .events = POLLIN};

	return poll(&p, 1, -1) * 10 + (p.revents == POLLIN);
}

static long do_poll_timeout(struct job *j)
{
	struct pollfd p = {.fd = j->fd[0], .events = POLLIN};

	return poll(&p, 1, SLEEP_MS);
}

static long do_nanosleep(struct job *j)
{
	struct timespec t = {SLEEP_MS / 1000, 0};

	(void)j;
	return nanosleep(&t, NULL);
}

static long do_usleep(struct job *j)
{
	(void)j;
	return usleep(SLEEP_MS * 1000);
}

static long do_sleep(struct job *j)
{
	(void)j;
	return sleep(SLEEP_MS / 1000);
}

static long do_mutex_lock(struct job *j)
{
	int error = pthread_mutex_lock(&held);

	(void)j;
	pthread_mutex_unlock(&held);
	return error;
}

static long do_cond_wait(struct job *j)
{
	(void)j;
	pthread_mutex_lock(&lock);
	while (!condition_holds)
		pthread_cond_wait(&condition, &lock);
	pthread_mutex_unlock(&lock);
	return 0;
}

static void *joinee(void *arg)
{
	char c;

	return read(*(int *)arg, &c, 1) == 1 ? (void *)77 : NULL;
}

static long do_join(struct job *j)
{
	void *value;

	(void)j;
	pthread_join(joined, &value);
	return (long)value;
}

static struct job jobs[] = {
	{.name = "read", .run = do_read, .expected = 300 + 'x'},
	{.name = "write", .run = do_write, .expected = MUCH},
	{.name = "recv", .run = do_recv, .expected = 61},
	{.name = "send", .run = do_send, .expected = MUCH},
	{.name = "sendfile", .run = do_sendfile, .expected = MUCH},
	{.name = "accept", .run = do_accept, .expected = 1},
	{.name = "select", .run = do_select, .expected = 11},
	{.name = "poll", .run = do_poll, .expected = 11},
	{.name = "mutex_lock", .run = do_mutex_lock, .expected = 0},
	{.name = "cond_wait", .run = do_cond_wait, .expected = 0},
	{.name = "join", .run = do_join, .expected = 77},
	{.name = "nanosleep", .run = do_nanosleep, .expected = 0},
	{.name = "usleep", .run = do_usleep, .expected = 0},
	{.name = "sleep", .run = do_sleep, .expected = 0},
	{.name = "select with a timeout", .run = do_select_timeout, .expected = 0},
	{.name = "poll with a timeout", .run = do_poll_timeout, .expected = 0},
};
#define JOBS (int)(sizeof(jobs) / sizeof(jobs[0]))

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void *body(void *arg)
{
	struct job *j = arg;
	long start = now_ms();

	j->result = j->run(j);
	j->version = version();
	j->took_ms = now_ms() - start;
	return NULL;
}

/* Takes MUCH bytes from fd; whether they came in order. */
static int drain(int fd)
{
	static char data[8192];
	long at = 0;

	while (at < MUCH) {
		long n = read(fd, data, sizeof(data));

		if (n <= 0)
			return 0;
		for (long i = 0; i < n; i++)
			if (data[i] != pattern(at + i))
				return 0;
		at += n;
	}
	return 1;
}

static void prepare(struct job *j)
{
	int pair[2];

	if (!strcmp(j->name, "accept")) {
		struct sockaddr_un a = {.sun_family = AF_UNIX};

		j->fd[0] = socket(AF_UNIX, SOCK_STREAM, 0);
		bind(j->fd[0], (struct sockaddr *)&a,
		     sizeof(a.sun_family)); /* an abstract name of the kernel's choice */
		listen(j->fd[0], 1);
	} else if (!strcmp(j->name, "write")) {
		if (pipe(pair))
			exit(2);
		j->fd[0] = pair[1];
		j->fd[1] = pair[0];
	} else {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, j->fd))
			exit(2);
	}
	if (!strcmp(j->name, "join"))
		pthread_create(&joined, NULL, joinee, &j->fd[0]);
	pthread_create(&j->thread, NULL, body, j);
}

/* Gives the thread what it waits for. */
static void release(struct job *j)
{
	if (!strcmp(j->name, "read") || !strcmp(j->name, "select") || !strcmp(j->name, "poll")) {
		fact(write(j->fd[1], "xyz", 3) == 3, "wrote");
	} else if (!strcmp(j->name, "recv")) {
		fact(send(j->fd[1], "def", 3, 0) == 3, "sent");
	} else if (!strcmp(j->name, "write") || !strcmp(j->name, "send") || !strcmp(j->name, "sendfile")) {
		fact(drain(j->fd[1]), "all bytes came in order");
	} else if (!strcmp(j->name, "accept")) {
		struct sockaddr_un a;
		socklen_t n = sizeof(a);
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		getsockname(j->fd[0], (struct sockaddr *)&a, &n);
		fact(connect(fd, (struct sockaddr *)&a, n) == 0, "connected");
	} else if (!strcmp(j->name, "mutex_lock")) {
		pthread_mutex_unlock(&held);
	} else if (!strcmp(j->name, "cond_wait")) {
		pthread_mutex_lock(&lock);
		condition_holds = 1;
		pthread_cond_broadcast(&condition);
		pthread_mutex_unlock(&lock);
	} else if (!strcmp(j->name, "join")) {
		fact(write(j->fd[1], "x", 1) == 1, "wrote");
	}
}

int main(void)
{
	begin();
	pthread_mutex_lock(&held);
	for (struct job *j = jobs; j < jobs + JOBS; j++)
		prepare(j);
	fact(send(jobs[2].fd[1], "abc", 3, 0) == 3, "half of a message sent");
	pause_ms(300);
	gate("all wait");
	for (struct job *j = jobs; j < jobs + JOBS; j++) {
		release(j);
		pthread_join(j->thread, NULL);
		printf("%s came back in v%d with %s\n", j->name, j->version,
		       j->result == j->expected ? "the right result" : "A WRONG ONE");
		if (j->result != j->expected)
			printf("%s: %ld instead of %ld, failures %d\n", j->name, j->result, j->expected, ++failures);
		if (j >= jobs + 11)
			fact(j->took_ms >= SLEEP_MS && j->took_ms < SLEEP_MS + 400, "at the right time");
	}
	return failures;
}
