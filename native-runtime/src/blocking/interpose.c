/*
 * Blocking calls that libraries make. The executable defines these functions too, and the dynamic linker binds the libraries to its
 * definitions, so a thread that waits inside a library (an event loop in epoll_wait) is woken as one that waits in the program
 * is: it looks at its stack, stands still for the update, and waits on for the rest of its time. Weak: a program may define
 * its own. libc itself does not call these (fgets, getaddrinfo). Threads that libraries create are threads as any other, since they may call the program back,
 * or run one of its functions for good (GLib's g_thread_new); they, too, must not block the kick.
 *
 * The linker exports the names by itself, since libc defines them, too. Condition variables are here because a waiter of one
 * kind and a signal of the other would miss each other (condition.c).
 */
#include "../internal.h"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "../control/control.h"
#include "../control/sys.h"

/* By another name in C: libc's headers declare some with a union that stands for any socket address. */
#define INTERPOSE(TYPE, NAME, PARAMETERS, ARGUMENTS)                                                                   \
	TYPE upstare_w_##NAME PARAMETERS;                                                                              \
	exported __attribute__((weak)) TYPE upstare_i_##NAME PARAMETERS __asm__(#NAME);                                \
	TYPE upstare_i_##NAME PARAMETERS                                                                               \
	{                                                                                                              \
		return upstare_w_##NAME ARGUMENTS;                                                                     \
	}

INTERPOSE(int, poll, (struct pollfd * files, nfds_t n, int timeout), (files, n, timeout))
INTERPOSE(int, ppoll, (struct pollfd * files, nfds_t n, const struct timespec *limit, const sigset_t *mask), (files, n, limit, mask))
INTERPOSE(int, select, (int n, fd_set *in, fd_set *out, fd_set *other, struct timeval *limit), (n, in, out, other, limit))
INTERPOSE(int, pselect, (int n, fd_set *in, fd_set *out, fd_set *other, const struct timespec *limit, const sigset_t *mask),
	  (n, in, out, other, limit, mask))
INTERPOSE(int, epoll_wait, (int fd, struct epoll_event *events, int n, int timeout), (fd, events, n, timeout))
INTERPOSE(int, epoll_pwait, (int fd, struct epoll_event *events, int n, int timeout, const sigset_t *mask),
	  (fd, events, n, timeout, mask))

INTERPOSE(ssize_t, read, (int fd, void *to, size_t size), (fd, to, size))
INTERPOSE(ssize_t, readv, (int fd, const struct iovec *to, int n), (fd, to, n))
INTERPOSE(ssize_t, recv, (int fd, void *to, size_t size, int flags), (fd, to, size, flags))
INTERPOSE(ssize_t, recvfrom, (int fd, void *restrict to, size_t size, int flags, struct sockaddr *restrict from, socklen_t *restrict length),
	  (fd, to, size, flags, from, length))
INTERPOSE(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))
INTERPOSE(ssize_t, write, (int fd, const void *from, size_t size), (fd, from, size))
INTERPOSE(ssize_t, writev, (int fd, const struct iovec *from, int n), (fd, from, n))
INTERPOSE(ssize_t, send, (int fd, const void *from, size_t size, int flags), (fd, from, size, flags))
INTERPOSE(ssize_t, sendto, (int fd, const void *from, size_t size, int flags, const struct sockaddr *to, socklen_t length),
	  (fd, from, size, flags, to, length))
INTERPOSE(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
INTERPOSE(int, connect, (int fd, const struct sockaddr *to, socklen_t length), (fd, to, length))
INTERPOSE(int, accept, (int fd, struct sockaddr *restrict from, socklen_t *restrict length), (fd, from, length))
INTERPOSE(int, accept4, (int fd, struct sockaddr *restrict from, socklen_t *restrict length, int flags), (fd, from, length, flags))

INTERPOSE(int, pthread_cond_wait, (pthread_cond_t * condition, pthread_mutex_t *mutex), (condition, mutex))
INTERPOSE(int, pthread_cond_timedwait, (pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex, const struct timespec *restrict until),
	(condition, mutex, until))
INTERPOSE(int, pthread_cond_clockwait, (pthread_cond_t * condition, pthread_mutex_t *mutex, clockid_t clock, const struct timespec *until),
	(condition, mutex, clock, until))
INTERPOSE(int, pthread_cond_signal, (pthread_cond_t * condition), (condition))
INTERPOSE(int, pthread_cond_broadcast, (pthread_cond_t * condition), (condition))
INTERPOSE(int, pthread_cond_destroy, (pthread_cond_t * condition), (condition))

INTERPOSE(int, pthread_create, (pthread_t *restrict thread, const pthread_attr_t *restrict attributes, void *(*routine)(void *), void *restrict argument),
	  (thread, attributes, routine, argument))
INTERPOSE(int, pthread_sigmask, (int how, const sigset_t *restrict set, sigset_t *restrict old), (how, set, old))
INTERPOSE(int, sigprocmask, (int how, const sigset_t *restrict set, sigset_t *restrict old), (how, set, old))
INTERPOSE(int, sigwait, (const sigset_t *restrict set, int *restrict signal), (set, signal))
INTERPOSE(int, sigwaitinfo, (const sigset_t *restrict set, siginfo_t *restrict info), (set, info))
INTERPOSE(int, sigtimedwait, (const sigset_t *restrict set, siginfo_t *restrict info, const struct timespec *restrict limit), (set, info, limit))
INTERPOSE(int, swapcontext, (ucontext_t *restrict from, const ucontext_t *restrict to), (from, to))

exported __attribute__((weak)) long upstare_i_syscall(long number, ...) __asm__("syscall");
long upstare_i_syscall(long number, ...)
{
	UPSTARE_TAKE(6, number);
	return upstare_library_syscall(number, a);
}

INTERPOSE(int, nanosleep, (const struct timespec *time, struct timespec *rest), (time, rest))
INTERPOSE(int, clock_nanosleep, (clockid_t clock, int flags, const struct timespec *time, struct timespec *rest),
	  (clock, flags, time, rest))
INTERPOSE(unsigned, sleep, (unsigned seconds), (seconds))
INTERPOSE(int, usleep, (useconds_t us), (us))
