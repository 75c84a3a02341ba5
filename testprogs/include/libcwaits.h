/*
 * Threads that wait inside of libc, where no call of the runtime's stands: stdio on pipes and a terminal, the children of system and
 * popen, the answer of a name server; with VERSION as the version. An update must not wait for them; libc must not notice it, and what
 * it returns to must be the new version. A signal that comes in the middle of the pause (user/transformers.c sends some) has the effect
 * that it would have had.
 */
#include "testprog.h"
#include <arpa/nameser.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define MUCH 400000

struct job;

struct kind {
	const char *name;
	void (*prepare)(struct job *);
	long (*run)(struct job *); /* blocks */
	void (*release)(struct job *);
	long expected;
	int signal; /* that this thread alone takes */
};

struct job {
	const struct kind *kind;
	int fd[2]; /* the thread uses the first, main the second */
	FILE *file;
	char path[60];
	pthread_t thread;
	long result;
	int version;
};

static char directory[] = "/tmp/upstare-libcwaits-XXXXXX";

static int version(void)
{
	return VERSION;
}

/* ---- what they wait for ---- */

static void reader(struct job *j)
{
	need(pipe(j->fd) == 0, "pipe");
	need((j->file = fdopen(j->fd[0], "r")) != NULL, "fdopen");
}

static void writer(struct job *j)
{
	int fd[2];

	need(pipe(fd) == 0, "pipe");
	j->fd[0] = fd[1];
	j->fd[1] = fd[0];
	need((j->file = fdopen(fd[1], "w")) != NULL, "fdopen");
}

static void terminal(struct job *j)
{
	need((j->fd[1] = posix_openpt(O_RDWR | O_NOCTTY)) >= 0, "posix_openpt");
	need(grantpt(j->fd[1]) == 0 && unlockpt(j->fd[1]) == 0, "grantpt");
	need((j->fd[0] = open(ptsname(j->fd[1]), O_RDWR | O_NOCTTY)) >= 0, "ptsname");
	need((j->file = fdopen(j->fd[0], "r")) != NULL, "fdopen");
}

static void fifo(struct job *j)
{
	snprintf(j->path, sizeof(j->path), "%s/%s", directory, j->kind->name);
	need(mkfifo(j->path, 0600) == 0, "mkfifo");
}

static void name_server(struct job *j)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	need((j->fd[1] = socket(AF_INET, SOCK_DGRAM, 0)) >= 0, "socket");
	need(bind(j->fd[1], (struct sockaddr *)&a, sizeof(a)) == 0, "bind");
}

static void line(struct job *j)
{
	need(write(j->fd[1], "42 x\n", 5) == 5, "write");
}

static void drain(struct job *j)
{
	char piece[4096];
	long left = MUCH;

	while (left > 0) {
		long n = read(j->fd[1], piece, sizeof(piece));

		need(n > 0, "read");
		left -= n;
	}
}

static volatile sig_atomic_t handled[65];

static void on_signal(int signal)
{
	handled[signal]++;
}

static void its_signal(struct job *j)
{
	if (!handled[j->kind->signal])
		pthread_kill(j->thread, j->kind->signal);
}

/* Again each second: where updates come all the time one may come with the end of the handler, which then ends nothing (docs/limits.md). */
static void its_signal_until_over(struct job *j)
{
	its_signal(j);
	for (int i = 1; !__atomic_load_n(&j->version, __ATOMIC_ACQUIRE); i++) {
		pause_ms(10);
		if (i % 100 == 0)
			pthread_kill(j->thread, j->kind->signal);
	}
}

static void its_signal_and_line(struct job *j)
{
	its_signal(j);
	while (!handled[j->kind->signal])
		pause_ms(1);
	line(j);
}

static void its_own_signal(struct job *j)
{
	pthread_kill(j->thread, j->kind->signal);
}

static void cancel(struct job *j)
{
	pthread_cancel(j->thread);
}

