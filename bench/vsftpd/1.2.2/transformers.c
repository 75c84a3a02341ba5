/*
 * 1.2.1 -> 1.2.2: who waits for a connection has made room for the address before, and passes the room, not a place to put a
 * pointer to it. Frames are transformed from the outermost on.
 */
#include "patch.h"

static struct new_vsf_sysutil_sockaddr *room;

int user_frame_vsf_standalone_main(const struct old_frame_vsf_standalone_main *o,
				   struct new_frame_vsf_standalone_main *n, struct upstare_context *ctx)
{
	(void)o, (void)ctx;
	new_vsf_sysutil_sockaddr_alloc(n->p_accept_addr);
	room = *n->p_accept_addr;
	return 0;
}

int user_frame_vsf_ftpdataio_get_pasv_fd(const struct old_frame_vsf_ftpdataio_get_pasv_fd *o,
					 struct new_frame_vsf_ftpdataio_get_pasv_fd *n, struct upstare_context *ctx)
{
	(void)o, (void)ctx;
	new_vsf_sysutil_sockaddr_alloc(n->p_accept_addr);
	room = *n->p_accept_addr;
	return 0;
}

int user_frame_vsf_sysutil_accept_timeout(const struct old_frame_vsf_sysutil_accept_timeout *o,
					  struct new_frame_vsf_sysutil_accept_timeout *n, struct upstare_context *ctx)
{
	(void)o, (void)ctx;
	n->p_sockaddr = room;
	return 0;
}
