/*
 * Three processes, each the parent of the next, with one thread each that waits for lines in fgets; a line goes to the last of them and its
 * answer back. With VERSION as the version, which each adds.
 */
#include "testprog.h"
#include <sys/wait.h>

#define DEPTH 3

static int version(void)
{
	return VERSION;
}

/* Answers each line of IN on OUT, with the help of another process if depth says so. */
static int serve(FILE *in, FILE *out, int depth)
{
	char line[200], answer[200] = "";
	FILE *to = NULL, *from = NULL;
	int down[2], up[2];
	pid_t child = -1;

	if (depth > 1) {
		if (pipe(down) || pipe(up) || (child = fork()) < 0)
			return 2;
		if (child == 0) {
			close(down[1]);
			close(up[0]);
			_exit(serve(fdopen(down[0], "r"), fdopen(up[1], "w"), depth - 1));
		}
		close(down[0]);
		close(up[1]);
		to = fdopen(down[1], "w");
		from = fdopen(up[0], "r");
	}
	if (in == stdin)
		printf("gate all wait\n");
	while (fgets(line, sizeof(line), in)) {
		line[strcspn(line, "\n")] = 0;
		if (child > 0) {
			fprintf(to, "%s\n", line);
			fflush(to);
			if (!fgets(answer, sizeof(answer), from))
				return 3;
			answer[strcspn(answer, "\n")] = 0;
		} else {
			snprintf(answer, sizeof(answer), "%s", line);
		}
		fprintf(out, "v%d %s\n", version(), answer);
		fflush(out);
	}
	if (child > 0) {
		int status;

		fclose(to);
		return waitpid(child, &status, 0) == child && status == 0 ? 0 : 4;
	}
	return 0;
}

int main(void)
{
	begin();
	return serve(stdin, stdout, DEPTH);
}
