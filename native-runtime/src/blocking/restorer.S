/*
 * Where the program's handlers return to, in place of libc's restorer: upstare_handler_returned (kick.c) sees what they interrupted, then
 * rt_sigreturn(2) goes back there. One for handlers after which calls are restarted (SA_RESTART), one for those that end calls.
 *
 * The kernel has left a ucontext_t at the stack pointer, which is aligned. Unwinders learn from it what was interrupted (DWARF 5,
 * 6.4.2; the same as libc's for its own), and look one byte before the address for a function: the nop.
 */
#define CONTEXT_REGISTERS 40 /* offsetof(ucontext_t, uc_mcontext.gregs) */
#define R8 0
#define R9 1
#define R10 2
#define R11 3
#define R12 4
#define R13 5
#define R14 6
#define R15 7
#define RDI 8
#define RSI 9
#define RBP 10
#define RBX 11
#define RDX 12
#define RAX 13
#define RCX 14
#define RSP 15
#define RIP 16

/* A signed LEB128 of two bytes: DW_OP_breg7 OFFSET. */
#define FROM_STACK(which) 0x77, ((CONTEXT_REGISTERS + 8 * (which)) & 0x7f) | 0x80, (CONTEXT_REGISTERS + 8 * (which)) >> 7
/* DW_CFA_expression: register number (System V ABI, AMD64, figure 3.36) is saved where. */
#define SAVED(number, which) .cfi_escape 0x10, number, 3, FROM_STACK(which)

	.macro	RESTORER name, restarts
	.cfi_startproc
	.cfi_signal_frame
	/* DW_CFA_def_cfa_expression: the stack pointer of before. */
	.cfi_escape 0x0f, 4, FROM_STACK(RSP), 0x06
	SAVED(0, RAX)
	SAVED(1, RDX)
	SAVED(2, RCX)
	SAVED(3, RBX)
	SAVED(4, RSI)
	SAVED(5, RDI)
	SAVED(6, RBP)
	SAVED(7, RSP)
	SAVED(8, R8)
	SAVED(9, R9)
	SAVED(10, R10)
	SAVED(11, R11)
	SAVED(12, R12)
	SAVED(13, R13)
	SAVED(14, R14)
	SAVED(15, R15)
	SAVED(16, RIP)
	nop
	.globl	\name
	.hidden	\name
	.type	\name, @function
\name:
	movq	%rsp, %rdi
	movl	$\restarts, %esi
	call	upstare_handler_returned
	movq	$15, %rax
	syscall
	hlt
	.cfi_endproc
	.size	\name, .-\name
	.endm

	.section .text.upstare_restorer, "ax", @progbits
	RESTORER upstare_restorer_restarting, 1
	RESTORER upstare_restorer_ending, 0
	.section .note.GNU-stack,"",@progbits
