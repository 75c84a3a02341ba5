/*
 * Hazard: a program that is many processes. All of them go over to the new version together, or none does.
 *
 * processes KIND: makes a tree of processes of that kind, says "ready", and waits at its gate. Then each process is asked for
 * its version over a pipe; the answers come in the order in which the processes were made.
 */
#include "testprog.h"
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define MOST 64

static const char *version(void)
{
	return VERSION == 1 ? "v1" : "v2";
}

/* What each process has: two pipes, by which it is asked and answers. */
static int ask[MOST][2], answer[MOST][2], processes;

/* Answers as long as somebody is there who could ask: '?' for its version, 'x' ends it, 'n' makes it another program, 'r' returns. */
static void a_member(int me)
{
	char c, text[80];

	for (int i = 0; i < processes; i++) {
		close(ask[i][1]);
		close(answer[i][0]);
	}
	while (read(ask[me][0], &c, 1) == 1) {
		if (c == 'x')
			_exit(0);
		if (c == 'r')
			return;
		if (c == 'n')
			execl("/bin/sleep", "sleep", "5", (char *)NULL);
		int n = snprintf(text, sizeof(text), "%s\n", version());
		if (write(answer[me][1], text, n) != n)
			_exit(1);
	}
	printf("process %d ends as %s\n", me, version());
	exit(0);
}

static int a_place(void)
{
	if (pipe(ask[processes]) || pipe(answer[processes]))
		exit(1);
	return processes++;
}

static void tell(int who, char what)
{
	if (write(ask[who][1], &what, 1) != 1)
		printf("%d is not there\n", who);
}

/* Prints what a process says, or that it says nothing. */
static void hear(int who)
{
	char text[80];
	struct pollfd file = {.fd = answer[who][0], .events = POLLIN};
	int n = poll(&file, 1, 3000) == 1 ? read(answer[who][0], text, sizeof(text) - 1) : 0;

	text[n > 0 ? n : 0] = 0;
	printf("process %d: %s", who, n > 0 ? text : "gone\n");
}

static void ask_all(void)
{
	for (int i = 0; i < processes; i++) {
		tell(i, '?');
		hear(i);
	}
	printf("main: %s\n", version());
}

/* Ready when it has said so on its pipe. */
static void up(int me)
{
	if (write(answer[me][1], "up\n", 3) != 3)
		exit(1);
}

static void await_up(int who)
{
	char text[4];

	if (read(answer[who][0], text, 3) != 3)
		printf("process %d did not come up\n", who);
}

static pid_t start(int me)
{
	pid_t pid = fork();

	if (pid == 0) {
		up(me);
		a_member(me);
	}
	return pid;
}

/* ---- kinds of trees ---- */

static void chain(int depth)
{
	int me = processes - depth;

	if (fork() == 0) {
		if (depth > 1)
			chain(depth - 1);
		up(me);
		a_member(me);
	}
}

static void three_deep(void)
{
	for (int i = 0; i < 3; i++)
		a_place();
	chain(3);
	for (int i = 0; i < 3; i++)
		await_up(i);
}

static pid_t pids[MOST];

static void some(int n)
{
	for (int i = 0; i < n; i++) {
		int me = a_place();

		pids[me] = start(me);
		await_up(me);
	}
}

/* A child whose parent is no more: it belongs to the program as before. */
static void orphan(void)
{
	int me = a_place();
	pid_t between = fork();

	if (between == 0) {
		start(me);
		_exit(0);
	}
	waitpid(between, NULL, 0);
	await_up(me);
}

static int compare(const void *a, const void *b)
{
	static int asked;

	if (!asked++)
		a_member(0);
	return *(const int *)a - *(const int *)b;
}

/* Pinned, for a variable bound to a register. */
static void sort_numbers(int (*with)(const void *, const void *))
{
	register size_t n __asm__("r12") = 3;
	int numbers[] = {3, 1, 2};

	__asm__("" : "+r"(n));
	qsort(numbers, n, sizeof(int), with);
}

static void pinned(void)
{
	int me = a_place();

	if (fork() == 0) {
		up(me);
		sort_numbers(compare);
		_exit(0);
	}
	await_up(me);
}

static void *sleeper(void *argument)
{
	struct timespec t = {1000, 0};

	while (nanosleep(&t, &t))
		;
	return argument;
}

static void *runner(void *argument)
{
	volatile long turns = 0;

	while (version())
		turns++;
	return argument;
}

static void with_threads(void)
{
	int me = a_place();

	if (fork() == 0) {
		pthread_t other, busy;

		pthread_create(&busy, NULL, runner, NULL);
		pthread_create(&other, NULL, sleeper, NULL);
		up(me);
		a_member(me);
	}
	await_up(me);
}

