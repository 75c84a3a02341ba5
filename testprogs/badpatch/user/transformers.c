/* Wrong in as many ways as there are numbers. */
#include "patch.h"

extern void abort(void);
extern int pthread_mutex_lock(void *);
extern int getchar(void);

static int deep(struct upstare_context *ctx, int n)
{
	int how = *(int *)upstare_old_variable(ctx, "how");

	if (n > 0)
		return deep(ctx, n - 1) + 1;
	switch (how) {
	case 1:
		*(volatile int *)8 = 1;
		break;
	case 2:
		return (int)strlen((const char *)8);
	case 3:
		abort();
	case 4:
		return pthread_mutex_lock(upstare_old_variable(ctx, "lock"));
	case 5:
		return getchar();
	case 6:
		for (volatile int i = 1; i;)
			;
	}
	return -n;
}

int user_condition(struct upstare_context *ctx)
{
	return *(int *)upstare_old_variable(ctx, "how") == 7 ? *(volatile int *)8 : 0;
}

int user_before(struct upstare_context *ctx)
{
	return deep(ctx, 5) - 5;
}

void user_after(struct upstare_context *ctx)
{
	if (*(int *)upstare_old_variable(ctx, "how") == 8)
		*(volatile int *)8 = 1;
	if (*(int *)upstare_old_variable(ctx, "how") == 9)
		pthread_mutex_lock(upstare_old_variable(ctx, "lock"));
}
