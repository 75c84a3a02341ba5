/*
 * vsftpd-connect SIZE COUNT PID PORT PID PORT: logs in as anonymous, fetches "file" of SIZE bytes, and leaves, COUNT times with each of two
 * servers: in blocks of ten sessions, one server, the other, the other, the one, so that both see the same machine. Prints the seconds
 * that took for each and the processor time of the server and its children that have ended.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
	fprintf(stderr, "vsftpd-connect: %s\n", what);
	exit(1);
}

static int dial(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)))
		fail("cannot connect");
	return fd;
}

/* The last line of the answer to a command (NULL: the greeting), which must begin with code. */
static char *ask(int fd, const char *command, const char *code)
{
	static char text[4096];
	size_t n = 0;

	if (command && write(fd, command, strlen(command)) != (ssize_t)strlen(command))
		fail("cannot write");
	for (char *line = text;;) {
		ssize_t got = read(fd, text + n, sizeof(text) - 1 - n);

		if (got <= 0)
			fail("no answer");
		n += (size_t)got;
		text[n] = '\0';
		for (char *end; (end = strchr(line, '\n')); line = end + 1)
			if (strlen(line) > 3 && line[3] == ' ') {
				if (strncmp(line, code, 3) != 0)
					fail(line);
				return line;
			}
	}
}

static void session(int port, long size)
{
	static char data[65536];
	int control = dial(port), fd, high, low;
	ssize_t got;
	long n = 0;
	char *numbers;

	ask(control, NULL, "220");
	ask(control, "USER anonymous\r\n", "331");
	ask(control, "PASS me@\r\n", "230");
	numbers = strchr(ask(control, "PASV\r\n", "227"), '(');
	if (!numbers || sscanf(numbers, "(%*d,%*d,%*d,%*d,%d,%d)", &high, &low) != 2)
		fail("no port");
	fd = dial(high * 256 + low);
	/* The second answer may come with the first or after the data: it is waited for with the next command. */
	if (write(control, "RETR file\r\n", 11) != 11)
		fail("cannot write");
	while ((got = read(fd, data, sizeof(data))) > 0)
		n += got;
	if (n != size)
		fail("the file came wrong");
	close(fd);
	ask(control, "QUIT\r\n", "150");
	for (char rest[512]; read(control, rest, sizeof(rest)) > 0;)
		;
	close(control);
}

/* Of the process and its children that have ended, in seconds. */
static double processor_time(int pid)
{
	char name[64], text[1024], *p;
	unsigned long t[4] = {0};
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	f = fopen(name, "r");
	if (!f || !fgets(text, sizeof(text), f) || !(p = strrchr(text, ')')) ||
	    sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %lu %lu", &t[0], &t[1], &t[2], &t[3]) != 4)
		fail("the server is gone");
	fclose(f);
	return (double)(t[0] + t[1] + t[2] + t[3]) / (double)sysconf(_SC_CLK_TCK);
}

struct server {
	int pid, port;
	double seconds, cpu;
};

static void block(struct server *s, int sessions, long size)
{
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	while (sessions-- > 0)
		session(s->port, size);
	clock_gettime(CLOCK_MONOTONIC, &to);
	s->seconds += (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

int main(int argc, char **argv)
{
	struct timespec moment = {0, 200000000};
	struct server s[2] = {0};
	long size = argc == 7 ? atol(argv[1]) : 0;
	int count = argc == 7 ? atoi(argv[2]) : 0, most = count < 20 ? 1 : 10;

	if (count < 1)
		fail("usage: vsftpd-connect SIZE COUNT PID PORT PID PORT");
	for (int i = 0; i < 2; i++) {
		s[i].pid = atoi(argv[3 + 2 * i]);
		s[i].port = atoi(argv[4 + 2 * i]);
		s[i].cpu = processor_time(s[i].pid);
	}
	for (int done = 0, first = 0; done < count; done += most, first = !first) {
		int sessions = count - done < most ? count - done : most;

		block(&s[first], sessions, size);
		block(&s[!first], sessions, size);
	}
	nanosleep(&moment, NULL); /* the last ones are still ending */
	for (int i = 0; i < 2; i++)
		printf("%.4f %.2f%c", s[i].seconds, processor_time(s[i].pid) - s[i].cpu, i ? '\n' : ' ');
	return 0;
}
