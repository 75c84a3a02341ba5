/*
 * Calls that block, made so that an update can take a thread out of them. Such a call is the innermost frame of its stack;
 * its record is struct upstare_call, its "clone" goes on where the call was broken off.
 */
#ifndef UPSTARE_BLOCKING_H
#define UPSTARE_BLOCKING_H

#include "../internal.h"

#include <errno.h>
#include <sys/single_threaded.h>

#include "../tree/tree.h"

#define UPSTARE_ABORTED (-5000L)

struct upstare_call {
	struct __up_header header;
	long number;      /* of the system call */
	long arguments[6];
	long done;        /* bytes that have been moved */
	bool aborted;     /* it has been broken off at least once */
	bool once;        /* the kernel never restarts it after a handler, SA_RESTART or not */
	int interrupted;  /* handlers have run since it was broken off: UPSTARE_RESTARTING, UPSTARE_INTERRUPTING */
	int64_t deadline; /* CLOCK_MONOTONIC unless the call says otherwise; -1: none */
	long extra[3];
} __attribute__((aligned(16)));

/* UPSTARE_BLOCKING=self-pipe: no signal is used (pipe/). Does not change once threads run. */
extern hidden bool upstare_self_pipe;

/*
 * Where a system call stands that a kick may break off: the test of the wish for an update, the end of the call, where a nop follows, and
 * where to go on if it is broken off before that. Offsets from each field.
 */
struct upstare_stub_place {
	int32_t begin, end, abort;
};
#define UPSTARE_STUB_PLACE(BEGIN, END, ABORT) \
	".pushsection upstare_places,\"a\",@progbits\n\t.balign 4\n\t.long " BEGIN "-., " END "-., " ABORT "-.\n\t.popsection\n\t"

hidden long upstare_stub(long number, long a, long b, long c, long d, long e, long f);
hidden long upstare_stub_unchecked(long number, long a, long b, long c, long d, long e, long f);

/*
 * The first try of a call, before there is a record: as upstare_blocking. Most calls end with it, so it has to be cheap.
 */
hidden long upstare_first(long number, const long arguments[6]);
/*
 * The stub in place, for the calls that programs make most often: after a system call the processor foresees no return, so that
 * each one costs. upstare_cut is 0 before. The place to go on at stands between, where unwind tables know it.
 */
static inline __attribute__((always_inline)) long upstare_stub_here(long number, long a, long b, long c, long d, long e, long f)
{
	uint32_t outer = upstare_in_stub;
	__atomic_store_n(&upstare_in_stub, 1, __ATOMIC_RELAXED);
	/* Last: what a sanitizer calls for the accesses above keeps no register of these. */
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	__asm__ volatile("jmp 2f\n"
			 "1:\tmovq $-5000, %%rax\n\t"
			 "jmp 3f\n"
			 "2:\ttestb $1, upstare_want(%%rip)\n\t"
			 "jne 1b\n\t"
			 "syscall\n"
			 "3:\tnop\n\t" UPSTARE_STUB_PLACE("2b", "3b", "1b")
			 : "+a"(number)
			 : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "cc", "memory");
	__atomic_store_n(&upstare_in_stub, outer, __ATOMIC_RELAXED);
	return number;
}

/* upstare_first in place: the same, without a call where nothing is out of the ordinary. */
static inline __attribute__((always_inline)) long upstare_first_here(long number, long a, long b, long c, long d, long e, long f)
{
	bool alone = __libc_single_threaded;
	int type = PTHREAD_CANCEL_DEFERRED;
	if (__builtin_expect(upstare_self_pipe || upstare_tree_orphaned() ||
				     (__atomic_load_n(&upstare_want, __ATOMIC_RELAXED) & UPSTARE_WANT_UPDATE), 0))
		return upstare_first(number, (const long[6]){a, b, c, d, e, f});
	if (!alone)
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
	upstare_cut.all = 0;
	long r = upstare_stub_here(number, a, b, c, d, e, f);
	if (!alone)
		pthread_setcanceltype(type, NULL);
	return r == -EINTR && upstare_cut.kicked ? UPSTARE_ABORTED : r;
}

/*
 * The system call of c with its present arguments, as a cancellation point. UPSTARE_ABORTED: broken off for an update, or not
 * begun. Else what the kernel returned, -errno for errors.
 */
