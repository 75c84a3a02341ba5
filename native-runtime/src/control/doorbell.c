/*
 * Until somebody connects, a process with one thread has no control thread: glibc takes locks in getc, malloc and fork from the
 * second thread on (a loop of getc and putc takes twice its time then), and some calls work in single-threaded processes only.
 *
 * The kernel tells of the first client by a signal (fcntl(2), O_ASYNC and F_SETSIG). Its handler starts the control thread
 * where the interrupted thread may do so (interrupted.c); where it may not, a timer brings the signal again, a moment later.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "doorbell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/single_threaded.h>
#include <time.h>

#include "../child.h"
#include "../core.h"
#include "channel.h"
#include "sys.h"

#define AGAIN_NS 2000000

/* The kernel falls back to SIGIO, which ends most programs, where it can queue no signal: a margin for those of others. */
#define QUEUE_MARGIN 256

/* The process at whose listeners it hangs; 0: nowhere. */
UPSTARE_CHILD_DATA static int hung_by = 0;
static bool rung, repeating;
static int timer;
static int (*answer)(void);

static bool ours(void)
{
	return hung_by && hung_by == (int)upstare_sys(SYS_getpid);
}

static bool watch(int fd, int signal)
{
	struct f_owner_ex owner = {F_OWNER_TID, hung_by};
	long flags = upstare_sys(SYS_fcntl, fd, F_GETFL);

	if (flags < 0)
		return false;
	if (!signal)
		return upstare_sys(SYS_fcntl, fd, F_SETFL, flags & ~O_ASYNC) == 0;
	return upstare_sys(SYS_fcntl, fd, F_SETSIG, signal) == 0 && upstare_sys(SYS_fcntl, fd, F_SETOWN_EX, &owner) == 0 &&
	       upstare_sys(SYS_fcntl, fd, F_SETFL, flags | O_ASYNC) == 0;
}

/* A number behind which the program has put something else by a bare system call is left alone. */
static bool watch_all(int signal)
{
	bool all = true;

	for (int i = 0; i < UPSTARE_LISTENERS; i++)
		if (upstare_listener_is_at(&upstare_listeners[i], upstare_listeners[i].fd))
			all &= watch(upstare_listeners[i].fd, signal);
	return all;
}

static bool somebody_waits(void)
{
	struct pollfd polls[UPSTARE_LISTENERS];

	for (int i = 0; i < UPSTARE_LISTENERS; i++)
		polls[i] = (struct pollfd){.fd = upstare_listeners[i].fd, .events = POLLIN};
	return upstare_sys(SYS_poll, polls, UPSTARE_LISTENERS, 0) > 0;
}

static bool can_queue(void)
{
	struct rlimit limit;

	return !upstare_sys(SYS_prlimit64, 0, RLIMIT_SIGPENDING, 0, &limit) && limit.rlim_cur >= QUEUE_MARGIN;
}

static void stop_repeating(void)
{
	if (repeating)
		upstare_sys(SYS_timer_delete, timer);
	repeating = false;
}

static void repeat(void)
{
	struct itimerspec every = {{0, AGAIN_NS}, {0, AGAIN_NS}};
	struct sigevent event;

	if (repeating)
		return;
	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_THREAD_ID;
	event.sigev_signo = upstare_core_call_signal();
	event._sigev_un._tid = hung_by;
	repeating = upstare_sys(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) == 0;
	if (repeating)
		upstare_sys(SYS_timer_settime, timer, 0, &every, 0);
}

bool upstare_doorbell_hang(int (*who_answers)(void))
{
	int signal = __libc_single_threaded && can_queue() ? upstare_core_call_signal() : 0;
	uint64_t set = signal ? (uint64_t)1 << (signal - 1) : 0;

	/* A thread id that is the process' is that of its first thread. */
	if (!signal || upstare_sys(SYS_gettid) != upstare_sys(SYS_getpid))
		return false;
	answer = who_answers;
	rung = repeating = false;
	hung_by = (int)upstare_sys(SYS_getpid);
	upstare_sys(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, 0, sizeof(set));
	if (watch_all(signal) && !somebody_waits())
		return true;
	watch_all(0);
	hung_by = 0;
	return false;
}

/* Takes it down and has somebody answer. 0 or an errno value. */
static int open_up(void)
{
	int error;

	stop_repeating();
	watch_all(0);
	rung = false;
	hung_by = 0;
	error = answer();
	if (error)
		upstare_log("control: no thread to answer with: error %d", error);
	return error;
}

void upstare_doorbell_kicked(bool by_client, const void *context)
{
	if (!hung_by || !ours())
		return;
	if (by_client && !rung) {
		watch_all(0);
		rung = true;
	}
	if (!rung)
		return;
	int error = errno, owner = hung_by;
	if (!upstare_core_may_start_thread(context)) {
		repeat();
	} else if (open_up()) {
		/* There may be room for a thread when the next client rings. */
		hung_by = owner;
		watch_all(upstare_core_call_signal());
	}
	errno = error;
}

void upstare_control_ready(void)
{
	uint64_t all = ~(uint64_t)0, mask;

	if (!hung_by || !ours())
		return;
	upstare_sys(SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, sizeof(mask));
	if (hung_by)
		open_up();
	upstare_sys(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, sizeof(mask));
}

void upstare_doorbell_mute(void)
{
	if (!hung_by || !ours())
		return;
	watch_all(0);
	stop_repeating();
}

void upstare_doorbell_unmute(void)
{
	if (!hung_by || !ours())
		return;
	watch_all(upstare_core_call_signal());
	if (rung || somebody_waits()) {
		rung = true;
		repeat();
	}
}

void upstare_doorbell_forget(void)
{
	hung_by = 0;
}
