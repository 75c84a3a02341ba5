/* Waits of blocked.h: several descriptors, and time. Included there once, in order. */
/* ---- several descriptors ---- */

static long do_select(struct job *j)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(j->fd[0], &set);
	return select(j->fd[0] + 1, &set, NULL, NULL, NULL) * 10 + FD_ISSET(j->fd[0], &set);
}

static long do_select_timeout(struct job *j)
{
	struct timeval t = {SLEEP_MS / 1000, 0};
	fd_set set;

	FD_ZERO(&set);
	FD_SET(j->fd[0], &set);
	return select(j->fd[0] + 1, &set, NULL, NULL, &t);
}

static long do_pselect(struct job *j)
{
	fd_set set;
	sigset_t none;

	sigemptyset(&none);
	FD_ZERO(&set);
	FD_SET(j->fd[0], &set);
	return pselect(j->fd[0] + 1, &set, NULL, NULL, NULL, &none) * 10 + FD_ISSET(j->fd[0], &set);
}

static long do_poll(struct job *j)
{
	struct pollfd p = {.fd = j->fd[0], .events = POLLIN};

	return poll(&p, 1, -1) * 10 + (p.revents == POLLIN);
}

static long do_poll_timeout(struct job *j)
{
	struct pollfd p = {.fd = j->fd[0], .events = POLLIN};

	return poll(&p, 1, SLEEP_MS);
}

static long do_ppoll(struct job *j)
{
	struct pollfd p = {.fd = j->fd[0], .events = POLLIN};
	struct timespec t = {100, 0};
	sigset_t none;

	sigemptyset(&none);
	return ppoll(&p, 1, &t, &none) * 10 + (p.revents == POLLIN);
}

static int epoll_of(struct job *j)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u32 = 7};
	int fd = epoll_create1(0);

	need(epoll_ctl(fd, EPOLL_CTL_ADD, j->fd[0], &e) == 0, "epoll_ctl");
	return fd;
}

static long do_epoll_wait(struct job *j)
{
	struct epoll_event e = {0};

	return epoll_wait(epoll_of(j), &e, 1, -1) * 10 + (e.data.u32 == 7);
}

static long do_epoll_pwait(struct job *j)
{
	struct epoll_event e = {0};
	sigset_t none;

	sigemptyset(&none);
	return epoll_pwait(epoll_of(j), &e, 1, 100000, &none) * 10 + (e.data.u32 == 7);
}

static long do_epoll_timeout(struct job *j)
{
	struct epoll_event e = {0};

	return epoll_wait(epoll_of(j), &e, 1, SLEEP_MS);
}

/* ---- time ---- */

static long do_nanosleep(struct job *j)
{
	struct timespec t = {SLEEP_MS / 1000, 0};

	(void)j;
	return nanosleep(&t, NULL);
}

static long do_clock_nanosleep(struct job *j)
{
	struct timespec t = {SLEEP_MS / 1000, 0};

	(void)j;
	return clock_nanosleep(CLOCK_REALTIME, 0, &t, NULL);
}

static long do_sleep_until(struct job *j)
{
	struct timespec t = in_ms(SLEEP_MS);

	(void)j;
	return clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL);
}

static long do_usleep(struct job *j)
{
	(void)j;
	return usleep(SLEEP_MS * 1000);
}

static long do_sleep(struct job *j)
{
	(void)j;
	return sleep(SLEEP_MS / 1000);
}