hidden long upstare_blocking(struct upstare_call *c);
/* The same, but no cancellation point. */
hidden long upstare_blocking_uncancelled(struct upstare_call *c);
/* Whether syscall(2) makes this system call as one that an update can take a thread out of. */
hidden bool upstare_bare_call_waits(long number, const long arguments[6]);
/* Makes it. Its value is to be returned at once: the stack may be being unrolled. */
hidden long upstare_bare_call(long number, const long arguments[6]);
/* After UPSTARE_ABORTED. True: the stack is being unrolled, the record of c is written; return at once. */
hidden bool upstare_call_parked(struct upstare_call *c, const struct upstare_function *descriptor);
/* In a resume clone: takes the record back and waits until all threads may go on. */
hidden void upstare_call_resumed(struct upstare_call *c);
/*
 * The same for a call that goes on with upstare_blocking, before which no signal is handled unseen: with the pipe they stay blocked until
 * it waits or returns, else a handler that comes is noted (upstare_cut).
 */
hidden void upstare_wait_resumed(struct upstare_call *c);
/* Where such a call ends without upstare_blocking. */
hidden void upstare_wait_over(void);
/* Lets the program's signals through where a call that was broken off has left them blocked. */
hidden void upstare_unmask(void);
/* errno and -1 for -errno. */
hidden long upstare_error(long r);
static inline long upstare_result(long r)
{
	return __builtin_expect(r >= 0, 1) ? r : upstare_error(r);
}

/* upstare_want and nothing found yet that keeps this thread from parking. */
hidden bool upstare_called_for(void);

/*
 * A wait inside libc that takes a limit, for which libc has the better protocol: wait(c, clock, limit) returns ETIMEDOUT when
 * the limit has passed, and a kick makes it pass. until: the program's limit, NULL: none. Returns what wait returned;
 * UPSTARE_ABORTED: broken off.
 */
hidden long upstare_wait_in_libc(struct upstare_call *c, int (*wait)(struct upstare_call *, clockid_t, const struct timespec *),
				 clockid_t clock, const struct timespec *until);

/* c becomes a wait until *word is no longer value; until: NULL or absolute, on the clock that op's flags name. */
hidden void upstare_set_futex(struct upstare_call *c, void *word, uint32_t value, bool shared);
hidden void upstare_set_futex_limit(struct upstare_call *c, clockid_t clock, const struct timespec *until);

/* Nanoseconds on CLOCK_MONOTONIC. */
#define UPSTARE_SECOND 1000000000
hidden int64_t upstare_deadline(int64_t seconds, int64_t ns); /* that long from now; INT64_MAX: never */
hidden int64_t upstare_remaining(const struct upstare_call *c);
hidden struct timespec upstare_timespec(int64_t ns);
hidden bool upstare_valid_time(const struct timespec *);
/* Of a set of signals: as the kernel takes it, without those that are not the program's. */
hidden uint64_t upstare_kernel_set(const sigset_t *);
/* libc's own signals: cancellation, and the calls that change all threads' identity. */
#define UPSTARE_CANCELLATION ((uint64_t)1 << 31)
#define UPSTARE_IDENTITY ((uint64_t)1 << 32)
#define UPSTARE_LIBC_SIGNALS (UPSTARE_CANCELLATION | UPSTARE_IDENTITY)
/* Those and the kick's, as the kernel takes a set: none is the program's, and none has a call end that the program knows of. */
static inline uint64_t upstare_reserved_signals(void)
{
	return UPSTARE_LIBC_SIGNALS | (upstare_self_pipe ? 0 : (uint64_t)1 << (UPSTARE_KICK_SIGNAL - 1));
}

/*
 * Descriptor of a wrapped call, upstare_w_d_NAME, whose resume clone is RESUME. One point without a table: the record of a
 * runtime call is copied as it is.
 */
#define UPSTARE_CALL(NAME, RESUME)                                                                                     \
	extern hidden const struct upstare_function upstare_w_d_##NAME;                                                \
	__asm__(".pushsection .upstare.rodata,\"a\",@progbits\n\t.balign 4\n\t.globl upstare_w_d_" #NAME               \
		"\n\t.hidden upstare_w_d_" #NAME "\nupstare_w_d_" #NAME ":\n\t.long 8f-.\n\t.long 8f-.\n\t.long 9f-.\n\t.long 0\n\t"  \
		".long " #RESUME "-.\n\t.long 0\n\t.long 0\n\t.long 0\n\t.long 0\n\t.long 1\n"                             \
		"8:\t.asciz \"" #NAME "\"\n9:\t.asciz \"(upstare runtime)\"\n\t.popsection")

#endif
