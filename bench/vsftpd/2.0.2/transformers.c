/*
 * 2.0.1 -> 2.0.2: five loops around a call that may be interrupted go by an error that is kept from before the pending
 * actions, not by errno. A frame that is in those has passed the place where it is kept: the call is made again, and
 * says it again.
 */
#include "patch.h"
#include <errno.h>

int user_frame_vsf_sysutil_lock_file(const struct old_frame_vsf_sysutil_lock_file *o,
				     struct new_frame_vsf_sysutil_lock_file *n, struct upstare_context *ctx)
{
	(void)o, (void)ctx;
	n->saved_errno = EINTR;
	return 0;
}

int user_frame_vsf_sysutil_accept_timeout(const struct old_frame_vsf_sysutil_accept_timeout *o,
					  struct new_frame_vsf_sysutil_accept_timeout *n, struct upstare_context *ctx)
{
	(void)o, (void)ctx;
	n->saved_errno = EINTR;
	return 0;
}

int user_frame_vsf_sysutil_connect_timeout(const struct old_frame_vsf_sysutil_connect_timeout *o,
					   struct new_frame_vsf_sysutil_connect_timeout *n, struct upstare_context *ctx)
{
	(void)o, (void)ctx;
	n->saved_errno = EINTR;
	return 0;
}

int user_frame_vsf_sysutil_sleep(const struct old_frame_vsf_sysutil_sleep *o, struct new_frame_vsf_sysutil_sleep *n,
				 struct upstare_context *ctx)
{
	(void)o, (void)ctx;
	n->saved_errno = EINTR;
	return 0;
}

int user_frame_do_sendfile(const struct old_frame_do_sendfile *o, struct new_frame_do_sendfile *n,
			   struct upstare_context *ctx)
{
	(void)o, (void)ctx;
	n->error = 4; /* kVSFSysUtilErrINTR */
	return 0;
}
