/*
 * stress [MESSAGES [GROUPS]]: pairs of threads that pass numbered messages in every way there is, with other threads
 * that take locks, sleep and wait with limits in between; VERSION is the version. To be updated all the time: no
 * message may be lost, doubled or out of order, no lock be held twice, no wait end wrongly.
 */
#include "testprog.h"
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>

static long messages = 2000;
static int wrong;

static void fault(const char *where, long expected, long found)
{
	fprintf(stderr, "%s: expected %ld, found %ld\n", where, expected, found);
	__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
}

#define EXPECT(WHERE, EXPECTED, FOUND)                          \
	do {                                                    \
		long found_ = (FOUND);                          \
		if (found_ != (long)(EXPECTED))                 \
			fault(WHERE, (long)(EXPECTED), found_); \
	} while (0)

/* A block of bytes that depends on its number; larger than a pipe from time to time. */
static size_t size_of(long n)
{
	return n % 97 == 0 ? 150000 : 1 + (size_t)(n * 7919 % 3000);
}

static void fill(char *block, long n, size_t size)
{
	for (size_t i = 0; i < size; i++)
		block[i] = (char)(n + (long)i * 3);
}

static void check(const char *where, const char *block, long n, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (block[i] != (char)(n + (long)i * 3)) {
			fault(where, n, (long)i);
			return;
		}
}

/* ---- streams: write, writev, send, sendmsg against read, readv, recv, recvmsg, with waits for the descriptor ---- */

struct stream {
	int fd[2];
	int is_socket;
};

static void *stream_writer(void *arg)
{
	struct stream *s = arg;
	char *block = malloc(200000);

	for (long n = 0; n < messages; n++) {
		size_t size = size_of(n), a = size / 3;
		struct iovec v[2] = {{block, a}, {block + a, size - a}};
		struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};

		fill(block, n, size);
		switch (s->is_socket ? n % 4 : n % 2) {
		case 0:
			EXPECT("write", size, write(s->fd[1], block, size));
			break;
		case 1:
			EXPECT("writev", size, writev(s->fd[1], v, 2));
			break;
		case 2:
			EXPECT("send", size, send(s->fd[1], block, size, 0));
			break;
		default:
			EXPECT("sendmsg", size, sendmsg(s->fd[1], &m, 0));
		}
	}
	free(block);
	return NULL;
}

/* Waits for something to read, in one of the ways there are. */
static void wait_readable(int fd, int epoll, long n)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct timespec t = {10, 0};
	struct epoll_event e;
	fd_set set;

	switch (n % 5) {
	case 0:
		EXPECT("poll", 1, poll(&p, 1, -1));
		break;
	case 1:
		EXPECT("ppoll", 1, ppoll(&p, 1, &t, NULL));
		break;
	case 2:
		FD_ZERO(&set);
		FD_SET(fd, &set);
		EXPECT("select", 1, select(fd + 1, &set, NULL, NULL, NULL));
		break;
	case 3:
		EXPECT("epoll_wait", 1, epoll_wait(epoll, &e, 1, 10000));
	}
}

static void *stream_reader(void *arg)
{
	struct stream *s = arg;
	char *block = malloc(200000);
	int epoll = epoll_create1(0);
	struct epoll_event e = {.events = EPOLLIN};

	epoll_ctl(epoll, EPOLL_CTL_ADD, s->fd[0], &e);
	for (long n = 0; n < messages; n++) {
		size_t size = size_of(n), at = 0;

		wait_readable(s->fd[0], epoll, n);
		if (s->is_socket && n % 3 == 0) {
			struct iovec v[2] = {{block, size / 2}, {block + size / 2, size - size / 2}};
			struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};

			if (n % 2)
				EXPECT("recv", size, recv(s->fd[0], block, size, MSG_WAITALL));
			else
				EXPECT("recvmsg", size, recvmsg(s->fd[0], &m, MSG_WAITALL));
			at = size;
		}
		while (at < size) {
			struct iovec v = {block + at, size - at};
			ssize_t r = n % 2 ? read(s->fd[0], block + at, size - at) : readv(s->fd[0], &v, 1);

			if (r <= 0) {
				fault("read", (long)(size - at), r);
				return NULL;
			}
			at += (size_t)r;
		}
		check("stream", block, n, size);
	}
	free(block);
	return NULL;
}

