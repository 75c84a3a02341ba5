#include "procfs.h"

#include "../internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../control/sys.h"

static bool read_file(int pid, const char *file, char *text, size_t size)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	int fd = (int)upstare_sys(SYS_open, path, O_RDONLY | O_CLOEXEC, 0);
	long n = fd < 0 ? -1 : upstare_sys(SYS_read, fd, text, size - 1);
	if (fd >= 0)
		upstare_sys(SYS_close, fd);
	text[n > 0 ? n : 0] = 0;
	return n > 0;
}

/* The number at a place, behind which that place is left; 0 where there is none. */
static unsigned long long take_number(const char **at, int base)
{
	unsigned long long value = 0;
	for (; **at == ' ' || **at == '\t'; ++*at)
		;
	for (;; ++*at) {
		char c = **at;
		int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
		if (digit >= base)
			return value;
		value = value * (unsigned)base + (unsigned)digit;
	}
}

/* What stands behind a name. */
static const char *values(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	return at ? at + strlen(name) : "";
}

static unsigned long long number(const char *text, const char *name, int base)
{
	const char *at = values(text, name);
	return take_number(&at, base);
}

static bool same_program(int pid)
{
	struct stat own, other;
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (upstare_sys(SYS_stat, "/proc/self/exe", &own))
		return false;
	/* Where we may not look, we may not harm either: only root may signal anybody, and root may look. */
	if (upstare_sys(SYS_stat, path, &other))
		return upstare_sys(SYS_geteuid) != 0;
	return own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

bool upstare_process_read(int pid, struct upstare_process *p)
{
	char text[4096];
	siginfo_t info;
	memset(p, 0, sizeof(*p));
	p->inner_pid = pid;
	if (!read_file(pid, "status", text, sizeof(text))) {
		if (upstare_sys(SYS_kill, pid, 0) == -3 /* ESRCH */)
			return false;
		/* No /proc here (any more). A child of our own that we have not waited for is what we forked. */
		p->filtered = true;
		p->catches_kick = p->same_program =
			upstare_sys(SYS_waitid, P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT, 0) == 0;
		return true;
	}
	const char *state = strstr(text, "\nState:");
	p->state = state ? state[8] : 0;
	p->parent = (int)number(text, "\nPPid:", 10);
	const char *at = values(text, "\nUid:");
	p->uid = (int)take_number(&at, 10);
	p->effective_uid = (int)take_number(&at, 10);
	p->catches_kick = number(text, "\nSigCgt:", 16) >> (UPSTARE_KICK_SIGNAL - 1) & 1;
	p->filtered = number(text, "\nSeccomp:", 10) == 2;
	p->same_program = same_program(pid);
	for (at = values(text, "\nNSpid:"); *at == ' ' || *at == '\t';)
		p->inner_pid = (int)take_number(&at, 10);
	return true;
}

bool upstare_process_may_signal_us(int pid)
{
	struct upstare_process p;
	int real, effective, saved;
	if (!upstare_process_read(pid, &p) || !p.state)
		return true;
	upstare_sys(SYS_getresuid, &real, &effective, &saved);
	return p.effective_uid == 0 || p.effective_uid == real || p.effective_uid == saved || p.uid == real || p.uid == saved;
}

int upstare_process_child(int pid, int inner)
{
	char text[4096], file[48];
	struct upstare_process p;
	snprintf(file, sizeof(file), "task/%d/children", pid);
	if (!read_file(pid, file, text, sizeof(text)))
		return 0;
	for (const char *at = text; *at >= '0' && *at <= '9';) {
		int child = (int)take_number(&at, 10);
		for (; *at == ' '; at++)
			;
		if (upstare_process_read(child, &p) && p.inner_pid == inner)
			return child;
	}
	return 0;
}
