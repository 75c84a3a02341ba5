/*
 * Threads inside system calls and waits of the C library, some with half of their work done (a write that the pipe did not
 * take whole, a recv that waits for more, a sleep that is half over), with VERSION as the version. An update must move them
 * now, without waiting for them, and each call must come back as if nothing had been: with the whole count, at the right
 * time.
 */
#include "testprog.h"
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

#define MUCH 400000
#define SLEEP_MS 3000

struct job;

struct kind {
	const char *name;
	void (*prepare)(struct job *);
	long (*run)(struct job *); /* blocks */
	long expected;
	int (*release)(struct job *); /* gives the thread what it waits for; NULL: time does, after SLEEP_MS */
};

struct job {
	const struct kind *kind;
	int fd[2]; /* the thread uses the first, main the second */
	long id;   /* what else there is: a child, a queue */
	pthread_t thread;
	long result;
	int version; /* that the call came back in */
	long took_ms;
};

static int version(void)
{
	return VERSION;
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#include "blocked/transfers.h"
#include "blocked/waits.h"
#include "blocked/children.h"
#include "blocked/ipc.h"
#include "blocked/threads.h"

/* Those with children first. Those that end by themselves last. */
static const struct kind kinds[] = {
	{"wait", child, do_wait, 1000 + 'x', xyz},
	{"waitpid", child, do_waitpid, 1000 + 'x', xyz},
	{"waitid", child, do_waitid, 1000 + 'x', xyz},
	{"F_SETLKW", child_locks, do_setlkw, 0, xyz},
	{"lockf", child_locks, do_lockf, 0, xyz},
	{"read", pair, do_read, 300 + 'x', xyz},
	{"readv", reader, do_readv, 300 + 'z', xyz},
	{"recv", half, do_recv, 61, other_half},
	{"recvfrom", half, do_recvfrom, 61, other_half},
	{"recvmsg", half, do_recvmsg, 61, other_half},
	{"write", writer, do_write, MUCH, drain},
	{"writev", writer, do_writev, MUCH, drain},
	{"send", pair, do_send, MUCH, drain},
	{"sendto", pair, do_sendto, MUCH, drain},
	{"sendmsg", pair, do_sendmsg, MUCH, drain},
	{"sendfile", pair, do_sendfile, MUCH, drain},
	{"splice", reader, do_splice, 31, xyz},
	{"accept", listener, do_accept, 1, dialled},
	{"accept4", listener, do_accept4, 1, dialled},
	{"connect", busy_listener, do_connect, 0, take_one},
	{"select", pair, do_select, 11, xyz},
	{"pselect", pair, do_pselect, 11, xyz},
	{"poll", pair, do_poll, 11, xyz},
	{"ppoll", pair, do_ppoll, 11, xyz},
	{"epoll_wait", pair, do_epoll_wait, 11, xyz},
	{"epoll_pwait", pair, do_epoll_pwait, 11, xyz},
	{"pause", NULL, do_pause, -100 + EINTR * 10 + 1, usr1},
	{"sigsuspend", NULL, do_sigsuspend, -100 + EINTR * 10 + 1, usr2},
	{"read with a handler", reader, do_read_interrupted, -100 + EINTR * 10 + 1, hup},
	{"sigwait", NULL, do_sigwait, 1, rt1},
	{"sigwaitinfo", NULL, do_sigwaitinfo, 2077, rt2},
	{"flock", flocked, do_flock, 0, unflock},
	{"F_OFD_SETLKW", ofd_locked, do_ofd_setlkw, 0, ofd_unlock},
	{"msgrcv", queue, do_msgrcv, 41, send_five},
	{"msgsnd", full_queue, do_msgsnd, 0, take_all},
	{"semop", zero_semaphore, do_semop, 0, up},
	{"mq_receive", posix_queue, do_mq_receive, 31, mq_abc},
	{"mq_send", full_posix_queue, do_mq_send, 0, mq_take},
	{"open", fifo, do_open, 11, write_fifo},
	{"mutex_lock", held_normal, do_mutex_lock, 0, unlock},
	{"recursive mutex_lock", held_recursive, do_mutex_lock, 0, unlock},
	{"checking mutex_lock", held_checked, do_mutex_lock, 0, unlock},
	{"adaptive mutex_lock", held_adaptive, do_mutex_lock, 0, unlock},
	{"robust mutex_lock", held_robust, do_mutex_lock, 0, unlock},
	{"shared mutex_lock", held_shared, do_mutex_lock, 0, unlock},
	{"inheriting mutex_lock", held_inheriting, do_mutex_lock, 0, unlock},
	{"cond_wait", NULL, do_cond_wait, 0, broadcast},
	{"rdlock", write_lock, do_rdlock, 0, write_unlock},
	{"wrlock", read_lock, do_wrlock, 0, read_unlock},
	{"barrier_wait", barrier_of_two, do_barrier, 0, at_barrier},
	{"sem_wait", NULL, do_sem_wait, 0, post},
	{"spin_lock", spin_locked, do_spin_lock, 0, spin_unlock},
	{"join", start_joinee, do_join, 77, xyz},
	{"nanosleep", NULL, do_nanosleep, 0, NULL},
	{"clock_nanosleep", NULL, do_clock_nanosleep, 0, NULL},
	{"clock_nanosleep until a time", NULL, do_sleep_until, 0, NULL},
	{"usleep", NULL, do_usleep, 0, NULL},
	{"sleep", NULL, do_sleep, 0, NULL},
	{"select with a timeout", pair, do_select_timeout, 0, NULL},
	{"poll with a timeout", pair, do_poll_timeout, 0, NULL},
	{"epoll_wait with a timeout", pair, do_epoll_timeout, 0, NULL},
	{"sigtimedwait", NULL, do_sigtimedwait, -100 + EAGAIN, NULL},
	{"semtimedop", zero_semaphore, do_semtimedop, -100 + EAGAIN, NULL},
	{"mq_timedreceive", posix_queue, do_mq_timedreceive, -1000 + ETIMEDOUT, NULL},
	{"mutex_timedlock", held_normal, do_mutex_timedlock, ETIMEDOUT, NULL},
	{"cond_timedwait", NULL, do_cond_timedwait, ETIMEDOUT, NULL},
	{"timedrdlock", write_lock_forever, do_timedrdlock, ETIMEDOUT, NULL},
	{"sem_timedwait", NULL, do_sem_timedwait, -1000 + ETIMEDOUT, NULL},
	{"timedjoin", join_main, do_timedjoin, ETIMEDOUT, NULL},
};
#define JOBS (int)(sizeof(kinds) / sizeof(kinds[0]))

static struct job jobs[JOBS];

static void *body(void *arg)
{
	struct job *j = arg;
	long start = now_ms();

	errno = 0;
	j->result = j->kind->run(j);
	j->version = version();
	j->took_ms = now_ms() - start;
	return NULL;
}

static void prepare_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t waited_for;

	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	sigemptyset(&waited_for);
	for (int i = 1; i < 4; i++)
		sigaddset(&waited_for, SIGRTMIN + i);
	pthread_sigmask(SIG_BLOCK, &waited_for, NULL);
}

