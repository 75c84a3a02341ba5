/*
 * The bottom of a segment of frames that library code has called (a callback). When the segment is to be unrolled, the return
 * address of its outermost frame is replaced by upstare_segment_entry. There the library's registers are kept (struct
 * upstare_return), the update takes its course, and the rebuilt frames are called with rbx pointing to struct upstare_segment; when
 * they return, control goes back to the library with its registers and the value. They may be unrolled again meanwhile.
 */
#define UNROLLING 0
#define CONTROL_SP 16
#define RETURN_PC 0
#define RETURN_SP 8
#define RETURN_RBX 16
#define RETURN_RBP 24
#define RETURN_R12 32
#define RETURN_R13 40
#define RETURN_R14 48
#define RETURN_R15 56
#define SEGMENT 64 /* in struct upstare_thread, which begins with a struct upstare_return */

	.text
	.globl	upstare_segment_entry
	.hidden	upstare_segment_entry
	.globl	upstare_segment_return
	.hidden	upstare_segment_return
	.type	upstare_segment_entry, @function
upstare_segment_entry:
	.cfi_startproc
	.cfi_undefined rip
	movq	%fs:upstare_self@tpoff, %r11
	movq	%rbx, RETURN_RBX(%r11)
	movq	%rbp, RETURN_RBP(%r11)
	movq	%r12, RETURN_R12(%r11)
	movq	%r13, RETURN_R13(%r11)
	movq	%r14, RETURN_R14(%r11)
	movq	%r15, RETURN_R15(%r11)
	/* First off this stack: what the popped frames have left below rsp must stay as it is. */
1:	movq	%fs:upstare_tls@tpoff+CONTROL_SP, %rsp
	xorl	%edi, %edi
	call	upstare_unrolled
	movq	%fs:upstare_self@tpoff, %rbx
	movq	SEGMENT(%rbx), %rbx
	movq	%rax, %rsp
	movq	%rdx, %r11
	xorl	%eax, %eax
	.cfi_endproc
	.cfi_startproc
	/* The caller is the library: CFA = [rbx + 8], return address at rbx, its registers behind. */
	.cfi_escape 0x0f, 3, 0x73, RETURN_SP, 0x06
	.cfi_escape 0x10, 16, 2, 0x73, RETURN_PC
	.cfi_escape 0x10, 3, 2, 0x73, RETURN_RBX
	.cfi_escape 0x10, 6, 2, 0x73, RETURN_RBP
	.cfi_escape 0x10, 12, 2, 0x73, RETURN_R12
	.cfi_escape 0x10, 13, 2, 0x73, RETURN_R13
	.cfi_escape 0x10, 14, 2, 0x73, RETURN_R14
	.cfi_escape 0x10, 15, 2, 0x73, RETURN_R15
	call	*%r11
upstare_segment_return:
	cmpb	$0, %fs:upstare_tls@tpoff+UNROLLING
	jne	2f
	movq	RETURN_RBP(%rbx), %rbp
	movq	RETURN_R12(%rbx), %r12
	movq	RETURN_R13(%rbx), %r13
	movq	RETURN_R14(%rbx), %r14
	movq	RETURN_R15(%rbx), %r15
	movq	RETURN_PC(%rbx), %r11
	/* Once rsp is the library's a signal may overwrite what rbx points to. */
	movq	RETURN_RBX(%rbx), %r10
	.cfi_remember_state
	movq	RETURN_SP(%rbx), %rsp
	.cfi_def_cfa rsp, 0
	.cfi_register rip, r11
	.cfi_register rbx, r10
	.cfi_same_value rbp
	.cfi_same_value r12
	.cfi_same_value r13
	.cfi_same_value r14
	.cfi_same_value r15
	movq	%r10, %rbx
	jmp	*%r11
	.cfi_restore_state
2:	movq	%fs:upstare_self@tpoff, %r11
	.irp	at, RETURN_PC, RETURN_SP, RETURN_RBX, RETURN_RBP, RETURN_R12, RETURN_R13, RETURN_R14, RETURN_R15
	movq	\at(%rbx), %r10
	movq	%r10, \at(%r11)
	.endr
	jmp	1b
	.cfi_endproc
	.size	upstare_segment_entry, .-upstare_segment_entry
	.section .note.GNU-stack,"",@progbits
