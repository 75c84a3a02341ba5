/*
 * long upstare_stub(long number, a, b, c, d, e, f): a system call that is not begun, or is broken off, while an update is
 * wanted: UPSTARE_ABORTED then (blocking.h), and nothing has happened. Between begin and end stand the test of the flag and
 * the system call; the kick's handler (kick.c) moves a program counter that it finds there to the abort label. So it is if a handler
 * has come (upstare_cut.came) before a call that was broken off is made again. The nop tells a call that a handler has ended (restorer.S).
 *
 * upstare_stub_unchecked: the same without the test, for a thread that could not be updated where it stands now, but may be
 * for the next update.
 *
 * upstare_in_stub is put back as it was: the call may stand in a signal handler that interrupted another stub.
 */
#define CAME 2 /* offsetof(union upstare_cut, came) */

	.macro	STUB name
	.globl	\name
	.hidden	\name
	.type	\name, @function
\name:
	.cfi_startproc
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	movq	%r8, %r10
	movq	%r9, %r8
	movq	8(%rsp), %r9
	movl	%fs:upstare_in_stub@tpoff, %ecx
	pushq	%rcx
	.cfi_adjust_cfa_offset 8
	movl	$1, %fs:upstare_in_stub@tpoff
	.endm

	.section .text.upstare_stub, "ax", @progbits
	STUB	upstare_stub_unchecked
	jmp	.Lcall
	.cfi_endproc
	.size	upstare_stub_unchecked, .-upstare_stub_unchecked

	STUB	upstare_stub
.Lbegin:
	testb	$1, upstare_want(%rip)
	jne	.Labort
.Lcall:
	cmpb	$0, %fs:upstare_cut@tpoff + CAME
	jne	.Labort
	syscall
.Lend:
	nop
	popq	%rcx
	.cfi_remember_state
	.cfi_adjust_cfa_offset -8
	movl	%ecx, %fs:upstare_in_stub@tpoff
	ret
	.cfi_restore_state
.Labort:
	movq	$-5000, %rax
	jmp	.Lend
	.cfi_endproc
	.size	upstare_stub, .-upstare_stub

	/* struct upstare_stub_place */
	.section upstare_places, "a", @progbits
	.balign	4
	.long	.Lbegin-., .Lend-., .Labort-.
	.section .note.GNU-stack,"",@progbits
