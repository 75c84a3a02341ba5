/*
 * 1.1.1 -> 1.1.2: the listener has passed the place where its two tables are made, and waits in accept_timeout(fd, 0, 0), which
 * is now called with the address of a variable and 10 s; the handler of SIGCHLD has become one that is called between calls. The sessions that it has are its children; nobody knows their
 * addresses any more, so all are counted for 0.0.0.0.
 */
#include "patch.h"
#include <stdio.h>
#include <unistd.h>

extern void vsf_sysutil_install_sighandler(int sig, void (*handler)(void), void *p_private);

int user_frame_vsf_standalone_main(const struct old_frame_vsf_standalone_main *o,
				   struct new_frame_vsf_standalone_main *n, struct upstare_context *ctx)
{
	struct new_vsf_sysutil_ipv4addr nobody = {{0}};
	unsigned int child, count = 0;
	char name[64];
	FILE *children;

	(void)o, (void)n, (void)ctx;
	new_s_p_ip_count_hash = new_hash_alloc(256, sizeof(nobody), sizeof(count), (void (*)(void))new_hash_ip);
	new_s_p_pid_ip_hash = new_hash_alloc(256, sizeof(child), sizeof(nobody), (void (*)(void))new_hash_pid);
	snprintf(name, sizeof(name), "/proc/self/task/%d/children", getpid());
	children = fopen(name, "r");
	for (; children && fscanf(children, "%u", &child) == 1; count++)
		new_hash_add_entry(new_s_p_pid_ip_hash, &child, &nobody);
	if (children)
		fclose(children);
	if (count)
		new_hash_add_entry(new_s_p_ip_count_hash, &nobody, &count);
	return 0;
}

int user_frame_vsf_sysutil_accept_timeout(const struct old_frame_vsf_sysutil_accept_timeout *o,
					  struct new_frame_vsf_sysutil_accept_timeout *n, struct upstare_context *ctx)
{
	(void)o, (void)ctx;
	n->p_sockptr = &new_vsf_standalone_main_p_accept_addr;
	n->wait_seconds = 10;
	return 0;
}

/* Only the listener has tables. 3: kVSFSysUtilSigCHLD. */
void user_after(struct upstare_context *ctx)
{
	(void)ctx;
	if (new_s_p_pid_ip_hash)
		vsf_sysutil_install_sighandler(3, (void (*)(void))new_handle_sigchld, NULL);
}
