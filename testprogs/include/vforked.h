/*
 * A thread that has called vfork stands still until its child execs or ends, and the child runs this program's code in the thread's own memory: the
 * update waits for that. What the child does meanwhile, with the update wanted, is not disturbed; the program's other thread goes on.
 *
 * vforked WHAT: the child, told by a line, runs another program (exec) or ends (exit). With VERSION as the version.
 */
#include "testprog.h"
#include <sys/wait.h>

static volatile long turns;
static int over;

static int version(void)
{
	return VERSION;
}

static void *other(void *argument)
{
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		pause_ms(1);
		turns++;
	}
	return argument;
}

/* In the child: calls of the program's, a loop, and calls that block. */
static long work(int n)
{
	long sum = n;

	if (n > 0)
		sum += work(n - 1);
	for (volatile int i = 0; i < 1000; i++)
		sum += i & 1;
	return sum;
}

static void in_the_child(const char *what)
{
	gate("in the child");
	pause_ms(1);
	if (work(3) != 2006)
		_exit(9);
	if (!strcmp(what, "exec"))
		execl("/bin/sh", "sh", "-c", "exit 7", (char *)NULL);
	_exit(5);
}

static int a_child(const char *what)
{
	int status;
	pid_t pid = vfork();

	if (pid == 0)
		in_the_child(what);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "exit";
	pthread_t thread;

	begin();
	pthread_create(&thread, NULL, other, NULL);
	long before = turns;
	int status = a_child(what);

	printf("the child ended with %d\n", status);
	fact(turns > before, "the other thread went on");
	gate("the child has ended");
	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	printf("v%d ends\n", version());
	return failures;
}
