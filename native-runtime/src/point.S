/*
 * upstare_point: reached by a jump from a cold exit (prelude.h, __UP_LEAVE). r11: the exit's entry in upstare_points, which
 * gives the unwinder the frame's place; r10: the return place; rsp: the program's, under which nothing may be written. Comes back with the zero flag set where
 * the program is to go on; clear where the thread is unrolling: then r11 is the frame record, with its header filled in.
 * Every register but r10 and r11 is kept, with the vector and x87 state.
 *
 * saved_sp is non-zero while the runtime is on the control stack. A signal handler that comes in between then finds that it
 * stands below that stack pointer, and goes on; after a longjmp out of such a handler rsp is above it, and the mark is stale.
 */
#define UNROLLING 0
#define AFTER 4
#define TOP 8
#define CONTROL_SP 16
#define SAVED_SP 24
#define SCRATCH 32
#define WANT_UPDATE 1
#define WANT_COUNT 2
#define WANT_STALE 4
#define RECORD_SIZE 24 /* in struct upstare_function */

	.text
	.globl	upstare_point
	.type	upstare_point, @function
	.p2align 4
upstare_point:
	.cfi_startproc
	.cfi_def_cfa rsp, 0
	/* rip is r11 + *(int32_t *)r11. */
	.cfi_escape 0x16, 16, 12, 0x7b, 0, 0x12, 0x94, 4, 0x08, 32, 0x24, 0x08, 32, 0x26, 0x22
	.cfi_remember_state
	cmpb	$0, %fs:upstare_tls@tpoff+UNROLLING
	jne	.Lrecord
	cmpb	$0, upstare_want(%rip)
	je	.Lno
	cmpq	$0, %fs:upstare_tls@tpoff+CONTROL_SP
	je	.Lno
	cmpq	%rsp, %fs:upstare_tls@tpoff+SAVED_SP
	ja	.Lno
	testb	$WANT_COUNT, upstare_want(%rip)
	je	.Lenter
	lock incq upstare_run_stats+16(%rip)
	lock decq upstare_run_left(%rip)
	jle	.Lenter
	testb	$(WANT_UPDATE | WANT_STALE), upstare_want(%rip)
	jne	.Lenter
.Lno:
	cmpl	%eax, %eax
	jmp	*%r10

	/* The header of the record; no signal comes in while the thread unrolls, so the scratch word is safe. */
.Lrecord:
	movq	%rax, %fs:upstare_tls@tpoff+SCRATCH
	movq	%fs:upstare_tls@tpoff+TOP, %rax
	movq	%r10, 8(%rax)
	movslq	4(%r11), %r10
	leaq	4(%r11,%r10), %r10
	movq	%r10, (%rax)
	movl	RECORD_SIZE(%r10), %r10d
	addq	%r10, %fs:upstare_tls@tpoff+TOP
	movl	8(%r11), %r11d
	orl	%fs:upstare_tls@tpoff+AFTER, %r11d
	movl	$0, %fs:upstare_tls@tpoff+AFTER
	shlq	$32, %r10
	orq	%r11, %r10
	movq	8(%rax), %r11
	movq	%r10, 8(%rax)
	movq	%r11, %r10
	movq	%rax, %r11
	movq	%fs:upstare_tls@tpoff+SCRATCH, %rax
	testq	%r11, %r11
	jmp	*%r10

.Lenter:
	.cfi_restore_state
	.cfi_remember_state
	movq	%rsp, %fs:upstare_tls@tpoff+SAVED_SP
	movq	%fs:upstare_tls@tpoff+CONTROL_SP, %rsp
	pushq	%r10
	movslq	(%r11), %r10
	addq	%r11, %r10
	pushq	%r10
	pushq	%fs:upstare_tls@tpoff+SAVED_SP
	pushq	%rbp
	movq	%rsp, %rbp
	/* CFA: the program's rsp, at 8(%rbp); the return address at 16(%rbp); rbp at 0(%rbp). rsp follows from the CFA. */
	.cfi_escape 0x0f, 3, 0x76, 8, 0x06
	.cfi_escape 0x10, 16, 2, 0x76, 16
	.cfi_escape 0x10, 6, 2, 0x76, 0
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r11
	pushq	%rbx
	/* rbx at -72(%rbp): a segment's bottom is found by it (segment.S) where no frame between has saved it. */
	.cfi_escape 0x10, 3, 3, 0x76, 0xb8, 0x7f
	subq	upstare_xsave_size(%rip), %rsp
	andq	$-64, %rsp
	movq	%rsp, %rbx
	cmpl	$0, upstare_has_xsave(%rip)
	je	1f
	xorl	%eax, %eax
	leaq	512(%rbx), %rdi
	movl	$8, %ecx
	cld
	rep stosq
	movl	$-1, %eax
	movl	$-1, %edx
	xsave64	(%rbx)
	jmp	2f
1:	fxsave64 (%rbx)
2:	cld
	movq	-64(%rbp), %rdi
	call	upstare_point_c
	movl	%eax, %ecx
	cmpl	$0, upstare_has_xsave(%rip)
	je	3f
	movl	$-1, %eax
	movl	$-1, %edx
	xrstor64 (%rbx)
	jmp	4f
3:	fxrstor64 (%rbx)
4:	testl	%ecx, %ecx
	leaq	-72(%rbp), %rsp
	popq	%rbx
	popq	%r11
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rax
	popq	%rbp
	movq	16(%rsp), %r10
	movq	(%rsp), %rsp
	.cfi_restore_state
	movq	$0, %fs:upstare_tls@tpoff+SAVED_SP
	jne	.Lrecord
	jmp	.Lno
	.cfi_endproc
	.size	upstare_point, .-upstare_point
	.section .note.GNU-stack,"",@progbits
