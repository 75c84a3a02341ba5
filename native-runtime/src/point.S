/*
 * upstare_point: reached by a jump from a cold exit (prelude.h, __UP_POINT). rax: the return place, rsp: the program's, under
 * which nothing may be written. Answers in the zero flag: clear at once where the thread is unrolling. Every register but rax
 * is kept, with the vector and x87 state.
 *
 * saved_sp is non-zero while the runtime is on the control stack. A signal handler that comes in between then finds that it
 * stands below that stack pointer, and goes on; after a longjmp out of such a handler rsp is above it, and the mark is stale.
 */
#define UNROLLING 0
#define CONTROL_SP 16
#define SAVED_SP 24
#define WANT_UPDATE 1
#define WANT_COUNT 2

	.text
	.globl	upstare_point
	.type	upstare_point, @function
	.p2align 4
upstare_point:
	.cfi_startproc
	.cfi_def_cfa rsp, 0
	.cfi_register rip, rax
	cmpb	$0, %fs:upstare_tls@tpoff+UNROLLING
	jne	.Lback
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
	testb	$WANT_UPDATE, upstare_want(%rip)
	jne	.Lenter
.Lno:
	cmpl	%eax, %eax
.Lback:
	jmp	*%rax

.Lenter:
	movq	%rsp, %fs:upstare_tls@tpoff+SAVED_SP
	movq	%fs:upstare_tls@tpoff+CONTROL_SP, %rsp
	pushq	%rax
	pushq	%fs:upstare_tls@tpoff+SAVED_SP
	pushq	%rbp
	movq	%rsp, %rbp
	/* CFA: the program's rsp, at 8(%rbp); the return address at 16(%rbp); rbp at 0(%rbp). rsp follows from the CFA. */
	.cfi_escape 0x0f, 3, 0x76, 8, 0x06
	.cfi_escape 0x10, 16, 2, 0x76, 16
	.cfi_escape 0x10, 6, 2, 0x76, 0
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%rbx
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
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rbp
	.cfi_def_cfa rsp, 0
	movq	8(%rsp), %rax
	.cfi_register rip, rax
	.cfi_same_value rbp
	movq	(%rsp), %rsp
	movq	$0, %fs:upstare_tls@tpoff+SAVED_SP
	jmp	*%rax
	.cfi_endproc
	.size	upstare_point, .-upstare_point
	.section .note.GNU-stack,"",@progbits
