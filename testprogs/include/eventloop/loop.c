#include <poll.h>
#include <unistd.h>
#include "loop.h"

static __thread int lines;

int loop_lines(void)
{
	return lines;
}

void loop_signal(pthread_mutex_t *mutex, pthread_cond_t *condition, int *flag)
{
	pthread_mutex_lock(mutex);
	*flag = 1;
	pthread_cond_signal(condition);
	pthread_mutex_unlock(mutex);
}

/* Waits for lines on fd and calls on_line with each until it returns non-zero, which is the result; -1 at the end. */
int loop_run(int fd, int (*on_line)(const char *, void *), void *argument)
{
	char line[256];
	unsigned n = 0;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};

		if (poll(&p, 1, 3600 * 1000) != 1 || read(fd, &line[n], 1) != 1)
			return -1;
		if (line[n] != '\n') {
			n += n < sizeof(line) - 1;
			continue;
		}
		line[n] = 0;
		n = 0;
		lines++;
		int result = on_line(line, argument);

		if (result)
			return result;
	}
}