/* ---- a bounded queue under a mutex with two conditions ---- */

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t more, less;
	long ring[8], head, tail;
	int inside;
};

static void enter(struct queue *q)
{
	EXPECT("inside", 1, ++q->inside);
}

static void *queue_putter(void *arg)
{
	struct queue *q = arg;

	for (long n = 0; n < messages; n++) {
		pthread_mutex_lock(&q->lock);
		while (q->tail - q->head == 8)
			pthread_cond_wait(&q->less, &q->lock);
		enter(q);
		q->ring[q->tail++ % 8] = n;
		q->inside--;
		pthread_cond_signal(&q->more);
		EXPECT("unlock", 0, pthread_mutex_unlock(&q->lock));
	}
	return NULL;
}

static void *queue_getter(void *arg)
{
	struct queue *q = arg;

	for (long n = 0; n < messages; n++) {
		struct timespec until;
		int r = 0;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += 20;
		pthread_mutex_lock(&q->lock);
		while (q->tail == q->head && r == 0)
			r = n % 2 ? pthread_cond_wait(&q->more, &q->lock)
				  : pthread_cond_timedwait(&q->more, &q->lock, &until);
		EXPECT("cond_wait", 0, r);
		enter(q);
		EXPECT("queue", n, q->ring[q->head++ % 8]);
		q->inside--;
		pthread_cond_signal(&q->less);
		EXPECT("unlock", 0, pthread_mutex_unlock(&q->lock));
	}
	return NULL;
}

/* ---- a bounded ring with semaphores ---- */

struct ring {
	sem_t filled, empty;
	long slot[4];
};

static void *ring_putter(void *arg)
{
	struct ring *r = arg;

	for (long n = 0; n < messages; n++) {
		EXPECT("sem_wait", 0, sem_wait(&r->empty));
		r->slot[n % 4] = n;
		sem_post(&r->filled);
	}
	return NULL;
}

static void *ring_getter(void *arg)
{
	struct ring *r = arg;

	for (long n = 0; n < messages; n++) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += 20;
		EXPECT("sem_timedwait", 0, n % 2 ? sem_wait(&r->filled) : sem_timedwait(&r->filled, &until));
		EXPECT("ring", n, r->slot[n % 4]);
		sem_post(&r->empty);
	}
	return NULL;
}

/* ---- message queues ---- */

struct post {
	mqd_t posix;
	int system_v;
};

struct letter {
	long type;
	long n;
};

static void *sender(void *arg)
{
	struct post *p = arg;

	for (long n = 0; n < messages; n++) {
		struct letter l = {1, n};

		EXPECT("mq_send", 0, mq_send(p->posix, (char *)&n, sizeof(n), 0));
		EXPECT("msgsnd", 0, msgsnd(p->system_v, &l, sizeof(n), 0));
	}
	return NULL;
}

static void *receiver(void *arg)
{
	struct post *p = arg;

	for (long n = 0; n < messages; n++) {
		struct letter l;
		long m = -1;

		EXPECT("mq_receive", sizeof(m), mq_receive(p->posix, (char *)&m, sizeof(m), NULL));
		EXPECT("mq", n, m);
		EXPECT("msgrcv", sizeof(n), msgrcv(p->system_v, &l, sizeof(n), 0, 0));
		EXPECT("msg", n, l.n);
	}
	return NULL;
}

/* ---- lines, written and read by libc ---- */

struct talk {
	FILE *in, *out;
};

