/* A program with one thread, found by its first client in the places that its argument names. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long sum;

static void gate(const char *what)
{
	printf("gate %s\n", what);
	fflush(stdout);
}

static void allocate(void)
{
	void *p[10];
	for (int i = 0; i < 10; i++)
		p[i] = malloc(1500 + (size_t)i * 1000);
	for (int i = 0; i < 10; i++)
		free(p[i]);
}

static void compute(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		sum += i;
}

static void wait_in_handler(int signal)
{
	(void)signal;
	gate("handler");
	for (;;)
		sleep(1000);
}

/* It has interrupted malloc, or free: nobody may allocate meanwhile, it least of all (it does not). */
static void stay_in_handler(int signal)
{
	time_t end = time(NULL) + 2;
	(void)signal;
	write(1, "gate interrupting\n", 18);
	while (time(NULL) < end)
		compute(1000);
	write(1, "returned\n", 9);
}

/* No threads from here on: whoever makes one is killed. */
static int forbid_threads(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {sizeof(code) / sizeof(*code), code};
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

static void limit_processes(void)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NPROC, &limit);
	limit.rlim_cur = 1;
	setrlimit(RLIMIT_NPROC, &limit);
}

static void close_everything(void)
{
	for (int fd = 3; fd < 4096; fd++)
		close(fd);
	close_range(3, ~0u, 0);
	closefrom(3);
	for (int fd = 3; fd < 1024; fd++)
		dup2(1, fd);
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
}

static void again(char **argv)
{
	int left = atoi(argv[2]);
	char text[20];
	if (!left) {
		puts("all began");
		exit(0);
	}
	snprintf(text, sizeof(text), "%d", left - 1);
	execl("/proc/self/exe", argv[0], argv[1], text, (char *)NULL);
	exit(1);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	char line[100];

	if (!strcmp(what, "library")) {
		gate(what);
		while (fgets(line, sizeof(line), stdin))
			;
		return 0;
	}
	if (!strcmp(what, "computation")) {
		gate(what);
		for (;;)
			compute(1000000000);
	}
	if (!strcmp(what, "malloc")) {
		gate(what);
		for (;;)
			allocate();
	}
	if (!strcmp(what, "handler")) {
		signal(SIGALRM, wait_in_handler);
		alarm(1);
		for (;;)
			pause();
	}
	if (!strcmp(what, "interrupting")) {
		signal(SIGALRM, stay_in_handler);
		ualarm(100000, 0);
		for (;;)
			allocate();
	}
	if (!strcmp(what, "again")) {
		if (argc == 3)
			again(argv);
		gate(what);
		execl("/proc/self/exe", argv[0], what, "300", (char *)NULL);
	}
	if (!strcmp(what, "filtered") && forbid_threads())
		return 1;
	if (!strcmp(what, "limited"))
		limit_processes();
	if (!strcmp(what, "alone") && unshare(CLONE_NEWUSER) && errno == EINVAL)
		return 1;
	if (!strcmp(what, "closing"))
		close_everything();
	gate(what);
	for (;;)
		sleep(1000);
}
