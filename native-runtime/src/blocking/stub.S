/*
 * long upstare_stub(long number, a, b, c, d, e, f): a system call that is not begun, or is broken off, while an update is
 * wanted: UPSTARE_ABORTED then (blocking.h), and nothing has happened. Between begin and end stand the test of the flag and
 * the system call; the kick's handler (kick.c) moves a program counter that it finds there to the abort label.
 */
	.text
	.globl	upstare_stub
	.hidden	upstare_stub
	.globl	upstare_stub_begin
	.hidden	upstare_stub_begin
	.globl	upstare_stub_end
	.hidden	upstare_stub_end
	.globl	upstare_stub_abort
	.hidden	upstare_stub_abort
	.type	upstare_stub, @function
upstare_stub:
	.cfi_startproc
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	movq	%r8, %r10
	movq	%r9, %r8
	movq	8(%rsp), %r9
	movl	$1, %fs:upstare_in_stub@tpoff
upstare_stub_begin:
	testb	$1, upstare_want(%rip)
	jne	upstare_stub_abort
	syscall
upstare_stub_end:
	movl	$0, %fs:upstare_in_stub@tpoff
	ret
upstare_stub_abort:
	movl	$0, %fs:upstare_in_stub@tpoff
	movq	$-5000, %rax
	ret
	.cfi_endproc
	.size	upstare_stub, .-upstare_stub
	.section .note.GNU-stack,"",@progbits