static void *talker(void *arg)
{
	struct talk *t = arg;

	for (long n = 0; n < messages; n++) {
		int width = n % 97 ? 8 : 90000;

		EXPECT("fprintf", width + 1, fprintf(t->out, "%*ld\n", width, n));
		if (n % 5 == 0)
			EXPECT("fflush", 0, fflush(t->out));
	}
	EXPECT("fclose", 0, fclose(t->out));
	return NULL;
}

static void *listener(void *arg)
{
	struct talk *t = arg;
	char *line = malloc(100000);
	size_t size = 100000;

	for (long n = 0; n < messages; n++) {
		long m = -1;

		switch (n % 3) {
		case 0:
			EXPECT("fgets", 1, fgets(line, (int)size, t->in) == line);
			m = atol(line);
			break;
		case 1:
			EXPECT("getline", 1, getline(&line, &size, t->in) > 0);
			m = atol(line);
			break;
		default:
			EXPECT("fscanf", 1, fscanf(t->in, "%ld", &m));
			EXPECT("getc", '\n', getc(t->in));
		}
		EXPECT("line", n, m);
	}
	EXPECT("end of file", EOF, getc(t->in));
	fclose(t->in);
	free(line);
	return NULL;
}

/* ---- locks of all kinds around counters, and barriers ---- */

struct locks {
	pthread_mutex_t mutex[5];
	pthread_rwlock_t rwlock;
	pthread_barrier_t barrier;
	long counter[5], written, serial;
	int threads;
};