/* A process that computes, and makes no call that could block. */
static void busy(void)
{
	int me = a_place();

	if (fork() == 0) {
		up(me);
		runner(NULL);
	}
	await_up(me);
}

/* What a server does before it talks to strangers. */
static void confine(void)
{
	struct rlimit none = {0, 0};
	int null = open("/dev/null", O_RDWR);

	if (geteuid() == 0 && (chroot("/proc/self/fdinfo") || chdir("/") || setgid(65534) || setuid(65534)))
		exit(1);
	for (int fd = 3; fd < 1024; fd++) {
		int mine = fd == null;

		for (int i = 0; i < processes; i++)
			mine |= fd == ask[i][0] || fd == answer[i][1];
		if (!mine)
			close(fd);
	}
	if (setrlimit(RLIMIT_NOFILE, &none) || setrlimit(RLIMIT_FSIZE, &none))
		exit(1);
}

static void confined(void)
{
	int me = a_place();

	if (fork() == 0) {
		confine();
		up(me);
		a_member(me);
	}
	await_up(me);
}

/* A helper that keeps the rights which the program then gives up. */
static void lowered(void)
{
	int me = a_place();

	start(me);
	await_up(me);
	if (geteuid() == 0 && (setgid(65534) || setuid(65534)))
		exit(1);
}

/* Says all the time who it is: libc has each thread of the process do so, and waits for them. */
static void changing(void)
{
	int me = a_place();

	if (fork() == 0) {
		char c, text[8];

		close(ask[me][1]);
		up(me);
		fcntl(ask[me][0], F_SETFL, O_NONBLOCK);
		for (;;) {
			int n = setgid(getgid()) ? 0 : read(ask[me][0], &c, 1);

			if (n == 0 || (n == 1 && c == 'x'))
				_exit(0);
			if (n != 1)
				continue;
			n = snprintf(text, sizeof(text), "%s\n", version());
			if (write(answer[me][1], text, n) != n)
				_exit(1);
		}
	}
	await_up(me);
}

/* What the program needs (the first line), what the runtime does in a filter, and what it does without a kick (docs/manual.md). */
static const int allowed[] = {
	SYS_read, SYS_write, SYS_close, SYS_exit_group,
	SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_rt_sigpending, SYS_tgkill, SYS_futex, SYS_getpid, SYS_gettid,
	SYS_clone3, SYS_set_robust_list, SYS_rseq, SYS_exit, SYS_mmap, SYS_munmap, SYS_mprotect, SYS_madvise, SYS_brk,
	SYS_prlimit64, SYS_membarrier,
};
static const int allowed_without_kick[] = {
	SYS_preadv2, SYS_pwritev2, SYS_lseek, SYS_fstat, SYS_fcntl, SYS_getsockopt, SYS_ppoll, SYS_pipe2, SYS_signalfd4,
};
#define COUNT(array) (sizeof(array) / sizeof(array[0]))

