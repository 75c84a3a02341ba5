/*
 * UPSTARE_BLOCKING=self-pipe: blocking calls for programs that own every signal. A call is first made so that it cannot block;
 * where it would, the thread waits in ppoll for its descriptor and for a pipe of the runtime's own, which is readable while
 * an update is wanted. What cannot be polled is tried again and again, at most SLICE apart.
 */
#ifndef UPSTARE_PIPE_H
#define UPSTARE_PIPE_H

#include "../blocking.h"

#include <poll.h>

#include "../../control/sys.h"

#define UPSTARE_FOREVER INT64_MAX
/* What waits without a descriptor looks again after that time, nanoseconds. */
#define UPSTARE_SLICE 10000000
#define UPSTARE_SLICE_FIRST 50000

/* ---- call.c ---- */
/*
 * The system call of kernel number with these arguments: what the kernel would return (-errno for errors); UPSTARE_ABORTED: an update is
 * wanted, and nothing has happened. upstare_cut.kicked is set where fewer bytes were moved than were asked for, and the rest is to
 * follow. continued: bytes of the same call have been moved before.
 */
hidden long upstare_pipe_call(long number, const long arguments[6], bool cancellable, bool continued);
/*
 * The process is in a filter that may not know what upstare_pipe_call needs: from now on it makes the program's calls as they
 * are.
 */
extern hidden bool upstare_pipe_confined;
/* The system call as it is: it may block. */
hidden long upstare_pipe_plain(long number, const long arguments[6], bool cancellable);

/* ---- wait.c ---- */
/* The thread's signals while a call looks again and again: blocked, so that no handler runs unseen between two waits. */
struct upstare_hold {
	uint64_t mask; /* the program's */
	bool on;
	uint64_t come; /* those that are to be let through: some, or UPSTARE_ALL, whatever comes meanwhile */
};
#define UPSTARE_ALL UINT64_MAX
/*
 * Blocks them, after those that have come have been let through. Where these run no handler, no others: one that ends the call may be due
 * meanwhile. A handler has the program's mask.
 */
hidden void upstare_pipe_hold(struct upstare_hold *);
/* Notes those that have come by now, to be let through. */
hidden void upstare_pipe_note(struct upstare_hold *);
hidden void upstare_pipe_release(struct upstare_hold *);
/* UPSTARE_ABORTED; they stay blocked until the thread has parked (upstare_masked). */
hidden long upstare_pipe_aborted(struct upstare_hold *);
#define UPSTARE_HOLD(name) struct upstare_hold name __attribute__((cleanup(upstare_pipe_release))) = {0}

struct upstare_limits {
	int64_t until;        /* CLOCK_MONOTONIC, nanoseconds; UPSTARE_FOREVER */
	const uint64_t *mask; /* of signals, meanwhile; NULL: the thread's. Only with once. */
	bool once;            /* a handler ends the call, SA_RESTART or not */
	bool cancellable;
	uint64_t taken;            /* signals that the call takes: one of them wakes it */
	struct upstare_hold *hold; /* the caller's, for a call that is tried again; NULL: none */
};
#define UPSTARE_PIPE_ROOM 3
/*
 * Waits for n descriptors; files has room for UPSTARE_PIPE_ROOM more. Returns how many of the n are ready; 0: until has
 * passed; -EINTR: a handler has run after which the call is not restarted, or will when hold is released; UPSTARE_ABORTED;
 * with hold UPSTARE_RETRY: a signal has come, and the call is to be tried before it is let through.
 */
hidden long upstare_pipe_poll(struct pollfd *files, nfds_t n, const struct upstare_limits *);
/* Waits in slices that grow: *slice, 0 at first. 0: try again; -ETIMEDOUT: until has passed; -EINTR, UPSTARE_ABORTED, as above. */
hidden long upstare_pipe_pause(const struct upstare_limits *, int64_t *slice);
/* What a descriptor is ready for, of events and what poll always tells; 0: nothing. */
hidden short upstare_pipe_ready(int fd, short events);
/* An update is wanted that this thread can take part in; in a member of a tree also if nobody has told the process yet. */
hidden bool upstare_pipe_noticed(void);

/* ---- handlers.c ---- */
/* The kinds of handlers that the process has: after which calls are restarted, and which end them. */
#define UPSTARE_RESTARTED 1u
#define UPSTARE_ENDING 2u
#define UPSTARE_MIXED (UPSTARE_RESTARTED | UPSTARE_ENDING)
hidden unsigned upstare_pipe_handlers(void);
/* After ppoll was ended by a handler: whether it is one that ends calls. mask: the signals it did not wait for; NULL: the thread's. */
hidden bool upstare_pipe_handler_ends(const uint64_t *mask);
/* A descriptor that is readable while a signal of the set is pending for the thread that polls it; -1: none. */
hidden int upstare_pipe_signals(uint64_t set);

/* ---- turn.c: among the threads and processes of the program, for calls that cannot be tried ---- */
/* Makes the call if the descriptor is ready for events; -EAGAIN: it is not. */
hidden long upstare_pipe_when_ready(int fd, short events, long number, const long arguments[6], bool cancellable);

/* ---- by kind ---- */
/* The end of a relative limit, as in upstare_limits. */
hidden int64_t upstare_pipe_after(const struct timespec *limit);
hidden long upstare_pipe_transfer(long number, const long arguments[6], bool cancellable, bool continued);
hidden long upstare_pipe_send_file(long number, const long arguments[6], bool cancellable);
hidden long upstare_pipe_accept(long number, const long arguments[6], bool cancellable);
hidden long upstare_pipe_connect(const long arguments[6], bool cancellable);
hidden long upstare_pipe_many(long number, const long arguments[6], bool cancellable);
hidden long upstare_pipe_sleep(const long arguments[6], bool cancellable);
hidden long upstare_pipe_futex(const long arguments[6], bool cancellable);
hidden long upstare_pipe_take_signal(const long arguments[6], bool cancellable);
hidden long upstare_pipe_semaphores(const long arguments[6], bool cancellable);
hidden long upstare_pipe_queue(long number, const long arguments[6], bool cancellable);
hidden long upstare_pipe_children(long number, const long arguments[6], bool cancellable);
hidden long upstare_pipe_lock(long number, const long arguments[6], bool cancellable);
hidden long upstare_pipe_message(long number, const long arguments[6], bool cancellable);
hidden long upstare_pipe_drain(const long arguments[6], bool cancellable);
hidden long upstare_pipe_open(const long arguments[6], bool cancellable);

#define UPSTARE_RETRY (-5001L)
/*
 * Makes attempt again until it returns something else than -EAGAIN, and waits for fd in between; -EAGAIN is the answer
 * where the file is O_NONBLOCK, or after the time limit that the socket has for such calls.
 */
struct upstare_attempt_of {
	long (*make)(const struct upstare_attempt_of *);
	long number;
	const long *arguments;
	int fd;
	short events;
	bool cancellable, continued;
	bool first; /* nobody has waited yet */
};
hidden long upstare_pipe_retry(struct upstare_attempt_of *);
/* The socket's own limit for calls that wait for events, from now on; UPSTARE_FOREVER: none. */
hidden int64_t upstare_pipe_socket_limit(int fd, short events);

#endif
