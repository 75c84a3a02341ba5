/*
 * A net under the code that a patch brings for an update: its transformers, and what the user has it do before and after. Until the
 * update is decided nothing of the old version has been written to, so code that crashes there is left, and the update undone. So it is where the
 * code waits for a lock that a stopped thread holds, and where it comes to no end. It is not left where it may hold a lock of a library itself:
 * the program could wait for that for ever.
 */
#include "internal.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unwind.h>

#include "blocking/blocking.h"
#include "control/sys.h"
#include "tree/tree.h"

static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
#define CRASHES (sizeof(crashes) / sizeof(crashes[0]))

/* How often it is looked at; how many looks may find it waiting for one lock; how long it may take where the update's timeout is shorter. */
#define LOOK_NS 250000000
#define PATIENT_LOOKS 4
#define PATIENCE_NS 10000000000u

#define SA_RESTORER 0x04000000

static struct {
	bool hung; /* somewhere below is where to go on */
	bool spread;
	void *place[5]; /* for __builtin_longjmp */
	int tid;
	uint64_t mask; /* the thread's */
	struct upstare_action before[CRASHES];
	bool sent[CRASHES]; /* by somebody else, meanwhile */
	bool looking;
	int timer;
	uintptr_t sp; /* at the last look, if it waited for a lock */
	unsigned waiting;
	uint64_t until;
	char why[160];
} net;

static void leave(void) __attribute__((noreturn));
static void leave(void)
{
	__builtin_longjmp(net.place, 1);
}

/* ---- crashes ---- */

struct walk {
	bool above; /* the handler's frames */
	unsigned library;
	uintptr_t outermost; /* of the library's */
	bool found;
};

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *argument)
{
	struct walk *w = argument;
	int interrupted = 0;
	uintptr_t pc = _Unwind_GetIPInfo(context, &interrupted);
	if (interrupted)
		w->above = false;
	if (w->above)
		return _URC_NO_REASON;
	w->found = upstare_in_program(pc);
	if (w->found)
		return _URC_NORMAL_STOP;
	w->library++;
	w->outermost = pc - !interrupted;
	return _URC_NO_REASON;
}

static bool ends_on_purpose(uintptr_t pc)
{
	const char *symbol = NULL, *file;
	return upstare_symbol_at(pc, &symbol, &file) && symbol && (strcmp(symbol, "abort") == 0 || strcmp(symbol, "__assert_fail") == 0);
}

/* A library's function that is called straight from the program and has crashed by itself (strlen) is taken to hold no lock. */
static bool may_be_left(int signal)
{
	struct walk w = {.above = true};
	_Unwind_Backtrace(step, &w);
	return w.found && (signal == SIGABRT ? w.library > 0 && ends_on_purpose(w.outermost) : w.library <= 1);
}

static void crashed(int signal, siginfo_t *info, void *context)
{
	const ucontext_t *c = context;
	unsigned i = 0;
	while (crashes[i] != signal)
		i++;
	bool raised = info->si_code == SI_TKILL && info->si_pid == upstare_pid;
	if (info->si_code <= 0 && !(raised && signal == SIGABRT)) {
		net.sent[i] = true;
		return;
	}
	if (upstare_sys(SYS_gettid) == net.tid && may_be_left(signal)) {
		const char *symbol = NULL, *file = NULL;
		uintptr_t pc = (uintptr_t)c->uc_mcontext.gregs[REG_RIP];
		if (!upstare_symbol_at(pc, &symbol, &file) || !symbol)
			symbol = "a function without a name";
		snprintf(net.why, sizeof(net.why), "a function of the patch has crashed: SIG%s in %s", sigabbrev_np(signal), symbol);
		leave();
	}
	/* As without a net: the instruction is made again, or abort goes on. */
	upstare_sys(SYS_rt_sigaction, signal, &net.before[i], 0, 8);
}

/* ---- what does not end ---- */

/* In libc's lll_lock, which all of its locks and pthread_mutex_lock come to (sysdeps/nptl/lowlevellock.h): the futex is 2 while somebody waits. */
static bool waits_for_lock(const greg_t *r)
{
	const unsigned char *pc = (const unsigned char *)r[REG_RIP];
	bool ended = r[REG_RAX] == -EINTR && pc[-2] == 0x0f && pc[-1] == 0x05;
	bool again = r[REG_RAX] == SYS_futex && pc[0] == 0x0f && pc[1] == 0x05;
	return (ended || again) && (r[REG_RSI] & ~(greg_t)FUTEX_PRIVATE_FLAG) == FUTEX_WAIT && r[REG_RDX] == 2 && !r[REG_R10];
}

