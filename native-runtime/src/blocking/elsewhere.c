/*
 * Threads inside library code where no stub of ours stands: they wait in libc (fgets on a terminal, getaddrinfo, system) or in a library that
 * enters the kernel by itself, or a library computes. Nothing of the program's runs there until the library returns to a check, so such a
 * thread need not be taken out of it: the kick stops it in there for as long as the update takes (verify.c looks at its stack,
 * migrate.c brings its frames to the new version later), and it goes on.
 *
 * The kick disturbs a system call. Some the kernel makes again by itself (signal(7)); the others have ended with EINTR, and are made again
 * here, since only a signal of the program's may end them. The number of the call is gone then, but the instruction before the call
 * tells it, as in nearly all of glibc's; in syscall(2) and elsewhere the coordinator has seen it, and its arguments are still there. Where /proc cannot be
 * read, the thread is left alone.
 *
 * Who may hold a lock that the update needs, of malloc or of the dynamic linker, is not stopped, only waited for.
 */
#include "blocking.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "../control/sys.h"
#include "elsewhere.h"

bool upstare_call_waits(long number)
{
	switch (number) {
	case SYS_read:
	case SYS_readv:
	case SYS_write:
	case SYS_writev:
	case SYS_poll:
	case SYS_ppoll:
	case SYS_select:
	case SYS_pselect6:
	case SYS_epoll_wait:
	case SYS_epoll_pwait:
	case SYS_epoll_pwait2:
	case SYS_accept:
	case SYS_accept4:
	case SYS_connect:
	case SYS_recvfrom:
	case SYS_recvmsg:
	case SYS_sendto:
	case SYS_sendmsg:
	case SYS_sendfile:
	case SYS_splice:
	case SYS_wait4:
	case SYS_waitid:
	case SYS_nanosleep:
	case SYS_clock_nanosleep:
	case SYS_restart_syscall:
	case SYS_pause:
	case SYS_rt_sigsuspend:
	case SYS_futex:
	case SYS_fcntl:
	case SYS_flock:
	case SYS_semop:
	case SYS_semtimedop:
	case SYS_msgrcv:
	case SYS_msgsnd:
	case SYS_mq_timedreceive:
	case SYS_mq_timedsend:
	case SYS_io_getevents:
	case SYS_io_uring_enter:
		return true;
	default:
		return false;
	}
}

static bool is_runtime(uintptr_t pc)
{
	return pc >= (uintptr_t)upstare_text_start && pc <= (uintptr_t)upstare_text_end;
}

/* Neither the program's code nor the runtime's, which has stubs. */
static bool is_elsewhere(uintptr_t pc)
{
	return !is_runtime(pc) && !upstare_in_program(pc);
}

#define CALL_SIZE 2

static bool is_call(const unsigned char *code)
{
	return code[0] == 0x0f && code[1] == 0x05; /* syscall */
}

/* The number of the system call that ends here, by the instruction before it; -1: not told. */
static long number_of_ended(const unsigned char *pc)
{
	static const unsigned char zero[] = {0x31, 0xc0}; /* xor %eax,%eax */
	const unsigned char *call = pc - CALL_SIZE;
	int32_t number;
	/* In one page: before it there may be nothing. */
	if (((uintptr_t)pc & 4095) < CALL_SIZE + 1 + sizeof(number) || !is_call(call))
		return -1;
	if (memcmp(call - sizeof(zero), zero, sizeof(zero)) == 0)
		return 0;
	memcpy(&number, call - sizeof(number), sizeof(number));
	return call[-1 - (int)sizeof(number)] == 0xb8 && number >= 0 ? number : -1; /* mov $number,%eax */
}

/* ---- code that may hold a lock ---- */

enum { ALLOCATOR, LIBC, LINKER, OBJECTS };
static struct object {
	uintptr_t address, low, high; /* something in it; where it begins and ends */
} objects[OBJECTS];

static int find_object(struct dl_phdr_info *info, size_t size, void *argument)
{
	struct object *o = argument;
	uintptr_t low = UINTPTR_MAX, high = 0;
	bool here = false;
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + h->p_vaddr, end = start + h->p_memsz;
		if (h->p_type != PT_LOAD)
			continue;
		here |= o->address >= start && o->address < end;
		low = start < low ? start : low;
		high = end > high ? end : high;
	}
	if (here) {
		o->low = low;
		o->high = high;
	}
	return here;
}

void upstare_elsewhere_prepare(void)
{
	if (objects[LIBC].high)
		return;
	objects[ALLOCATOR].address = (uintptr_t)dlsym(RTLD_DEFAULT, "malloc");
	objects[LINKER].address = getauxval(AT_BASE);
	objects[LIBC].address = (uintptr_t)dlsym(RTLD_NEXT, "gnu_get_libc_version");
	for (int i = OBJECTS; i-- > 0;)
		dl_iterate_phdr(find_object, &objects[i]);
}

static bool is_in(uintptr_t pc, int object)
{
	return pc >= objects[object].low && pc < objects[object].high;
}

bool upstare_in_dynamic_linker(uintptr_t pc)
{
	return is_in(pc, LINKER);
}

/* A library that brings its own malloc, such as a sanitizer's, is not re-entered. */
static bool is_in_own_allocator(uintptr_t pc)
{
	return is_in(pc, ALLOCATOR) && !is_in(pc, LIBC);
}