static void write_fifo(struct job *j)
{
	int fd = open(j->path, O_WRONLY);

	need(fd >= 0 && write(fd, "x\n", 2) == 2 && close(fd) == 0, "fifo");
}

/* There is no such name. */
static void deny(struct job *j)
{
	unsigned char question[512];
	struct sockaddr_in from;
	socklen_t length = sizeof(from);
	long n = recvfrom(j->fd[1], question, sizeof(question), 0, (struct sockaddr *)&from, &length);

	need(n > 12, "recvfrom");
	question[2] |= 0x80;
	question[3] = (unsigned char)((question[3] & 0xf0) | ns_r_nxdomain);
	need(sendto(j->fd[1], question, (size_t)n, 0, (struct sockaddr *)&from, length) == n, "sendto");
}

/* ---- how they wait ---- */

static long do_fgets(struct job *j)
{
	char text[20] = "";

	return fgets(text, sizeof(text), j->file) == text ? (long)strlen(text) + text[0] : -errno;
}

static __thread sigjmp_buf out;

static void jump_out(int signal)
{
	(void)signal;
	siglongjmp(out, 1);
}

static void read_until_signal(int fd)
{
	char c;

	if (sigsetjmp(out, 1) == 0)
		need(read(fd, &c, 1) < 0, "no signal came");
}

static long do_fgets_after_jump(struct job *j)
{
	read_until_signal(j->fd[0]);
	return do_fgets(j);
}

static long do_fgets_until_jump(struct job *j)
{
	return sigsetjmp(out, 1) == 0 ? do_fgets(j) : 77;
}

static void cancelled(void *job)
{
	struct job *j = job;

	j->result = 78;
	j->version = version();
}

static long do_fgets_until_cancelled(struct job *j)
{
	long result;

	pthread_cleanup_push(cancelled, j);
	result = do_fgets(j);
	pthread_cleanup_pop(0);
	return result;
}

static long do_getc(struct job *j)
{
	return getc(j->file);
}

static long do_fread(struct job *j)
{
	char text[5];

	return (long)fread(text, 1, sizeof(text), j->file) + text[4];
}

static long do_getline(struct job *j)
{
	char *text = NULL;
	size_t size = 0;
	long n = getline(&text, &size, j->file);

	free(text);
	return n;
}

static long do_fscanf(struct job *j)
{
	int number = 0;

	return fscanf(j->file, "%d", &number) + number;
}

static long do_fwrite(struct job *j)
{
	static char much[MUCH];
	long n = (long)fwrite(much, 1, MUCH, j->file);

	return fflush(j->file) ? -1 : n;
}

static long do_fprintf(struct job *j)
{
	return fprintf(j->file, "%*d", MUCH, 1) + fflush(j->file);
}

static long do_system(struct job *j)
{
	char command[100];

	snprintf(command, sizeof(command), "read x <%s && exit 7", j->path);
	return WEXITSTATUS(system(command));
}

static long do_pclose(struct job *j)
{
	char command[100];

	snprintf(command, sizeof(command), "read x <%s && exit 9", j->path);
	return WEXITSTATUS(pclose(popen(command, "r")));
}

static long do_res_query(struct job *j)
{
	unsigned char answer[512];
	struct sockaddr_in a;
	socklen_t length = sizeof(a);

	need(res_init() == 0 && getsockname(j->fd[1], (struct sockaddr *)&a, &length) == 0, "res_init");
	_res.nscount = 1;
	_res.nsaddr_list[0] = a;
	_res.retrans = 30;
	_res.retry = 1;
	return res_query("nobody.test", C_IN, T_A, answer, sizeof(answer)) + h_errno * 10;
}