bool upstare_net_look(const siginfo_t *info, const void *context)
{
	const greg_t *r = ((const ucontext_t *)context)->uc_mcontext.gregs;
	if (!net.spread || upstare_sys(SYS_gettid) != net.tid)
		return false;
	if (info->si_code != SI_TIMER)
		return true;
	uintptr_t sp = waits_for_lock(r) ? (uintptr_t)r[REG_RSP] : 0;
	net.waiting = sp && sp == net.sp ? net.waiting + 1 : 0;
	net.sp = sp;
	if (net.waiting >= PATIENT_LOOKS) {
		snprintf(net.why, sizeof(net.why), "a function of the patch waits for a lock that a stopped thread holds");
		leave();
	}
	if (upstare_now() >= net.until && upstare_in_program((uintptr_t)r[REG_RIP])) {
		snprintf(net.why, sizeof(net.why), "a function of the patch does not come to its end");
		leave();
	}
	return true;
}

/* ---- the net ---- */

void upstare_net_spread(const struct upstare_context *c)
{
	uint64_t patience = upstare_now() + PATIENCE_NS;
	struct upstare_action catch = {(uintptr_t)crashed, SA_SIGINFO | SA_RESTORER, upstare_restorer_restarting, UINT64_MAX};
	struct itimerspec every = {{0, LOOK_NS}, {0, LOOK_NS}};
	struct sigevent event;
	uint64_t wanted = upstare_self_pipe ? 0 : (uint64_t)1 << (UPSTARE_KICK_SIGNAL - 1);
	/* In a system call filter, or where signals are the program's alone, nobody looks. */
	bool look = wanted && !upstare_confined && !upstare_filtered;
	if (!net.hung || net.spread)
		return;
	net.tid = (int)upstare_sys(SYS_gettid);
	net.waiting = 0;
	net.sp = 0;
	net.until = c->deadline > patience ? c->deadline : patience;
	for (unsigned i = 0; i < CRASHES; i++) {
		net.sent[i] = false;
		wanted |= (uint64_t)1 << (crashes[i] - 1);
		upstare_sys(SYS_rt_sigaction, crashes[i], &catch, &net.before[i], 8);
	}
	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_THREAD_ID;
	event.sigev_signo = UPSTARE_KICK_SIGNAL;
	event._sigev_un._tid = net.tid;
	net.looking = look && upstare_sys(SYS_timer_create, CLOCK_MONOTONIC, &event, &net.timer) == 0;
	if (net.looking)
		upstare_sys(SYS_timer_settime, net.timer, 0, &every, 0);
	net.spread = true;
	upstare_sys(SYS_rt_sigprocmask, SIG_UNBLOCK, &wanted, &net.mask, sizeof(wanted));
}

static void gather(void)
{
	if (!net.spread)
		return;
	upstare_sys(SYS_rt_sigprocmask, SIG_SETMASK, &net.mask, 0, sizeof(net.mask));
	if (net.looking)
		upstare_sys(SYS_timer_delete, net.timer);
	for (unsigned i = 0; i < CRASHES; i++)
		upstare_sys(SYS_rt_sigaction, crashes[i], &net.before[i], 0, 8);
	net.spread = false;
	for (unsigned i = 0; i < CRASHES; i++)
		if (net.sent[i] && (upstare_confined || upstare_filtered)) /* where kill may not be allowed */
			upstare_sys(SYS_tgkill, upstare_pid, upstare_pid, crashes[i]);
		else if (net.sent[i])
			upstare_sys(SYS_kill, upstare_pid, crashes[i]);
}

__attribute__((noinline)) int upstare_net_run(struct upstare_context *c, int (*function)(struct upstare_context *))
{
	int result = -1;
	if (__builtin_setjmp(net.place)) {
		c->why = net.why;
		c->function = c->frame ? c->frame->old->function : NULL;
		c->line = c->function ? c->function->line : 0;
	} else {
		net.hung = true;
		result = function(c);
	}
	net.hung = false;
	gather();
	return result;
}
