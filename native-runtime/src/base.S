/*
 * long upstare_base_call(void *function, long a, long b, long c): the bottom of a thread's stack. Calls function; when it
 * comes back because the stack was unrolled, takes part in the update and calls the outermost frame's resume clone, on the
 * stack that upstare_unrolled names. The frame is found through rbp, so unwinders cross any gap in the stack.
 */
	.text
	.globl	upstare_base_call
	.hidden	upstare_base_call
	.globl	upstare_base_return
	.hidden	upstare_base_return
	.type	upstare_base_call, @function
upstare_base_call:
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset rbp, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register rbp
	movq	%rdi, %r11
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	xorl	%eax, %eax
	jmp	1f
	.p2align 4
1:	call	*%r11
upstare_base_return:
	cmpb	$0, %fs:upstare_tls@tpoff
	jne	2f
	movq	%rbp, %rsp
	popq	%rbp
	.cfi_remember_state
	.cfi_def_cfa rsp, 8
	ret
	.cfi_restore_state
	/* First off this stack: what the popped frames have left below rsp must stay as it is. */
2:	movq	%fs:upstare_tls@tpoff+16, %rsp
	movq	%rbp, %rdi
	call	upstare_unrolled
	movq	%rax, %rsp
	movq	%rdx, %r11
	xorl	%eax, %eax
	jmp	1b
	.cfi_endproc
	.size	upstare_base_call, .-upstare_base_call
	.section .note.GNU-stack,"",@progbits