/* Who only waits in what an allocator's library calls (a sanitizer's read) holds none of its locks. */
bool upstare_may_hold_lock(uintptr_t pc, enum upstare_kicked kicked)
{
	static const char *const libcs[] = {"malloc",	      "free", "calloc", "realloc",	 "memalign", "posix_memalign",
					    "aligned_alloc", "fork", "_Fork",  "dl_iterate_phdr"};
	const char *symbol = NULL, *file;
	if (kicked != UPSTARE_KICKED_WAITING && is_in_own_allocator(pc))
		return true;
	if (!is_in(pc, LIBC) || !upstare_symbol_at(pc, &symbol, &file) || !symbol)
		return false;
	for (size_t i = 0; i < sizeof(libcs) / sizeof(libcs[0]); i++)
		if (strcmp(symbol, libcs[i]) == 0)
			return true;
	return false;
}

/* Who computes here may hold any of them. */
static bool takes_locks(uintptr_t pc)
{
	return !objects[LIBC].high || is_in(pc, ALLOCATOR) || is_in(pc, LIBC) || is_in(pc, LINKER);
}

/* ---- the coordinator's side ---- */

/* Whether a kick may find a thread inside library code. computes: also one that is not in the kernel, and may be anywhere. */
static bool is_inside(pid_t tid, bool computes, struct upstare_kernel_call *c)
{
	c->number = -1;
	if (upstare_self_pipe || upstare_filtered)
		return false;
	char text[256];
	upstare_read_task(tid, "syscall", text, sizeof(text));
	if (computes && strncmp(text, "running", 7) == 0)
		return true;
	unsigned long *a = c->arguments;
	if (sscanf(text, "%ld %lx %lx %lx %lx %lx %lx %lx %lx", &c->number, &a[0], &a[1], &a[2], &a[3], &a[4], &a[5], &c->sp, &c->pc) != 9)
		return false;
	const unsigned char *pc = (const unsigned char *)c->pc;
	return upstare_call_waits(c->number) && is_elsewhere(c->pc) && !is_in_own_allocator(c->pc) &&
	       (number_of_ended(pc) == c->number || (c->number != SYS_restart_syscall && is_call(pc - CALL_SIZE)));
}

bool upstare_waits_elsewhere(pid_t tid)
{
	struct upstare_kernel_call c;
	return is_inside(tid, false, &c);
}

void upstare_elsewhere_kick_all(bool computes)
{
	for (struct upstare_thread *t = upstare_threads; t; t = t->next) {
		struct upstare_kernel_call c;
		if (t->state != UPSTARE_RUNNING || !upstare_tid_of(t) || !t->in_stub || __atomic_load_n(t->in_stub, __ATOMIC_ACQUIRE) ||
		    !is_inside(upstare_tid_of(t), computes, &c))
			continue;
		if (c.number >= 0)
			t->waits = c;
		upstare_sys(SYS_tgkill, upstare_pid, upstare_tid_of(t), UPSTARE_KICK_SIGNAL);
	}
}

/* ---- the thread's ---- */

/* The number of the system call that has ended here, where it is the one that the coordinator has seen; its arguments are still there. */
static long number_of_seen(const greg_t *registers)
{
	static const int places[] = {REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9};
	if (!upstare_self)
		return -1;
	struct upstare_kernel_call c = upstare_self->waits;
	for (int i = 0; i < 6; i++)
		if (c.arguments[i] != (unsigned long)registers[places[i]])
			return -1;
	return c.sp == (unsigned long)registers[REG_RSP] && c.pc == (unsigned long)registers[REG_RIP] ? c.number : -1;
}

/* Whether the thread was in a system call that waits; if the kick has ended it, it is made again. */
static bool was_waiting(greg_t *registers, bool *restarts)
{
	const unsigned char *pc = (const unsigned char *)registers[REG_RIP];
	*restarts = is_call(pc) && upstare_call_waits(registers[REG_RAX]);
	if (*restarts || registers[REG_RAX] != -EINTR)
		return *restarts;
	long number = number_of_seen(registers);
	if (number < 0)
		number = number_of_ended(pc);
	if (!upstare_call_waits(number))
		return false;
	registers[REG_RIP] -= CALL_SIZE;
	registers[REG_RAX] = number;
	return true;
}

static enum upstare_kicked kind_of(const greg_t *registers, bool waits)
{
	if (!waits)
		return UPSTARE_KICKED_COMPUTING;
	return registers[REG_RAX] == SYS_futex ? UPSTARE_KICKED_LOCKED : UPSTARE_KICKED_WAITING;
}

void upstare_elsewhere_kicked(ucontext_t *c)
{
	greg_t *registers = c->uc_mcontext.gregs;
	uintptr_t pc = (uintptr_t)registers[REG_RIP];
	bool restarts;
	int error = errno;
	/* A wait of the runtime's own in libc has its limit on the stack (upstare_wait_in_libc). */
	if ((uintptr_t)upstare_limit > (uintptr_t)registers[REG_RSP] || is_runtime(pc))
		return;
	bool waits = was_waiting(registers, &restarts);
	if (is_in_own_allocator(pc) || (!waits && takes_locks(pc)))
		return;
	/* Only then are the modules' tables at rest. */
	if ((__atomic_load_n(&upstare_want, __ATOMIC_ACQUIRE) & UPSTARE_WANT_UPDATE) && is_elsewhere(pc))
		upstare_park_elsewhere(kind_of(registers, waits));
	/* What has come meanwhile is handled before the call is made again, and could no longer end it. */
	uint64_t mask;
	memcpy(&mask, &c->uc_sigmask, sizeof(mask));
	int due = waits ? upstare_signals_due(mask) : UPSTARE_UNDISTURBED;
	if (due == UPSTARE_INTERRUPTING || (due == UPSTARE_RESTARTING && !restarts)) {
		registers[REG_RIP] += CALL_SIZE;
		registers[REG_RAX] = -EINTR;
	}
	errno = error;
}