int main(void)
{
	char command[60];

	begin();
	need(mkdtemp(directory) != NULL, "mkdtemp");
	prepare_signals();
	for (int i = 0; i < JOBS; i++) {
		jobs[i].kind = &kinds[i];
		if (kinds[i].prepare)
			kinds[i].prepare(&jobs[i]);
	}
	for (struct job *j = jobs; j < jobs + JOBS; j++)
		pthread_create(&j->thread, NULL, body, j);
	pause_ms(300);
	gate("all wait");
	for (struct job *j = jobs; j < jobs + JOBS; j++) {
		int released = !j->kind->release || j->kind->release(j);

		if (j->kind->release != take_all && j->kind->release != at_barrier && j->kind->release != post)
			pthread_join(j->thread, NULL);
		printf("%s came back in v%d with %s\n", j->kind->name, j->version,
		       released && j->result == j->kind->expected ? "the right result" : "A WRONG ONE");
		if (!released || j->result != j->kind->expected)
			printf("%s: %ld instead of %ld, failures %d\n", j->kind->name, j->result, j->kind->expected, ++failures);
		if (!j->kind->release && (j->took_ms < SLEEP_MS || j->took_ms >= SLEEP_MS + 500))
			printf("%s: took %ld ms, failures %d\n", j->kind->name, j->took_ms, ++failures);
	}
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command) || failures;
}
