/*
 * Calls that block, made so that an update can take a thread out of them. Such a call is the innermost frame of its stack;
 * its record is struct upstare_call, its "clone" goes on where the call was broken off.
 */
#ifndef UPSTARE_BLOCKING_H
#define UPSTARE_BLOCKING_H

#include "../internal.h"

#define UPSTARE_ABORTED (-5000L)

struct upstare_call {
	struct __up_header header;
	long number;      /* of the system call */
	long arguments[6];
	long done;        /* bytes that have been moved */
	long aborted;     /* it has been broken off at least once */
	int64_t deadline; /* CLOCK_MONOTONIC unless the call says otherwise; -1: none */
	long extra[2];
} __attribute__((aligned(16)));

hidden long upstare_stub(long number, long a, long b, long c, long d, long e, long f);

/*
 * The system call of c with its present arguments, as a cancellation point. UPSTARE_ABORTED: broken off for an update, or not
 * begun. Where this thread cannot park, it blocks plainly. Else what the kernel returned, -errno for errors.
 */
hidden long upstare_blocking(struct upstare_call *c);
/* After UPSTARE_ABORTED. True: the stack is being unrolled, the record of c is written; return at once. */
hidden bool upstare_call_parked(struct upstare_call *c, const struct upstare_function *descriptor);
/* In a resume clone: takes the record back and waits until all threads may go on. */
hidden void upstare_call_resumed(struct upstare_call *c);
/* errno and -1 for -errno. */
hidden long upstare_result(long r);

/*
 * Descriptor of a wrapped call, upstare_w_d_NAME, whose resume clone is RESUME. One point without a table: the record of a
 * runtime call is copied as it is.
 */
#define UPSTARE_CALL(NAME, RESUME)                                                                                     \
	extern hidden const struct upstare_function upstare_w_d_##NAME;                                                \
	__asm__(".pushsection .rodata.upstare,\"a\",@progbits\n\t.balign 4\n\t.globl upstare_w_d_" #NAME               \
		"\n\t.hidden upstare_w_d_" #NAME "\nupstare_w_d_" #NAME ":\n\t.long 8f-.\n\t.long 8f-.\n\t.long 9f-.\n\t.long 0\n\t"  \
		".long " #RESUME "-.\n\t.long 0\n\t.long 0\n\t.long 0\n\t.long 0\n\t.long 1\n"                             \
		"8:\t.asciz \"" #NAME "\"\n9:\t.asciz \"(upstare runtime)\"\n\t.popsection")

#endif
