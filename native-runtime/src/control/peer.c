#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"
#include "sys.h"

/*
 * The rule of ptrace(2), since an update is as powerful as a debugger: root, or the user whose identity the whole process
 * has (real, effective, saved), unless the process has made itself unreadable (after setuid, or by PR_SET_DUMPABLE).
 */
bool upstare_peer_permitted(int fd)
{
	struct ucred peer;
	int length = sizeof(peer);
	uid_t real, effective, saved;
	gid_t rgid, egid, sgid;

	if (upstare_sys(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) || length != sizeof(peer))
		return false;
	if (peer.uid == 0)
		return true;
	if (upstare_sys(SYS_getresuid, &real, &effective, &saved) || upstare_sys(SYS_getresgid, &rgid, &egid, &sgid))
		return false;
	return peer.uid == real && peer.uid == effective && peer.uid == saved && peer.gid == rgid && peer.gid == egid &&
	       peer.gid == sgid && upstare_sys(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0) == 1;
}
