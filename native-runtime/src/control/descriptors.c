#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "channel.h"
#include "sys.h"

/*
 * A thread that has a descriptor table of its own would be out of the program's way altogether, but then the user's code in
 * a patch, which runs on this thread, could not open or close a descriptor of the program.
 */
int upstare_high_descriptor(int fd)
{
	struct rlimit limit;
	long from, moved;

	if (fd < 0 || upstare_sys(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &limit))
		return fd;
	/* No higher: each fork copies the table up to the highest number, 0.1 us more at 200, 1.6 us at 1000. */
	from = limit.rlim_cur < 256 ? (long)limit.rlim_cur : 256;
	from = from > 128 ? from - 64 : from / 2;
	moved = upstare_sys(SYS_fcntl, fd, F_DUPFD_CLOEXEC, from);
	if (moved < 0)
		return fd;
	upstare_sys(SYS_close, fd);
	return (int)moved;
}

unsigned long long upstare_descriptor_identity(int fd)
{
	struct stat st;

	return upstare_sys(SYS_fstat, fd, &st) ? 0 : st.st_ino;
}