static const struct kind kinds[] = {
	{"fgets", reader, do_fgets, line, 5 + '4', 0},
	{"fgets on a terminal", terminal, do_fgets, line, 5 + '4', 0},
	{"getc", reader, do_getc, line, '4', 0},
	{"fread", reader, do_fread, line, 5 + '\n', 0},
	{"getline", reader, do_getline, line, 5, 0},
	{"fscanf", reader, do_fscanf, line, 43, 0},
	{"fgets with a handler", reader, do_fgets, its_signal_until_over, -EINTR, SIGHUP},
	{"fgets with a handler in the pause", reader, do_fgets, its_signal_until_over, -EINTR, SIGUSR1},
	{"fgets that goes on after a handler in the pause", reader, do_fgets, its_signal_and_line, 5 + '4', SIGUSR2},
	{"fgets after a handler that jumped out of read", reader, do_fgets_after_jump, line, 5 + '4', SIGALRM},
	{"fgets that a handler jumps out of", reader, do_fgets_until_jump, its_own_signal, 77, SIGWINCH},
	{"fgets that is cancelled", reader, do_fgets_until_cancelled, cancel, 78, 0},
	{"fwrite", writer, do_fwrite, drain, MUCH, 0},
	{"fprintf", writer, do_fprintf, drain, MUCH, 0},
	{"system", fifo, do_system, write_fifo, 7, 0},
	{"pclose", fifo, do_pclose, write_fifo, 9, 0},
	{"res_query", name_server, do_res_query, deny, -1 + 10 * HOST_NOT_FOUND, 0},
};
#define JOBS (sizeof(kinds) / sizeof(kinds[0]))

static struct job jobs[JOBS];

static void *body(void *arg)
{
	struct job *j = arg;
	sigset_t own;

	sigemptyset(&own);
	if (j->kind->signal)
		sigaddset(&own, j->kind->signal);
	pthread_sigmask(SIG_UNBLOCK, &own, NULL);
	errno = 0;
	j->result = j->kind->run(j);
	__atomic_store_n(&j->version, version(), __ATOMIC_RELEASE);
	return NULL;
}

static void prepare_signals(void)
{
	struct sigaction ends = {.sa_handler = on_signal}, restarts = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct sigaction jumps = {.sa_handler = jump_out};
	sigset_t blocked;

	sigaction(SIGHUP, &ends, NULL);
	sigaction(SIGUSR1, &ends, NULL);
	sigaction(SIGUSR2, &restarts, NULL);
	sigaction(SIGALRM, &jumps, NULL);
	sigaction(SIGWINCH, &jumps, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGHUP);
	sigaddset(&blocked, SIGUSR1);
	sigaddset(&blocked, SIGUSR2);
	sigaddset(&blocked, SIGALRM);
	sigaddset(&blocked, SIGWINCH);
	pthread_sigmask(SIG_BLOCK, &blocked, NULL);
}

int main(void)
{
	begin();
	prepare_signals();
	need(mkdtemp(directory) != NULL, "mkdtemp");
	for (size_t i = 0; i < JOBS; i++) {
		jobs[i].kind = &kinds[i];
		kinds[i].prepare(&jobs[i]);
	}
	for (struct job *j = jobs; j < jobs + JOBS; j++)
		pthread_create(&j->thread, NULL, body, j);
	pause_ms(200);
	for (struct job *j = jobs; j < jobs + JOBS; j++)
		if (j->kind->signal == SIGALRM)
			pthread_kill(j->thread, SIGALRM);
	pause_ms(200);
	gate("all wait");
	for (struct job *j = jobs; j < jobs + JOBS; j++) {
		j->kind->release(j);
		pthread_join(j->thread, NULL);
		printf("%s came back in v%d with %s\n", j->kind->name, j->version, j->result == j->kind->expected ? "the right result" : "A WRONG ONE");
		if (j->result != j->kind->expected)
			printf("%s: %ld instead of %ld, failures %d\n", j->kind->name, j->result, j->kind->expected, ++failures);
		if (j->path[0])
			unlink(j->path);
	}
	rmdir(directory);
	return failures;
}
