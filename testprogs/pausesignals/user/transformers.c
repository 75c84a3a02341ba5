/* Sends each of the signals in the middle of the pause. */
#include "patch.h"

extern int kill(int pid, int signal);
extern int getpid(void);

int user_before(struct upstare_context *ctx)
{
	(void)ctx;
	return kill(getpid(), 10) || kill(getpid(), 12) || kill(getpid(), 1) || kill(getpid(), 14);
}
