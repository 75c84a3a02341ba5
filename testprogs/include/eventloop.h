/*
 * Hazard: threads inside an event loop that belongs to a library. Nothing of the program stands above it while they wait, and the
 * functions that have called it are not to come back before the program's end. VERSION: 1, 2.
 */
#include "testprog.h"
#include "eventloop/loop.h"

struct service {
	int answers;
	const char *name;
};

static int pipes[2];

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int flag;

static void *waiter(void *argument)
{
	pthread_mutex_lock(&mutex);
	puts((char *)argument);
	while (!flag)
		pthread_cond_wait(&condition, &mutex);
	printf("v%d: the library's signal came\n", VERSION);
	flag = 0;
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static int on_line(const char *line, void *argument)
{
	struct service *s = argument;

	s->answers++;
	printf("v%d: %s, line %d of %s\n", VERSION, line, s->answers, s->name);
	if (!strcmp(line, "wait"))
		gate("inside the callback");
	if (!strcmp(line, "within")) /* an event loop in an event loop */
		printf("v%d: the inner loop ends with %d\n", VERSION, loop_run(0, on_line, &(struct service){0, "inner"}));
	if (!strcmp(line, "await")) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, waiter, "gate waiter") || pthread_detach(thread))
			return -2;
	}
	if (!strcmp(line, "signal"))
		loop_signal(&mutex, &condition, &flag);
	if (!strcmp(line, "other") && write(pipes[1], "hello\n", 6) != 6)
		return -2;
	return !strcmp(line, "end") ? VERSION : 0;
}

static int on_hello(const char *line, void *argument)
{
	printf("v%d: %s to %s\n", VERSION, line, (const char *)argument);
	return *(const char *)argument == 'x';
}

static void *other_thread(void *argument)
{
	loop_run(pipes[0], on_hello, argument);
	return NULL;
}

static int serve(void)
{
	struct service s = {.name = "serve"};
	int before = loop_lines();
#if VERSION == 1
	int result = loop_run(0, on_line, &s);
#else
	const char *what = "answers";
	int result = loop_run(0, on_line, &s);
#endif

#if VERSION == 1
	printf("v1: %d answers, %d lines\n", s.answers, loop_lines() - before);
#else
	printf("v2: %d %s, %d lines\n", s.answers, what ? what : "(null)", loop_lines() - before);
#endif
	return result;
}

int main(void)
{
	pthread_t thread;

	begin();
	if (pipe(pipes) || pthread_create(&thread, NULL, other_thread, "other"))
		return 1;
	puts("gate ready");
	int result = serve();

	printf("v%d: serve came back with %d\n", VERSION, result);
	return 0;
}
