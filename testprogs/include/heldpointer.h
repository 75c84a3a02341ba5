/*
 * Hazard: a blocked call holds the address of an object that moves, since its type is larger in v2. What is read must arrive in the
 * object's new place, and what the kernel tells about it, too. VERSION: 1, 2.
 */
#include "testprog.h"
#include <sys/socket.h>
#include <sys/un.h>

struct session {
	int number;
#if VERSION == 2
	int more[10];
#endif
	char line[32];
	struct sockaddr_un from;
	socklen_t length;
};

static int sockets[2];

/* The innermost frame is the read, and then the recvfrom, into a member of main's variable. */
static void ask(struct session *s)
{
	puts("gate reading");
	ssize_t n = read(0, s->line, sizeof(s->line) - 1);

	s->line[n > 0 ? n : 0] = 0;
}

static void *sender(void *unused)
{
	char c;

	/* After the update, or at the end of the input. */
	while (read(0, &c, 1) == 1 && c != '\n')
		;
	if (send(sockets[1], "datagram", 8, 0) != 8)
		abort();
	return unused;
}

static ssize_t receive(struct session *s)
{
	puts("gate receiving");
	return recvfrom(sockets[0], s->line, sizeof(s->line), 0, (struct sockaddr *)&s->from, &s->length);
}

int main(void)
{
	struct session s = {.number = 7, .line = "x", .length = sizeof(s.from)};
	pthread_t thread;

	begin();
	ask(&s);
	printf("v%d: %d, %s\n", VERSION, s.number, s.line[0] == 'x' ? "read into the old place" : "read");
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets) || pthread_create(&thread, NULL, sender, NULL))
		return 1;
	ssize_t n = receive(&s);

	printf("v%d: %.*s, address of %u bytes\n", VERSION, (int)n, s.line, (unsigned)s.length);
	pthread_join(thread, NULL);
	return failures;
}
