/* The program's signal masks: the kick's signal stays unblocked, or a thread that blocks could not be woken. */
#include "../internal.h"

static const sigset_t *without_kick(const sigset_t *set, sigset_t *copy)
{
	if (!set || !sigismember(set, UPSTARE_KICK_SIGNAL))
		return set;
	*copy = *set;
	sigdelset(copy, UPSTARE_KICK_SIGNAL);
	return copy;
}

exported int upstare_w_sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	sigset_t copy;
	return sigprocmask(how, how == SIG_UNBLOCK ? set : without_kick(set, &copy), old);
}

exported int upstare_w_pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	sigset_t copy;
	return pthread_sigmask(how, how == SIG_UNBLOCK ? set : without_kick(set, &copy), old);
}