static int add_allowed(struct sock_filter *rules, const int *calls, int n)
{
	for (int i = 0; i < n; i++) {
		rules[2 * i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1);
		rules[2 * i + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	return 2 * n;
}

static void filter(void)
{
	struct sock_filter rules[2 * (COUNT(allowed) + COUNT(allowed_without_kick)) + 2] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	const char *way = getenv("UPSTARE_BLOCKING"), *filters = getenv("UPSTARE_SECCOMP");
	int n = 1 + add_allowed(rules + 1, allowed, COUNT(allowed));
	struct sock_fprog program = {.filter = rules};

	if (way && !strcmp(way, "self-pipe") && filters && !strcmp(filters, "allowed"))
		n += add_allowed(rules + n, allowed_without_kick, COUNT(allowed_without_kick));
	rules[n] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	program.len = n + 1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		exit(1);
}

static void filtered(void)
{
	int me = a_place();

	if (fork() == 0) {
		filter();
		up(me);
		a_member(me);
	}
	await_up(me);
}

/* By the bare system call, as programs do that want namespaces. */
static void cloned(long flags)
{
	int me = a_place(), below = a_place();
	long pid = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0) {
		if (fork() == 0) {
			up(below);
			a_member(below);
		}
		up(me);
		a_member(me);
	}
	if (pid < 0)
		printf("cannot clone\n");
	await_up(me);
	await_up(below);
}

static int body(void *argument)
{
	int me = (int)(long)argument;

	up(me);
	a_member(me);
	return 0;
}

static void on_its_own_stack(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	int me = a_place();

	if (clone(body, stack + sizeof(stack), SIGCHLD, (void *)(long)me) < 0)
		printf("cannot clone\n");
	await_up(me);
}

/* Processes come and go all the time: whoever was made by an old one may not live on as one. */
static void storm(void)
{
	int me = a_place();

	if (fork() == 0) {
		close(ask[me][1]);
		up(me);
		fcntl(ask[me][0], F_SETFL, O_NONBLOCK);
		for (int i = 0;; i++) {
			char c, text[8];
			pid_t pid = fork();

			if (pid == 0) {
				pause_ms(i % 3);
				_exit(version()[1] - '0');
			}
			int status = -1, n = read(ask[me][0], &c, 1);

			waitpid(pid, &status, 0);
			if (n == 0 || (n == 1 && c == 'x'))
				_exit(0);
			if (n != 1)
				continue;
			n = snprintf(text, sizeof(text), "%s\n", WEXITSTATUS(status) == version()[1] - '0' ? version() : "bad");
			if (write(answer[me][1], text, n) != n)
				_exit(1);
		}
	}
	await_up(me);
}

/*
 * A daemon; its children are made later, when the first process has ended: those that are forked before belong to its tree, and
 * cannot be reached afterwards (docs/limits.md).
 */
static void becomes_a_daemon(int by_hand)
{
	pid_t first = getpid();

	if (by_hand) {
		if (fork())
			_exit(0);
		setsid();
		if (fork())
			exit(0);
	} else if (daemon(1, 1)) {
		exit(1);
	}
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	for (int i = 0; i < 2000 && kill(first, 0) == 0; i++)
		usleep(1000);
	printf("daemon %d\n", getpid());
	some(2);
}

/* Forked in a signal handler, it lives there, above a call that the signal has interrupted in its parent. */
static int handled_place;
static volatile sig_atomic_t is_handled;

static void fork_in_handler(int number)
{
	(void)number;
	if (fork() == 0) {
		is_handled = 1;
		up(handled_place);
		a_member(handled_place);
	}
}

static void handled(int in_library)
{
	sigset_t alarm_only, before;
	struct sigaction action = {.sa_handler = fork_in_handler};

	handled_place = a_place();
	sigaction(SIGALRM, &action, NULL);
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	sigprocmask(SIG_BLOCK, &alarm_only, &before);
	raise(SIGALRM);
	if (in_library)
		sigprocmask(SIG_SETMASK, &before, NULL);
	else
		sigsuspend(&before);
	if (is_handled)
		a_member(handled_place);
	await_up(handled_place);
}

/* A gate at which "?0" asks a process, and "n0" tells it to become another program; an empty line opens it. */
static void ready(void)
{
	char line[8];
	int n = 0;

	printf("gate ready\n");
	while (read(0, &line[n], 1) == 1) {
		if (line[n] != '\n') {
			n += n < 7;
			continue;
		}
		if (n == 0)
			return;
		tell(line[1] - '0', line[0]);
		if (line[0] == '?')
			hear(line[1] - '0');
		n = 0;
	}
}

static int gate_in_a_sort(const void *a, const void *b)
{
	static int open;

	if (!open++)
		gate("ready");
	return *(const int *)a - *(const int *)b;
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "some";

	begin();
	signal(SIGPIPE, SIG_IGN);
	if (!strcmp(kind, "deep"))
		three_deep();
	else if (!strcmp(kind, "some") || !strcmp(kind, "sorting"))
		some(2);
	else if (!strcmp(kind, "fifty"))
		some(50);
	else if (!strcmp(kind, "orphan"))
		orphan();
	else if (!strcmp(kind, "pinned"))
		pinned();
	else if (!strcmp(kind, "threads"))
		with_threads();
	else if (!strcmp(kind, "busy"))
		busy();
	else if (!strcmp(kind, "confined"))
		confined();
	else if (!strcmp(kind, "lowered"))
		lowered();
	else if (!strcmp(kind, "changing"))
		changing();
	else if (!strcmp(kind, "filtered"))
		filtered();
	else if (!strcmp(kind, "cloned"))
		cloned(0);
	else if (!strcmp(kind, "namespace"))
		cloned(CLONE_NEWPID);
	else if (!strcmp(kind, "stack"))
		on_its_own_stack();
	else if (!strcmp(kind, "storm"))
		storm();
	else if (!strcmp(kind, "handled") || !strcmp(kind, "unmasked"))
		handled(kind[0] == 'u');
	else if (!strcmp(kind, "daemon") || !strcmp(kind, "twice"))
		becomes_a_daemon(kind[0] == 't');
	for (int i = 0; i < processes; i++)
		if (pids[i])
			printf("process %d is %d\n", i, pids[i]);
	if (!strcmp(kind, "sorting"))
		sort_numbers(gate_in_a_sort);
	else
		ready();
	ask_all();
	for (int i = 0; i < processes; i++)
		tell(i, 'x');
	while (wait(NULL) > 0)
		;
	return 0;
}
