/* Waits of blocked.h: children and signals. Included there once, in order. */
/* ---- children: forked before there are threads, each waits for a byte and ends ---- */

static void child(struct job *j)
{
	reader(j);
	j->id = fork();
	if (j->id == 0) {
		char c = 0;

		close(j->fd[1]);
		if (read(j->fd[0], &c, 1) < 0)
			c = 0;
		_exit(c);
	}
}

static long do_wait(struct job *j)
{
	int status;

	return (wait(&status) == j->id) * 1000 + WEXITSTATUS(status);
}

static long do_waitpid(struct job *j)
{
	int status;

	return (waitpid(j->id, &status, 0) == j->id) * 1000 + WEXITSTATUS(status);
}

static long do_waitid(struct job *j)
{
	siginfo_t info = {0};

	return waitid(P_PID, j->id, &info, WEXITED) * 10000 + (info.si_pid == j->id) * 1000 + info.si_status;
}

/* ---- signals ---- */

static volatile sig_atomic_t handled[65];

static void on_signal(int n)
{
	handled[n]++;
}

static long do_pause(struct job *j)
{
	(void)j;
	return pause() * 100 + errno * 10 + handled[SIGUSR1];
}

static int usr1(struct job *j)
{
	return pthread_kill(j->thread, SIGUSR1) == 0;
}

static long do_sigsuspend(struct job *j)
{
	sigset_t set, old;
	long r;

	(void)j;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, &old);
	r = sigsuspend(&old);
	return r * 100 + errno * 10 + handled[SIGUSR2];
}

static int usr2(struct job *j)
{
	return pthread_kill(j->thread, SIGUSR2) == 0;
}

/* A handler without SA_RESTART ends a read. */
static long do_read_interrupted(struct job *j)
{
	char c;

	return read(j->fd[0], &c, 1) * 100 + errno * 10 + handled[SIGHUP];
}

static int hup(struct job *j)
{
	return pthread_kill(j->thread, SIGHUP) == 0;
}

static long do_sigwait(struct job *j)
{
	sigset_t set;
	int n = 0;

	(void)j;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	return sigwait(&set, &n) * 100 + n - SIGRTMIN;
}

static int rt1(struct job *j)
{
	return pthread_kill(j->thread, SIGRTMIN + 1) == 0;
}

static long do_sigwaitinfo(struct job *j)
{
	siginfo_t info;
	sigset_t set;

	(void)j;
	sigfillset(&set);
	sigdelset(&set, SIGCHLD); /* other jobs have children */
	return (sigwaitinfo(&set, &info) - SIGRTMIN) * 1000 + info.si_value.sival_int;
}

static int rt2(struct job *j)
{
	return pthread_sigqueue(j->thread, SIGRTMIN + 2, (union sigval){.sival_int = 77}) == 0;
}

static long do_sigtimedwait(struct job *j)
{
	struct timespec t = {SLEEP_MS / 1000, 0};
	sigset_t set;

	(void)j;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 3);
	return sigtimedwait(&set, NULL, &t) * 100 + errno;
}
