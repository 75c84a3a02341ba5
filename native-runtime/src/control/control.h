/*
 * The control channel: one thread for each process that listens for upstare-ctl (docs/protocol.md) and hands what it is
 * asked to the core (src/core.h). Nothing here can stop or end the program: what fails leaves it without a channel.
 */
#ifndef UPSTARE_CONTROL_H
#define UPSTARE_CONTROL_H

/*
 * Starts the channel: before main, and in a child that is to have one of its own. 0: it listens, or UPSTARE=off
 * asks it not to; else an errno value, and the program runs on without.
 */
int upstare_control_start(void);

/* The same in a child whose parent ends: what UPSTARE_LISTEN names is its own now. */
int upstare_control_inherit(void);

/* At exit (upstare_control_start sees to it): removes the socket's file. Does not wait for a request that is under way. */
void upstare_control_stop(void);

/*
 * Before this process gets a second thread, or gives up the right to make one: the control thread is started, if it has been
 * put off until somebody connects.
 */
void upstare_control_ready(void);

/* The same before a bare system call, if it is one by which the process gives up that right. */
void upstare_before_call(long number, long first_argument);
/* syscall(2) of libraries; the program's own calls of it have a wrapper (tree/fork.c). */
long upstare_library_syscall(long number, const long arguments[6]);

/*
 * In the child just after fork: closes the listener that it inherited, leaves the parent's file alone. Async-signal-safe.
 * upstare_control_start calls it in a child; called alone, it leaves the child without a channel.
 */
void upstare_control_forked(void);

#endif
