/* Waits of blocked.h: locks on files, queues, semaphores, FIFOs. Included there once, in order. */
/* ---- locks on files ---- */

static char directory[] = "/tmp/blockedXXXXXX";

static const char *path(const char *name)
{
	static __thread char text[100];

	snprintf(text, sizeof(text), "%s/%s", directory, name);
	return text;
}

static void two_opens(struct job *j)
{
	j->fd[0] = open(path(j->kind->name), O_RDWR | O_CREAT, 0600);
	j->fd[1] = open(path(j->kind->name), O_RDWR);
	need(j->fd[1] >= 0, "open");
}

static void flocked(struct job *j)
{
	two_opens(j);
	need(flock(j->fd[1], LOCK_EX) == 0, "flock");
}

static int unflock(struct job *j)
{
	return flock(j->fd[1], LOCK_UN) == 0;
}

static long do_flock(struct job *j)
{
	return flock(j->fd[0], LOCK_EX);
}

static struct flock whole(int type)
{
	return (struct flock){.l_type = (short)type, .l_whence = SEEK_SET};
}

static void ofd_locked(struct job *j)
{
	struct flock l = whole(F_WRLCK);

	two_opens(j);
	need(fcntl(j->fd[1], F_OFD_SETLK, &l) == 0, "F_OFD_SETLK");
}

static int ofd_unlock(struct job *j)
{
	struct flock l = whole(F_UNLCK);

	return fcntl(j->fd[1], F_OFD_SETLK, &l) == 0;
}

static long do_ofd_setlkw(struct job *j)
{
	struct flock l = whole(F_WRLCK);

	return fcntl(j->fd[0], F_OFD_SETLKW, &l);
}

/* The lock's owner is a child, which ends at the first byte. */
static void child_locks(struct job *j)
{
	int up[2], down[2], file = open(path(j->kind->name), O_RDWR | O_CREAT, 0600);
	char c = 0;

	need(pipe(up) == 0 && pipe(down) == 0, "pipe");
	if (fork() == 0) {
		struct flock l = whole(F_WRLCK);

		close(down[1]);
		if (fcntl(file, F_SETLK, &l) == 0 && write(up[1], "x", 1) == 1 && read(down[0], &c, 1) < 0)
			_exit(1);
		_exit(0);
	}
	need(read(up[0], &c, 1) == 1, "child");
	j->fd[0] = file;
	j->fd[1] = down[1];
}

static long do_setlkw(struct job *j)
{
	struct flock l = whole(F_WRLCK);

	return fcntl(j->fd[0], F_SETLKW, &l);
}

static long do_lockf(struct job *j)
{
	return lockf(j->fd[0], F_LOCK, 0);
}

/* ---- queues and semaphores of System V and POSIX ---- */

struct message {
	long type;
	char text[4096];
};

static void queue(struct job *j)
{
	j->id = msgget(IPC_PRIVATE, 0600);
	need(j->id >= 0, "msgget");
}

static void full_queue(struct job *j)
{
	struct message m = {1, ""};

	queue(j);
	while (msgsnd((int)j->id, &m, sizeof(m.text), IPC_NOWAIT) == 0)
		;
}

static long do_msgrcv(struct job *j)
{
	struct message m;
	long n = msgrcv((int)j->id, &m, sizeof(m.text), 5, 0);

	return n * 10 + !memcmp(m.text, "five", 4);
}

static int send_five(struct job *j)
{
	struct message m = {5, "five"};

	return msgsnd((int)j->id, &m, 4, 0) == 0;
}

static long do_msgsnd(struct job *j)
{
	struct message m = {9, "last"};

	return msgsnd((int)j->id, &m, sizeof(m.text), 0);
}

/* The last of the messages is the thread's. */
static int take_all(struct job *j)
{
	struct message m;
	long n = msgrcv((int)j->id, &m, sizeof(m.text), 9, MSG_EXCEPT);

	pthread_join(j->thread, NULL);
	return n == sizeof(m.text) && msgrcv((int)j->id, &m, sizeof(m.text), 9, IPC_NOWAIT) == n &&
	       msgctl((int)j->id, IPC_RMID, NULL) == 0;
}

static void zero_semaphore(struct job *j)
{
	j->id = semget(IPC_PRIVATE, 1, 0600);
	need(j->id >= 0, "semget");
}

static long do_semop(struct job *j)
{
	struct sembuf down = {0, -1, 0};

	return semop((int)j->id, &down, 1);
}

static int up(struct job *j)
{
	struct sembuf one = {0, 1, 0};

	return semop((int)j->id, &one, 1) == 0;
}

static long do_semtimedop(struct job *j)
{
	struct sembuf down = {0, -1, 0};
	struct timespec t = {SLEEP_MS / 1000, 0};
	long r = semtimedop((int)j->id, &down, 1, &t) * 100 + errno;

	semctl((int)j->id, 0, IPC_RMID);
	return r;
}

static void posix_queue(struct job *j)
{
	struct mq_attr a = {.mq_maxmsg = 2, .mq_msgsize = 8};
	char name[40];

	snprintf(name, sizeof(name), "/blocked-%d-%s", (int)getpid(), j->kind->name);
	j->fd[0] = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &a);
	need(j->fd[0] >= 0, "mq_open");
	mq_unlink(name);
}

static void full_posix_queue(struct job *j)
{
	posix_queue(j);
	need(mq_send(j->fd[0], "one", 3, 1) == 0 && mq_send(j->fd[0], "two", 3, 1) == 0, "mq_send");
}

static long do_mq_receive(struct job *j)
{
	char text[8];

	return mq_receive(j->fd[0], text, 8, NULL) * 10 + !memcmp(text, "abc", 3);
}

static int mq_abc(struct job *j)
{
	return mq_send(j->fd[0], "abc", 3, 0) == 0;
}

static long do_mq_send(struct job *j)
{
	return mq_send(j->fd[0], "last", 4, 0);
}

static int mq_take(struct job *j)
{
	char text[8];

	return mq_receive(j->fd[0], text, 8, NULL) == 3 && mq_receive(j->fd[0], text, 8, NULL) == 3 &&
	       mq_receive(j->fd[0], text, 8, NULL) == 4;
}

static long do_mq_timedreceive(struct job *j)
{
	struct timespec t = in_ms(SLEEP_MS);
	char text[8];

	return mq_timedreceive(j->fd[0], text, 8, NULL, &t) * 1000 + errno;
}

/* ---- FIFO ---- */

static void fifo(struct job *j)
{
	need(mkfifo(path(j->kind->name), 0600) == 0, "mkfifo");
}

static long do_open(struct job *j)
{
	char c;

	j->fd[0] = open(path(j->kind->name), O_RDONLY);
	return (j->fd[0] >= 0) * 10 + read(j->fd[0], &c, 1);
}

static int write_fifo(struct job *j)
{
	j->fd[1] = open(path(j->kind->name), O_WRONLY);
	return write(j->fd[1], "x", 1) == 1;
}
