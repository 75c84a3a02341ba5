/*
 * int upstare_registers_save(struct upstare_registers *): 0; and 1 when upstare_registers_restore has been called, which comes back there.
 * setjmp and longjmp without what sanitizers add to longjmp: they take the stack pointer's stack for the thread's own.
 */
	.text
	.globl	upstare_registers_save
	.hidden	upstare_registers_save
	.type	upstare_registers_save, @function
upstare_registers_save:
	.cfi_startproc
	popq	%rdx
	.cfi_adjust_cfa_offset -8
	.cfi_register rip, rdx
	movq	%rbx, (%rdi)
	movq	%rbp, 8(%rdi)
	movq	%r12, 16(%rdi)
	movq	%r13, 24(%rdi)
	movq	%r14, 32(%rdi)
	movq	%r15, 40(%rdi)
	movq	%rsp, 48(%rdi)
	movq	%rdx, 56(%rdi)
	xorl	%eax, %eax
	jmp	*%rdx
	.cfi_endproc
	.size	upstare_registers_save, .-upstare_registers_save

	.globl	upstare_registers_restore
	.hidden	upstare_registers_restore
	.type	upstare_registers_restore, @function
upstare_registers_restore:
	.cfi_startproc
	movq	(%rdi), %rbx
	movq	8(%rdi), %rbp
	movq	16(%rdi), %r12
	movq	24(%rdi), %r13
	movq	32(%rdi), %r14
	movq	40(%rdi), %r15
	movq	48(%rdi), %rsp
	movl	$1, %eax
	jmp	*56(%rdi)
	.cfi_endproc
	.size	upstare_registers_restore, .-upstare_registers_restore
	.section .note.GNU-stack,"",@progbits
