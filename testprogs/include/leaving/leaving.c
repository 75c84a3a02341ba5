/*
 * Hazard: a process ends in the middle of an update, and the destructors of a shared library of the program's run, in which the update may be
 * reading the library's tables. The end of a process must not wait for the update, which goes on without it.
 * Two children: the first ends when it is told to, by the first line at the gate; the other only at the end of its input.
 */
#include "testprog.h"

#include <sys/wait.h>

#include "leaving/part.h"
#include "version.h"

static int wait_for_end(int fd)
{
	char c;

	while (read(fd, &c, 1) == 1)
		;
	return part(0);
}

static pid_t child(int *fd)
{
	int ends[2];
	pid_t pid;

	if (pipe(ends))
		exit(2);
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		exit(wait_for_end(ends[0]));
	}
	close(ends[0]);
	*fd = ends[1];
	return pid;
}

static void end(const char *who, pid_t pid, int fd)
{
	int status = 0;

	close(fd);
	waitpid(pid, &status, 0);
	printf("the %s has ended with %d\n", who, WEXITSTATUS(status));
}

int main(void)
{
	int other_fd, first_fd;
	pid_t other, first;

	begin();
	other = child(&other_fd);
	first = child(&first_fd);
	gate("with two children");
	end("first", first, first_fd);
	gate("with one child");
	end("other", other, other_fd);
	printf("v%d ends\n", part(0));
	return failures;
}
