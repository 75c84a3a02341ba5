/*
 * The program of `make demo`: a server with a thread for each client, and a thread that keeps the books. A client sends
 * numbered requests and is answered with the number's square. A session lives on the stack of its thread, and its
 * address is with the bookkeeper: the update has to change the sessions' type under four threads that are in the middle
 * of it.
 *
 * demo PATH: serves at that Unix socket until its input ends.
 */
#include "testprog.h"
#include <sys/socket.h>
#include <sys/un.h>

#define MAX_SESSIONS 16

struct session {
	int fd;
	char name[16];
	long requests;
};

static struct session *sessions[MAX_SESSIONS];
static long served;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void answer(struct session *s, long number)
{
	char text[100];
	int n;

	s->requests++;
	n = snprintf(text, sizeof(text), "v1 %ld %ld\n", number, number * number);
	pthread_mutex_lock(&lock);
	served++;
	pthread_mutex_unlock(&lock);
	send(s->fd, text, n, MSG_NOSIGNAL);
}

static int next_line(struct session *s, char *line, size_t size)
{
	size_t n = 0;

	while (n < size - 1 && recv(s->fd, line + n, 1, 0) == 1 && line[n] != '\n')
		n++;
	line[n] = 0;
	return n > 0;
}

static void *serve(void *arg)
{
	struct session session = {.fd = (int)(long)arg};
	char line[64];
	int at = 0;

	if (next_line(&session, session.name, sizeof(session.name))) {
		pthread_mutex_lock(&lock);
		while (at < MAX_SESSIONS - 1 && sessions[at])
			at++;
		sessions[at] = &session;
		pthread_mutex_unlock(&lock);
		while (next_line(&session, line, sizeof(line)))
			answer(&session, atol(line));
		pthread_mutex_lock(&lock);
		printf("%s has gone after %ld requests\n", session.name, session.requests);
		sessions[at] = NULL;
		pthread_mutex_unlock(&lock);
	}
	close(session.fd);
	return NULL;
}

static void *accept_clients(void *arg)
{
	int listener = (int)(long)arg;

	for (;;) {
		int fd = accept(listener, NULL, NULL);
		pthread_t thread;

		if (fd < 0)
			return NULL;
		pthread_create(&thread, NULL, serve, (void *)(long)fd);
		pthread_detach(thread);
	}
}

static void report(void)
{
	pthread_mutex_lock(&lock);
	printf("v1: %ld requests served;", served);
	for (int i = 0; i < MAX_SESSIONS; i++)
		if (sessions[i])
			printf(" %s", sessions[i]->name);
	printf("\n");
	pthread_mutex_unlock(&lock);
}

int main(int argc, char **argv)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	pthread_t acceptor;
	char c;

	begin();
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", argc > 1 ? argv[1] : "demo.socket");
	if (bind(listener, (struct sockaddr *)&a, sizeof(a)) || listen(listener, 16)) {
		perror(a.sun_path);
		return 1;
	}
	pthread_create(&acceptor, NULL, accept_clients, (void *)(long)listener);
	printf("listening\n");
	while (read(0, &c, 1) == 1)
		report();
	report();
	unlink(a.sun_path);
	return 0;
}
