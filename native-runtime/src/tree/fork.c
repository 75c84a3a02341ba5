/*
 * The calls by which processes begin, become another program, and end.
 *
 * A kick is lethal where it meets an exec: the new program has no handler. So no process is kicked that does not run the
 * program's code (a library's child may exec at any moment), and around an exec of the program's stands a gate.
 */
#include "../blocking/blocking.h"
#include "tree.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../control/control.h"
#include "../control/doorbell.h"
#include "../control/sys.h"

/* ---- beginning ---- */

static pid_t settle(pid_t pid)
{
	if (pid == 0) {
		if (upstare_tree.board && upstare_tree.slot)
			upstare_own_slot()->settled = 1;
		return 0;
	}
	int error = errno;
	upstare_after_fork(pid);
	errno = error;
	return pid;
}

/* A new process would not know of an update that is under way here: a thread that is about to fork parks first. */
static bool parked_before_fork(const struct upstare_function *descriptor, struct upstare_call *c)
{
	return (__atomic_load_n(&upstare_want, __ATOMIC_ACQUIRE) & UPSTARE_WANT_UPDATE) && upstare_call_parked(c, descriptor);
}

UPSTARE_CALL(fork, upstare_resume_fork);
exported pid_t upstare_w_fork(void)
{
	struct upstare_call c = {.number = SYS_fork};
	if (upstare_off)
		return fork();
	if (upstare_tree_orphaned())
		upstare_tree_lead();
	upstare_tree_hold();
	if (parked_before_fork(&upstare_w_d_fork, &c))
		return 0;
	return settle(fork());
}

hidden long upstare_resume_fork(void);
long upstare_resume_fork(void)
{
	struct upstare_call c;
	upstare_call_resumed(&c);
	return settle(fork());
}

/* glibc's daemon forks once and ends the parent: who comes back is the program from here on. */
exported int upstare_w_daemon(int nochdir, int noclose)
{
	int result = daemon(nochdir, noclose);
	if (result == 0 && !upstare_off) {
		settle(0);
		upstare_tree_lead();
	}
	return result;
}

struct start {
	int (*function)(void *);
	void *argument;
	char *stack;
};

/* What the child may be taken to have of the stack that it was given. */
#define CLONE_STACK 32768

static int clone_child(void *argument)
{
	struct start s = *(struct start *)argument;
	struct upstare_thread *t = upstare_self;
	upstare_in_child(true);
	settle(0);
	if (!t)
		return s.function(s.argument);
	t->own = (struct upstare_stack){.low = s.stack - CLONE_STACK, .high = s.stack};
	t->base_sp = NULL;
	memset(&t->base_marks, 0, sizeof(t->base_marks));
	t->oldest = NULL;
	return (int)upstare_base_call((void *)(uintptr_t)s.function, (long)s.argument, 0, 0);
}

exported int upstare_w_clone(int (*function)(void *), void *stack, int flags, void *argument, ...)
{
	va_list rest;
	va_start(rest, argument);
	pid_t *parent = va_arg(rest, pid_t *);
	void *tls = va_arg(rest, void *);
	pid_t *child = va_arg(rest, pid_t *);
	va_end(rest);
	if (upstare_off || (flags & CLONE_VM) || !stack)
		return clone(function, stack, flags, argument, parent, tls, child);
	struct start s = {function, argument, stack};
	upstare_tree_hold();
	upstare_before_fork();
	int pid = clone(clone_child, stack, flags, &s, parent, tls, child);
	int error = errno;
	upstare_after_fork(0);
	errno = error;
	return settle(pid);
}

static long bare_clone(const long *a)
{
	upstare_tree_hold();
	upstare_before_fork();
	long pid = upstare_sys(SYS_clone, a[0], a[1], a[2], a[3], a[4]);
	if (pid == 0)
		upstare_in_child(true);
	else
		upstare_after_fork(0);
	return settle((pid_t)pid);
}

/* ---- becoming another program ---- */

enum { GATE_OPEN, GATE_KICKING, GATE_LEAVING };
/* A kick takes microseconds; whoever holds the gate longer has died there, or is no friend. */
#define GATE_PATIENCE 1000

static void leave(void)
{
	if (upstare_raw_getpid() != upstare_pid)
		return;
	upstare_doorbell_mute();
	struct upstare_slot *s = upstare_tree.board ? upstare_own_slot() : NULL;
	for (int i = 0; s && i < GATE_PATIENCE; i++) {
		uint32_t open = GATE_OPEN;
		if (__atomic_compare_exchange_n(&s->gate, &open, GATE_LEAVING, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED) ||
		    open == GATE_LEAVING)
			break;
		upstare_sys(SYS_sched_yield);
	}
	/* A kick that came before is pending by now, and is delivered when a system call returns. */
	upstare_sys(SYS_getppid);
}

static int stay(int result)
{
	int error = errno;
	if (upstare_raw_getpid() == upstare_pid) {
		if (upstare_tree.board)
			__atomic_store_n(&upstare_own_slot()->gate, GATE_OPEN, __ATOMIC_RELEASE);
		upstare_doorbell_unmute();
	}
	errno = error;
	return result;
}

