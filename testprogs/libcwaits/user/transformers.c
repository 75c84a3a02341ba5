/* Sends two signals in the middle of the pause, each of which one thread takes that waits in fgets. */
#include "patch.h"

extern int kill(int pid, int signal);
extern int getpid(void);

int user_before(struct upstare_context *ctx)
{
	(void)ctx;
	return kill(getpid(), 10) || kill(getpid(), 12);
}
