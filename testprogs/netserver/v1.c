/*
 * Hazard: state that lives in the kernel (a listening socket and connected ones) and a table of clients whose type
 * changes, with a pointer into the table held by a frame. No socket may be closed, no request lost.
 *
 * netserver PATH|PORT: one request per line; "stop" or the end of its own input ends it.
 */
#include "testprog.h"
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#define MAX_CLIENTS 8

struct client {
	int fd;
	size_t used;
	char line[64];
};

static struct client clients[MAX_CLIENTS];
static int connected;

static int listen_at(const char *where)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int local = strchr(where, '/') != NULL, one = 1;
	int fd = socket(local ? AF_UNIX : AF_INET, SOCK_STREAM, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", where);
	in.sin_port = htons(atoi(where));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 ||
	    bind(fd, local ? (struct sockaddr *)&un : (struct sockaddr *)&in, local ? sizeof(un) : sizeof(in)) ||
	    listen(fd, 16)) {
		perror(where);
		exit(1);
	}
	return fd;
}

static void welcome(int listener)
{
	int fd = accept(listener, NULL, NULL);

	for (struct client *c = clients; c < clients + MAX_CLIENTS; c++)
		if (!c->fd) {
			memset(c, 0, sizeof(*c));
			c->fd = fd;
			connected++;
			return;
		}
	close(fd);
}

/* 0: the server shall stop. */
static int answer(struct client *c)
{
	char reply[128];
	int n = snprintf(reply, sizeof(reply), "v1 %s\n", c->line);

	if (!strcmp(c->line, "stop"))
		return 0;
	send(c->fd, reply, n, MSG_NOSIGNAL);
	return 1;
}

static int serve(struct client *c)
{
	char byte;

	if (recv(c->fd, &byte, 1, 0) != 1) {
		close(c->fd);
		c->fd = 0;
		connected--;
		return 1;
	}
	if (byte != '\n') {
		if (c->used < sizeof(c->line) - 1)
			c->line[c->used++] = byte;
		return 1;
	}
	c->line[c->used] = 0;
	c->used = 0;
	return answer(c);
}

static int loop(int listener)
{
	struct pollfd fds[MAX_CLIENTS + 2];

	for (;;) {
		fds[0] = (struct pollfd){.fd = listener, .events = POLLIN};
		fds[1] = (struct pollfd){.fd = 0, .events = POLLIN};
		for (int i = 0; i < MAX_CLIENTS; i++)
			fds[i + 2] = (struct pollfd){.fd = clients[i].fd ? clients[i].fd : -1, .events = POLLIN};
		if (poll(fds, MAX_CLIENTS + 2, -1) < 0)
			return -1;
		if (fds[0].revents)
			welcome(listener);
		if (fds[1].revents)
			return 0;
		for (int i = 0; i < MAX_CLIENTS; i++)
			if (fds[i + 2].revents && !serve(&clients[i]))
				return 0;
	}
}

int main(int argc, char **argv)
{
	int listener = listen_at(argc > 1 ? argv[1] : "0"), result;

	begin();
	printf("listening\n");
	result = loop(listener);
	printf("%d clients connected at the end\n", connected);
	return result;
}
