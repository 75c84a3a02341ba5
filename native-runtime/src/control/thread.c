#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "control.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "../child.h"
#include "../core.h"
#include "channel.h"
#include "doorbell.h"
#include "sys.h"

/* This process was made by fork: what UPSTARE_LISTEN names is its parent's. */
static bool child;
static bool stopping;
/* Whose channel it is; 0: nobody's. */
static int started_by;

UPSTARE_CHILD_DATA struct upstare_listener upstare_listeners[UPSTARE_LISTENERS] = {{.fd = -1}, {.fd = -1}};

/* How long the end of the program waits for an answer that is under way. */
#define LAST_ANSWER_MS 300

/* How often the listeners are opened again after the program has closed them (daemons close everything they find). */
#define MAX_REOPENINGS 16

/* Takes in who waits at a listener. false: the listener is not ours any more. */
static bool take_in(struct upstare_listener *listener, int revents, bool tcp)
{
	if (!revents)
		return true;
	/* The number may have been closed by the program, and may be something else of the program's by now. */
	if (revents & ~POLLIN || upstare_descriptor_identity(listener->fd) != listener->identity) {
		__atomic_store_n(&listener->fd, -1, __ATOMIC_RELEASE);
		return false;
	}
	if (upstare_connection_room())
		upstare_connection_accept(listener->fd, tcp);
	return true;
}

/* Serves until a listener is lost. */
static void serve(void)
{
	struct pollfd polls[UPSTARE_LISTENERS + UPSTARE_CONNECTIONS];
	int timeout, count, i;
	bool all = true;
	long ready;

	while (all) {
		for (i = 0; i < UPSTARE_LISTENERS; i++) {
			polls[i] = (struct pollfd){.fd = upstare_listeners[i].fd, .events = POLLIN};
			/* With no room, those who come wait in the kernel's queue until somebody has left or is late. */
			if (!upstare_connection_room())
				polls[i].fd = -1;
		}
		timeout = -1;
		count = upstare_connection_polls(polls + UPSTARE_LISTENERS, upstare_milliseconds(), &timeout);
		ready = upstare_sys(SYS_poll, polls, UPSTARE_LISTENERS + count, timeout);
		if (ready < 0)
			continue; /* EINTR; ENOMEM passes too */
		upstare_connection_run(polls + UPSTARE_LISTENERS, count);
		for (i = 0; i < UPSTARE_LISTENERS; i++)
			all &= take_in(&upstare_listeners[i], polls[i].revents, i == UPSTARE_LISTEN_TCP);
	}
}

static int open_listeners(void)
{
	int error, count = upstare_listen(upstare_listeners, child, &error);

	if (error)
		upstare_log("control: cannot listen%s: error %d", count ? " everywhere" : "", error);
	return count ? 0 : error;
}

static void *run(void *argument)
{
	int i;

	(void)argument;
	upstare_sys(SYS_prctl, PR_SET_NAME, "upstare", 0, 0, 0);
	for (i = 0; i < MAX_REOPENINGS; i++) {
		serve();
		if (__atomic_load_n(&stopping, __ATOMIC_SEQ_CST) || open_listeners())
			break;
	}
	upstare_unlisten();
	return NULL;
}

/* A program may end as soon as its update lets it go on: whoever asked for the update is still to hear of it. */
static void at_exit(void)
{
	struct timespec moment = {0, 1000000};

	if (started_by == (int)upstare_sys(SYS_getpid))
		for (int i = 0; i < LAST_ANSWER_MS && __atomic_load_n(&upstare_answering, __ATOMIC_SEQ_CST); i++)
			upstare_sys(SYS_nanosleep, &moment, NULL);
	upstare_control_stop();
}

static int start_thread(void)
{
	return upstare_core_thread(run, NULL);
}

static int start(bool inherits)
{
	static bool registered;
	const char *wanted = getenv("UPSTARE");
	int pid = (int)upstare_sys(SYS_getpid), error;

	if (wanted && !strcmp(wanted, "off"))
		return 0;
	if (!registered)
		atexit(at_exit);
	registered = true;
	if (started_by && started_by != pid) {
		upstare_control_forked();
		child = !inherits;
	}
	started_by = pid;
	__atomic_store_n(&stopping, false, __ATOMIC_SEQ_CST);
	/* Here and not on the thread: the descriptors' first, low numbers must not meet the program's first open. */
	error = open_listeners();
	if (!error && !upstare_doorbell_hang(start_thread))
		error = start_thread();
	if (error)
		upstare_control_stop();
	return error;
}

int upstare_control_start(void)
{
	return start(false);
}

int upstare_control_inherit(void)
{
	return start(true);
}

void upstare_control_stop(void)
{
	__atomic_store_n(&stopping, true, __ATOMIC_SEQ_CST);
	upstare_doorbell_mute();
	upstare_unlisten();
}

void upstare_control_forked(void)
{
	int i;

	upstare_doorbell_forget();
	for (i = 0; i < UPSTARE_LISTENERS; i++) {
		int fd = __atomic_exchange_n(&upstare_listeners[i].fd, -1, __ATOMIC_ACQ_REL);

		if (fd >= 0 && upstare_descriptor_identity(fd) == upstare_listeners[i].identity)
			upstare_sys(SYS_close, fd);
	}
	if (upstare_connected)
		upstare_connection_forget();
}
