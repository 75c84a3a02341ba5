/* Waits of blocked.h: bytes and connections. Included there once, in order. */
/* ---- bytes ---- */

static void pair(struct job *j)
{
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, j->fd) == 0, "socketpair");
}

static void reader(struct job *j)
{
	need(pipe(j->fd) == 0, "pipe");
}

static void writer(struct job *j)
{
	int fd[2];

	need(pipe(fd) == 0, "pipe");
	j->fd[0] = fd[1];
	j->fd[1] = fd[0];
}

static void half(struct job *j)
{
	pair(j);
	need(send(j->fd[1], "abc", 3, 0) == 3, "send");
}

static int xyz(struct job *j)
{
	return write(j->fd[1], "xyz", 3) == 3;
}

static int other_half(struct job *j)
{
	return send(j->fd[1], "def", 3, 0) == 3;
}

static char pattern(long i)
{
	return (char)(i * 7 + i / 251);
}

static char *much(void)
{
	char *data = malloc(MUCH);

	for (long i = 0; i < MUCH; i++)
		data[i] = pattern(i);
	return data;
}

/* Takes MUCH bytes from fd; whether they came in order. */
static int drain(struct job *j)
{
	static char data[8192];
	long at = 0;

	while (at < MUCH) {
		long n = read(j->fd[1], data, sizeof(data));

		if (n <= 0)
			return 0;
		for (long i = 0; i < n; i++)
			if (data[i] != pattern(at + i))
				return 0;
		at += n;
	}
	return 1;
}

static long do_read(struct job *j)
{
	char c[16];

	return read(j->fd[0], c, sizeof(c)) * 100 + c[0];
}

static long do_readv(struct job *j)
{
	char a[2], b[14];
	struct iovec v[] = {{a, 2}, {b, 14}};

	return readv(j->fd[0], v, 2) * 100 + b[0];
}

static long do_recv(struct job *j)
{
	char text[8] = "";

	return recv(j->fd[0], text, 6, MSG_WAITALL) * 10 + !memcmp(text, "abcdef", 6);
}

static long do_recvfrom(struct job *j)
{
	char text[8] = "";

	return recvfrom(j->fd[0], text, 6, MSG_WAITALL, NULL, NULL) * 10 + !memcmp(text, "abcdef", 6);
}

static long do_recvmsg(struct job *j)
{
	char a[2] = "", b[4] = "";
	struct iovec v[] = {{a, 2}, {b, 4}};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};

	return recvmsg(j->fd[0], &m, MSG_WAITALL) * 10 + (!memcmp(a, "ab", 2) && !memcmp(b, "cdef", 4));
}

static long do_write(struct job *j)
{
	char *data = much();
	long n = write(j->fd[0], data, MUCH);

	free(data);
	return n;
}

static long do_writev(struct job *j)
{
	char *data = much();
	struct iovec v[] = {{data, 10}, {data + 10, MUCH - 30}, {data + MUCH - 20, 20}};
	long n = writev(j->fd[0], v, 3);

	free(data);
	return n;
}

static long do_send(struct job *j)
{
	char *data = much();
	long n = send(j->fd[0], data, MUCH, 0);

	free(data);
	return n;
}

static long do_sendto(struct job *j)
{
	char *data = much();
	long n = sendto(j->fd[0], data, MUCH, 0, NULL, 0);

	free(data);
	return n;
}

static long do_sendmsg(struct job *j)
{
	char *data = much();
	struct iovec v[] = {{data, MUCH - 30}, {data + MUCH - 30, 10}, {data + MUCH - 20, 20}};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = 3};
	long n = sendmsg(j->fd[0], &m, 0);

	free(data);
	return n;
}

static long do_sendfile(struct job *j)
{
	char *data = much();
	FILE *file = tmpfile();
	off_t offset = 0;
	long n;

	fwrite(data, 1, MUCH, file);
	fflush(file);
	free(data);
	n = sendfile(j->fd[0], fileno(file), &offset, MUCH);
	fclose(file);
	return n == offset ? n : -1;
}

/* From an empty pipe into a socket. */
static long do_splice(struct job *j)
{
	int to[2];
	char c[4] = "";
	long n;

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, to) == 0, "socketpair");
	n = splice(j->fd[0], NULL, to[0], NULL, 1000, 0);
	return n * 10 + (recv(to[1], c, 4, 0) == 3 && !memcmp(c, "xyz", 3));
}

/* ---- connections ---- */

static void listener(struct job *j)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	j->fd[0] = socket(AF_UNIX, SOCK_STREAM, 0);
	/* an abstract name of the kernel's choice */
	need(bind(j->fd[0], (struct sockaddr *)&a, sizeof(a.sun_family)) == 0, "bind");
	need(listen(j->fd[0], 0) == 0, "listen");
}

static int dial(struct job *j, int flags)
{
	struct sockaddr_un a;
	socklen_t n = sizeof(a);
	int fd = socket(AF_UNIX, SOCK_STREAM | flags, 0);

	getsockname(j->fd[0], (struct sockaddr *)&a, &n);
	return connect(fd, (struct sockaddr *)&a, n);
}

static void busy_listener(struct job *j)
{
	listener(j);
	while (dial(j, SOCK_NONBLOCK) == 0)
		;
}

static int dialled(struct job *j)
{
	return dial(j, 0) == 0;
}

static int take_one(struct job *j)
{
	return close(accept(j->fd[0], NULL, NULL)) == 0;
}

static long do_accept(struct job *j)
{
	int fd = accept(j->fd[0], NULL, NULL);

	return fd >= 0 && close(fd) == 0;
}

static long do_accept4(struct job *j)
{
	int fd = accept4(j->fd[0], NULL, NULL, SOCK_CLOEXEC);

	return fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && close(fd) == 0;
}

static long do_connect(struct job *j)
{
	return dial(j, 0);
}
