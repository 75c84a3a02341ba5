/*
 * Hazard: library functions that end with a jump to a call that blocks, or to a function of the program's (APR's apr_thread_cond_wait does
 * the one). They have no frame: what blocks returns to the program's frame, which has called something else.
 */
#include "tailcalls/libtail.h"
#include "testprog.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER, answered = PTHREAD_COND_INITIALIZER;
static int asked, answers, version_of_answer;

/* As gate, but in the library's read. */
static int wait_here(int depth)
{
	char c;

	if (depth > 0)
		return tail_call(wait_here, depth - 1) + 1;
	printf("gate below the library\n");
	while (tail_read(0, &c, 1) == 1 && c != '\n')
		;
	printf("v%d: gate passed\n", VERSION);
	return 100;
}

static void *answer(void *argument)
{
	int *turns = argument;

	pthread_mutex_lock(&mutex);
	while (*turns > 0) {
		while (!asked)
			tail_wait(&condition, &mutex);
		asked = 0;
		--*turns;
		answers++;
		version_of_answer = VERSION;
		pthread_cond_signal(&answered);
	}
	pthread_mutex_unlock(&mutex);
	return argument;
}

static void ask(void)
{
	int before;

	pthread_mutex_lock(&mutex);
	before = answers;
	asked = 1;
	pthread_cond_signal(&condition);
	while (answers == before)
		pthread_cond_wait(&answered, &mutex);
	printf("v%d: answer %d from v%d\n", VERSION, answers, version_of_answer);
	pthread_mutex_unlock(&mutex);
}

int main(void)
{
	pthread_t thread;
	int turns = 4;

	begin();
	pthread_create(&thread, NULL, answer, &turns);
	ask();
	for (int i = 0; i < 3; i++) {
		printf("depth %d\n", tail_call(wait_here, i));
		ask();
	}
	pthread_join(thread, NULL);
	return failures;
}
