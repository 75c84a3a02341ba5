/*
 * 1.1.3 -> 1.2.0: a port is a number, was two bytes; there are two logs, was one; the listener has passed the place where the
 * size of addresses is set, which its tables are hashed by, and where the handler of SIGCHLD becomes a plain one again.
 */
#include "patch.h"

extern void vsf_sysutil_install_async_sighandler(int sig, void (*handler)(void));

int user_frame_handle_port(const struct old_frame_handle_port *o, struct new_frame_handle_port *n, struct upstare_context *ctx)
{
	(void)ctx;
	n->the_port = (unsigned short)((*o->the_port).data[0] << 8 | (*o->the_port).data[1]);
	return 0;
}

void user_type_vsf_session(const struct old_vsf_session *o, struct new_vsf_session *n, struct upstare_context *ctx)
{
	(void)ctx;
	*(new_tunable_xferlog_std_format ? &n->xferlog_fd : &n->vsftpd_log_fd) = o->log_fd;
}

int user_frame_vsf_standalone_main(const struct old_frame_vsf_standalone_main *o,
				   struct new_frame_vsf_standalone_main *n, struct upstare_context *ctx)
{
	(void)o, (void)n, (void)ctx;
	new_s_ipaddr_size = 4; /* of the tables that there are */
	return 0;
}

/* Only the listener has set it. 3: kVSFSysUtilSigCHLD. */
void user_after(struct upstare_context *ctx)
{
	(void)ctx;
	if (new_s_ipaddr_size)
		vsf_sysutil_install_async_sighandler(3, (void (*)(void))new_handle_sigchld);
}