bool upstare_tree_kick(struct upstare_slot *s, int pid)
{
	uint32_t open = GATE_OPEN;
	if (upstare_self_pipe || pid <= 1 || !s->settled || upstare_slot_gone(s) ||
	    !__atomic_compare_exchange_n(&s->gate, &open, GATE_KICKING, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return false;
	/* An exec between the look at the slot and the gate. */
	bool done = !upstare_slot_gone(s) && upstare_sys(SYS_kill, pid, UPSTARE_KICK_SIGNAL) == 0;
	__atomic_store_n(&s->gate, GATE_OPEN, __ATOMIC_RELEASE);
	return done;
}

exported int upstare_w_execve(const char *path, char *const argv[], char *const envp[])
{
	leave();
	return stay(execve(path, argv, envp));
}

exported int upstare_w_execv(const char *path, char *const argv[])
{
	leave();
	return stay(execv(path, argv));
}

exported int upstare_w_execvp(const char *file, char *const argv[])
{
	leave();
	return stay(execvp(file, argv));
}

exported int upstare_w_execvpe(const char *file, char *const argv[], char *const envp[])
{
	leave();
	return stay(execvpe(file, argv, envp));
}

exported int upstare_w_fexecve(int fd, char *const argv[], char *const envp[])
{
	leave();
	return stay(fexecve(fd, argv, envp));
}

exported int upstare_w_execveat(int fd, const char *path, char *const argv[], char *const envp[], int flags)
{
	leave();
	return stay(execveat(fd, path, argv, envp, flags));
}

static int count(va_list arguments)
{
	int n = 1;
	while (va_arg(arguments, char *))
		n++;
	return n;
}

/* argv from the arguments of execl and its like; what follows the NULL is left in rest. */
#define COLLECT(FIRST)                                                                                                 \
	va_list again, rest;                                                                                           \
	va_start(again, FIRST);                                                                                        \
	int n = FIRST ? count(again) : 0;                                                                                        \
	va_end(again);                                                                                                 \
	char *argv[n + 1];                                                                                             \
	va_start(rest, FIRST);                                                                                         \
	argv[0] = (char *)FIRST;                                                                                       \
	for (int i = 1; i <= n; i++)                                                                                   \
		argv[i] = va_arg(rest, char *);

exported int upstare_w_execl(const char *path, const char *first, ...)
{
	COLLECT(first)
	va_end(rest);
	return upstare_w_execv(path, argv);
}

exported int upstare_w_execlp(const char *file, const char *first, ...)
{
	COLLECT(first)
	va_end(rest);
	return upstare_w_execvp(file, argv);
}

exported int upstare_w_execle(const char *path, const char *first, ...)
{
	COLLECT(first)
	char *const *envp = va_arg(rest, char *const *);
	va_end(rest);
	return upstare_w_execve(path, argv, envp);
}

/* ---- ending ---- */

void upstare_tree_bequeath(void)
{
	struct upstare_board *b = upstare_tree.board;
	if (!b || !upstare_tree.parent || (!upstare_tree.leads && !upstare_tree.slot) || upstare_raw_getpid() != upstare_pid)
		return;
	__atomic_store_n(&upstare_own_slot()->ended, 1, __ATOMIC_SEQ_CST);
	if (!upstare_slot_over(&b->slots[0]))
		return;
	uint32_t n = b->high < UPSTARE_SLOTS ? b->high : UPSTARE_SLOTS;
	for (uint32_t i = 1; i < n; i++) {
		struct upstare_slot *s = &b->slots[i];
		/* Our own child, not waited for: its number cannot be another's. One that is not yet up will notice by itself. */
		if (__atomic_load_n(&s->state, __ATOMIC_ACQUIRE) == UPSTARE_SLOT_LIVE && s->parent == upstare_tree.slot &&
		    !upstare_slot_gone(s))
			upstare_tree_kick(s, s->birth & 0xffffffff ? (int)(s->birth & 0xffffffff) : s->pid);
	}
}

exported void upstare_w__exit(int status) __attribute__((noreturn));
void upstare_w__exit(int status)
{
	upstare_tree_bequeath();
	/* Not libc's, whose name each child would look up. */
	for (;;)
		upstare_sys(SYS_exit_group, status);
}

exported void upstare_w__Exit(int status) __attribute__((noreturn));
void upstare_w__Exit(int status)
{
	upstare_w__exit(status);
}

/* ---- the calls above, in their bare form ---- */

exported long upstare_w_syscall(long number, ...)
{
	UPSTARE_TAKE(6, number);
	long result;
	bool exec = number == SYS_execve || number == SYS_execveat;
	if (upstare_bare_call_waits(number, a))
		return upstare_bare_call(number, a);
	if (!upstare_off && (number == SYS_fork || (number == SYS_clone && !(a[0] & CLONE_VM) && !a[1]))) {
		long plain[5] = {17 /* SIGCHLD */};
		result = bare_clone(number == SYS_fork ? plain : a);
	} else {
		upstare_before_call(number, a[0]);
		if (exec)
			leave();
		else if (number == SYS_exit_group)
			upstare_tree_bequeath();
		result = upstare_sys(number, a[0], a[1], a[2], a[3], a[4], a[5]);
		if (exec)
			stay(0);
	}
	return upstare_result(result);
}