static void *locker(void *arg)
{
	struct locks *l = arg;
	long phases = messages / 20;

	for (long n = 0; n < messages; n++) {
		int k = (int)(n % 5);
		struct timespec until, nap = {0, 20000};

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += 20;
		EXPECT("lock", 0,
		       n % 3 ? pthread_mutex_lock(&l->mutex[k]) : pthread_mutex_timedlock(&l->mutex[k], &until));
		l->counter[k]++;
		if (n % 50 == 0)
			EXPECT("nanosleep", 0, nanosleep(&nap, NULL));
		EXPECT("unlock", 0, pthread_mutex_unlock(&l->mutex[k]));
		if (n % 4 == 0) {
			EXPECT("wrlock", 0, pthread_rwlock_wrlock(&l->rwlock));
			l->written++;
		} else {
			long before, after;

			EXPECT("rdlock", 0, pthread_rwlock_rdlock(&l->rwlock));
			before = *(volatile long *)&l->written;
			sched_yield();
			after = *(volatile long *)&l->written;
			EXPECT("written", before, after);
		}
		EXPECT("rwunlock", 0, pthread_rwlock_unlock(&l->rwlock));
		if (n < phases && pthread_barrier_wait(&l->barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			l->serial++;
	}
	return NULL;
}

static void init_locks(struct locks *l, int threads)
{
	static const int types[] = {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK,
				    PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_NORMAL};

	for (int k = 0; k < 5; k++) {
		pthread_mutexattr_t a;

		pthread_mutexattr_init(&a);
		pthread_mutexattr_settype(&a, types[k]);
		if (k == 3)
			pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
		if (k == 4)
			pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT);
		pthread_mutex_init(&l->mutex[k], &a);
	}
	pthread_rwlock_init(&l->rwlock, NULL);
	pthread_barrier_init(&l->barrier, NULL, (unsigned)threads);
	l->threads = threads;
}

static int locks_are_right(const struct locks *l)
{
	long sum = 0;

	for (int k = 0; k < 5; k++)
		sum += l->counter[k];
	return sum == messages * l->threads && l->written == (messages + 3) / 4 * l->threads &&
	       l->serial == messages / 20;
}

/* ---- signals that interrupt whatever is under way ---- */

static volatile sig_atomic_t alarms;

static void on_alarm(int n)
{
	(void)n;
	alarms++;
}

#define PAIRS 6
#define LOCKERS 3

struct group {
	struct stream pipe, socket;
	struct queue queue;
	struct ring ring;
	struct post post;
	struct talk talk;
	struct locks locks;
	pthread_t threads[2 * PAIRS + LOCKERS];
	int running;
};

/* With the pipe, updates wait for threads that wait inside libc, while those who would wake them stand still. */
static int may_talk(void)
{
	const char *way = getenv("UPSTARE_BLOCKING");

	return !way || strcmp(way, "self-pipe") != 0;
}

static void start(struct group *g)
{
	struct mq_attr a = {.mq_maxmsg = 3, .mq_msgsize = sizeof(long)};
	struct msqid_ds s;
	char name[40];
	int n = 0, fd[2];

	if (pipe(g->pipe.fd) || socketpair(AF_UNIX, SOCK_STREAM, 0, g->socket.fd) || pipe(fd))
		exit(2);
	g->talk.in = fdopen(fd[0], "r");
	g->talk.out = fdopen(fd[1], "w");
	g->socket.is_socket = 1;
	pthread_mutex_init(&g->queue.lock, NULL);
	pthread_cond_init(&g->queue.more, NULL);
	pthread_cond_init(&g->queue.less, NULL);
	sem_init(&g->ring.filled, 0, 0);
	sem_init(&g->ring.empty, 0, 4);
	snprintf(name, sizeof(name), "/stress-%d", (int)getpid());
	g->post.posix = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &a);
	mq_unlink(name);
	g->post.system_v = msgget(IPC_PRIVATE, 0600);
	if (g->post.posix < 0 || g->post.system_v < 0)
		exit(2);
	msgctl(g->post.system_v, IPC_STAT, &s);
	s.msg_qbytes = 64;
	msgctl(g->post.system_v, IPC_SET, &s);
	init_locks(&g->locks, LOCKERS);
	pthread_create(&g->threads[n++], NULL, stream_writer, &g->pipe);
	pthread_create(&g->threads[n++], NULL, stream_reader, &g->pipe);
	pthread_create(&g->threads[n++], NULL, stream_writer, &g->socket);
	pthread_create(&g->threads[n++], NULL, stream_reader, &g->socket);
	pthread_create(&g->threads[n++], NULL, queue_putter, &g->queue);
	pthread_create(&g->threads[n++], NULL, queue_getter, &g->queue);
	pthread_create(&g->threads[n++], NULL, ring_putter, &g->ring);
	pthread_create(&g->threads[n++], NULL, ring_getter, &g->ring);
	pthread_create(&g->threads[n++], NULL, sender, &g->post);
	pthread_create(&g->threads[n++], NULL, receiver, &g->post);
	if (may_talk()) {
		pthread_create(&g->threads[n++], NULL, talker, &g->talk);
		pthread_create(&g->threads[n++], NULL, listener, &g->talk);
	}
	for (int i = 0; i < LOCKERS; i++)
		pthread_create(&g->threads[n++], NULL, locker, &g->locks);
	g->running = n;
}

static void finish(struct group *g)
{
	for (int i = 0; i < g->running; i++)
		EXPECT("join", 0, pthread_join(g->threads[i], NULL));
	EXPECT("locks", 1, locks_are_right(&g->locks));
	msgctl(g->post.system_v, IPC_RMID, NULL);
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
	struct itimerspec period = {{0, 3000000}, {0, 3000000}};
	int groups = argc > 2 ? atoi(argv[2]) : 1;
	sigset_t set;
	timer_t timer;

	begin();
	if (argc > 1)
		messages = atol(argv[1]);
	struct group *g = calloc((size_t)groups, sizeof(*g));
	/* The alarms are main's: some of the others' calls would end with EINTR, SA_RESTART or not. */
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < groups; i++)
		start(&g[i]);
	sigaction(SIGALRM, &action, NULL);
	timer_create(CLOCK_MONOTONIC, &event, &timer);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	timer_settime(timer, 0, &period, NULL);
	for (int i = 0; i < groups; i++)
		finish(&g[i]);
	fact(alarms > 0, "alarms came");
	fact(wrong == 0, "every message came once, in order, and every lock held");
	return failures || wrong;
}
