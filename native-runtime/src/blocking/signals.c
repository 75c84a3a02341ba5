/*
 * The program's signals: its masks leave the kick's signal unblocked, or a thread that blocks could not be woken; and the
 * calls that wait for signals.
 */
#include "pipe/handlers.h"
#include "simple.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../control/control.h"

/*
 * libc's, since a handler may run at its system call, and a process that is forked there may live in it for good: what the handler has interrupted is library code
 * then (verify.c). By these names libraries get ours (interpose.c).
 */
typedef int change_mask_fn(int how, const sigset_t *set, sigset_t *old);
static change_mask_fn *libc_sigprocmask, *libc_pthread_sigmask;

void upstare_masks_prepare(void)
{
	libc_sigprocmask = (change_mask_fn *)dlsym(RTLD_NEXT, "sigprocmask");
	libc_pthread_sigmask = (change_mask_fn *)dlsym(RTLD_NEXT, "pthread_sigmask");
}

static int change_mask(change_mask_fn *const *change, int how, const sigset_t *set, sigset_t *old)
{
	sigset_t copy;
	/* Libraries may ask before the program's main. */
	if (!*change)
		upstare_masks_prepare();
	if (set && how != SIG_UNBLOCK && !upstare_self_pipe && sigismember(set, UPSTARE_KICK_SIGNAL)) {
		copy = *set;
		sigdelset(&copy, UPSTARE_KICK_SIGNAL);
		set = &copy;
	}
	return (*change)(how, set, old);
}

exported int upstare_w_sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	return change_mask(&libc_sigprocmask, how, set, old);
}

exported int upstare_w_pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	return change_mask(&libc_pthread_sigmask, how, set, old);
}

/* A kick that waits for the end of a handler comes when the call that the handler interrupted cannot be told from one that it did not. */
exported int upstare_w_sigaction(int signal, const struct sigaction *action, struct sigaction *old)
{
	struct sigaction copy;
	if (action && signal == UPSTARE_KICK_SIGNAL)
		upstare_control_ready();
	if (action && !upstare_self_pipe && sigismember(&action->sa_mask, UPSTARE_KICK_SIGNAL)) {
		copy = *action;
		sigdelset(&copy.sa_mask, UPSTARE_KICK_SIGNAL);
		action = &copy;
	}
	if (!upstare_self_pipe && signal != UPSTARE_KICK_SIGNAL)
		return upstare_kick_sigaction(signal, action, old);
	int r = sigaction(signal, action, old);
	if (!r && action && upstare_self_pipe)
		upstare_pipe_handlers_changed();
	return r;
}

exported sighandler_t upstare_w_signal(int signal_number, sighandler_t handler)
{
	if (signal_number == UPSTARE_KICK_SIGNAL)
		upstare_control_ready();
	sighandler_t old = signal(signal_number, handler);
	int error = errno;
	if (old != SIG_ERR && upstare_self_pipe)
		upstare_pipe_handlers_changed();
	else if (old != SIG_ERR && signal_number != UPSTARE_KICK_SIGNAL)
		upstare_kick_follow(signal_number, NULL);
	errno = error;
	return old;
}

/* ---- waiting for a handler ---- */

ONCE(int, pause, (void), SYS_pause)

/* extra[0] is the kernel's set, by value. */
static long wait_for_signal(struct upstare_call *c, const struct upstare_function *descriptor)
{
	for (;;) {
		struct upstare_call now = *c;
		now.arguments[0] = A(&now.extra[0]);
		long r = upstare_blocking(&now);
		if (r != UPSTARE_ABORTED)
			return upstare_result(r);
		if (upstare_call_parked(c, descriptor))
			return 0;
	}
}

hidden long upstare_resume_signal(void);
long upstare_resume_signal(void)
{
	struct upstare_call c;
	upstare_wait_resumed(&c);
	return wait_for_signal(&c, c.header.function);
}

uint64_t upstare_kernel_set(const sigset_t *set)
{
	uint64_t first;
	memcpy(&first, set, sizeof(first));
	return first & ~upstare_reserved_signals();
}

UPSTARE_CALL(sigsuspend, upstare_resume_signal);
exported int upstare_w_sigsuspend(const sigset_t *set)
{
	struct upstare_call c = {.number = SYS_rt_sigsuspend, .arguments = {0, 8}, .once = true, .extra = {(long)upstare_kernel_set(set)}};
	return (int)wait_for_signal(&c, &upstare_w_d_sigsuspend);
}

/* ---- taking a signal ---- */

enum { SET, INFO, STYLE };
enum { WAIT, WAITINFO, TIMEDWAIT };

static long take_signal(struct upstare_call *c, const struct upstare_function *descriptor)
{
	for (;;) {
		siginfo_t info;
		struct upstare_call now = *c;
		struct timespec left;
		now.arguments[0] = A(&now.extra[SET]);
		now.arguments[1] = A(&info);
		now.arguments[2] = 0;
		if (c->deadline >= 0) {
			left = upstare_timespec(upstare_remaining(c));
			now.arguments[2] = A(&left);
		}
		long r = upstare_blocking(&now);
		if (r == UPSTARE_ABORTED) {
			if (upstare_call_parked(c, descriptor))
				return 0;
			continue;
		}
		if (c->extra[STYLE] == WAIT) {
			c->interrupted = UPSTARE_UNDISTURBED;
			if (r == -EINTR)
				continue;
			if (r > 0)
				*(int *)c->extra[INFO] = (int)r;
			return r > 0 ? 0 : -r;
		}
		if (r > 0 && c->extra[INFO]) {
			/* glibc tells nobody that it raises by tgkill */
			if (info.si_code == SI_TKILL)
				info.si_code = SI_USER;
			*(siginfo_t *)c->extra[INFO] = info;
		}
		return upstare_result(r);
	}
}

hidden long upstare_resume_take_signal(void);
long upstare_resume_take_signal(void)
{
	struct upstare_call c;
	upstare_wait_resumed(&c);
	return take_signal(&c, c.header.function);
}

static struct upstare_call taking(const sigset_t *set, void *info, int style)
{
	return (struct upstare_call){.number = SYS_rt_sigtimedwait,
				     .arguments = {0, 0, 0, 8},
				     .once = true,
				     .deadline = -1,
				     .extra = {(long)upstare_kernel_set(set), A(info), style}};
}

UPSTARE_CALL(sigwait, upstare_resume_take_signal);
exported int upstare_w_sigwait(const sigset_t *restrict set, int *restrict signal)
{
	struct upstare_call c = taking(set, signal, WAIT);
	return (int)take_signal(&c, &upstare_w_d_sigwait);
}

UPSTARE_CALL(sigwaitinfo, upstare_resume_take_signal);
exported int upstare_w_sigwaitinfo(const sigset_t *restrict set, siginfo_t *restrict info)
{
	struct upstare_call c = taking(set, info, WAITINFO);
	return (int)take_signal(&c, &upstare_w_d_sigwaitinfo);
}

UPSTARE_CALL(sigtimedwait, upstare_resume_take_signal);
exported int upstare_w_sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict info, const struct timespec *restrict limit)
{
	struct upstare_call c = taking(set, info, TIMEDWAIT);
	if (limit) {
		if (!upstare_valid_time(limit))
			return (int)upstare_result(-EINVAL);
		c.deadline = upstare_deadline(limit->tv_sec, limit->tv_nsec);
	}
	return (int)take_signal(&c, &upstare_w_d_sigtimedwait);
}
