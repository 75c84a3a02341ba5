/*
 * memcached-load PORT CONNECTIONS QUESTIONS: asks a memcached on this machine, each connection one question at a time
 * (nine of ten get, one sets 100 bytes, of 1,000 keys); prints the seconds that it took.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define KEYS 1000

static void need(int holds, const char *what)
{
	if (!holds) {
		perror(what);
		exit(1);
	}
}

static int dial(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	need(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0, "connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static void ask(int fd)
{
	static unsigned seed = 1;
	char question[200];
	int key = rand_r(&seed) % KEYS, n;

	if (rand_r(&seed) % 10)
		n = snprintf(question, sizeof(question), "get key%d\r\n", key);
	else
		n = snprintf(question, sizeof(question), "set key%d 0 0 100\r\n%0100d\r\n", key, key);
	need(write(fd, question, (size_t)n) == n, "write");
}

static int ends_with(const char *text, long n, const char *end)
{
	long length = (long)strlen(end);

	return n >= length && memcmp(text + n - length, end, (size_t)length) == 0;
}

/* Whether an answer is whole now. */
static int answered(int fd)
{
	char text[4096];
	long n = read(fd, text, sizeof(text));

	need(n > 0, "read");
	return ends_with(text, n, "END\r\n") || ends_with(text, n, "STORED\r\n");
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: memcached-load PORT CONNECTIONS QUESTIONS\n");
		return 2;
	}
	int n = atoi(argv[2]);
	long questions = atol(argv[3]), asked = n;
	struct pollfd *files = calloc((size_t)n, sizeof(*files));
	struct timespec begin, end;

	for (int i = 0; i < n; i++)
		files[i] = (struct pollfd){.fd = dial(atoi(argv[1])), .events = POLLIN};
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int i = 0; i < n; i++)
		ask(files[i].fd);
	for (long done = 0; done < questions;) {
		need(poll(files, (nfds_t)n, 10000) > 0, "poll");
		for (int i = 0; i < n; i++) {
			if (!files[i].revents || !answered(files[i].fd))
				continue;
			done++;
			if (asked++ < questions)
				ask(files[i].fd);
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%.4f\n", (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
	return 0;
}
