/*
 * badpatch HOW. Hazard: what the user has written for the update (user/transformers.c) crashes, waits for a lock that a stopped thread holds, or does
 * not come to its end. The program must not notice. HOW tells it which of them; from 100 on in a child alone. VERSION: 1, 2.
 */
#include "testprog.h"
#include <sys/wait.h>

int how;
pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int version(void)
{
	return VERSION;
}

static void *holder(void *unused)
{
	char line[10];

	pthread_mutex_lock(&lock);
	printf("fgets: %s\n", fgets(line, sizeof(line), stdin) ? "a line" : "none");
	pthread_mutex_unlock(&lock);
	return unused;
}

static void hold_both(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, holder, NULL);
	pause_ms(100);
	puts("gate both are held");
	pthread_join(thread, NULL);
	printf("v%d ends\n", version());
}

int main(int argc, char **argv)
{
	begin();
	how = argc > 1 ? atoi(argv[1]) : 0;
	if (how < 100) {
		hold_both();
	} else if (fork() == 0) {
		how -= 100;
		hold_both();
	} else {
		int status;
		wait(&status);
		printf("v%d ends, its child with %d\n", version(), status);
	}
	return 0;
}
