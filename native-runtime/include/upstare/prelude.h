/*
 * What every transformed translation unit sees. upstare-cc pastes this text in front of the preprocessed user code, so it
 * must include nothing, declare no name outside the implementation's namespace (__up_, upstare_) and use no macro of the
 * user. The layouts are shared with the runtime (abi.h includes this file).
 */

/* Header of a frame record (docs/architecture.md, "Record"). Followed by the function's variables. */
struct __up_header {
	const struct upstare_function *function; /* descriptor of the function whose frame this was */
	unsigned int point;                      /* number of the continuation point, | UPSTARE_AFTER */
	unsigned int size;                       /* bytes of the whole record, a multiple of 16 */
};

/* Set in point: the callee had completed (its value is in the record); clear: the frame was inside the call. */
#define UPSTARE_AFTER 0x80000000u

/* The part of a thread's state that generated code touches. One per thread, initial-exec TLS. */
struct __up_thread {
	unsigned char unrolling; /* 1: checks write records and return */
	unsigned int after;      /* UPSTARE_AFTER for the innermost frame's record, then 0 (the exit clears it) */
	char *top;               /* next free byte of the record buffer */
	char *control_sp;        /* top of the stack that the runtime itself runs on; 0: not a thread of ours */
	char *saved_sp;          /* the program's rsp while the runtime runs on control_sp */
	long scratch;            /* upstare_point's, while the thread unrolls */
};
extern __thread struct __up_thread upstare_tls __attribute__((tls_model("initial-exec")));

/* Raised (non-zero) while an update of this module is wanted, and for ever once it is superseded. One per module. */
extern unsigned char upstare_flag __attribute__((visibility("hidden")));

/* Emits nothing; its cold attribute is what moves an exit to .text.unlikely. */
void __builtin___clear_cache(void *, void *) __attribute__((cold));

/*
 * A check. D: the descriptor's symbol (string), K: number of the continuation point, X: label of the cold exit. The entry
 * in upstare_points lets the runtime turn a return address into (function, point): the first entry at or after it.
 */
#define __UP_CHECK(D, K, X)                                                                                            \
	__asm__ __inline__ goto("cmpb $0, upstare_flag(%%rip)\n\tjne %l0\n999:\n\t.pushsection upstare_points,\"a\",@progbits\n\t" \
			    ".long 999b-., " D "-., " #K "\n\t.popsection"                                             \
			    :                                                                                          \
			    :                                                                                          \
			    : "cc"                                                                                     \
			    : X)

/* A cold exit begins with this: it is what puts the exit into .text.unlikely. (A check stands behind its exit: ExitWriter.cs.) */
#define __UP_COLD __builtin___clear_cache(0, 0)

/*
 * The return place of a call in a clone. There two calls lead to one check, that of the next frame's clone and the user's own, and
 * gcc puts either of them anywhere; hot code needs none, since its check stands behind its call. WHAT keeps gcc from making
 * one place of the two.
 */
#define __UP_CALLED(D, K, WHAT)                                                                                        \
	__asm__ __inline__ __volatile__("# " WHAT "\n999:\n\t" __UP_ENTRY("999b", D, K))

/*
 * A cold exit: enters the runtime, where the thread may park. No update: it goes on behind this statement, with nothing
 * changed. Unrolling (at once, or after having parked): r11 is the record, with its header filled in; SAVES (__UP_S1 ... with
 * the operands that follow END) store the variables there, and control goes to END, the label of the function's end. Nothing
 * is written below rsp, the runtime runs on its own stack. Written as one asm statement because gcc takes several times as
 * long over the same stores in C. Operands: "rmn" for integers and pointers, "rm" for other scalars, "m" for what is in
 * place or is copied in pieces. The entry in upstare_points names the return place for the runtime and the unwinder.
 */
#define __UP_LEAVE(D, K, SAVES, END, ...)                                                                              \
	__asm__ __inline__ goto(__UP_ENTER "998:\tje 999f\n\t" SAVES "jmp %l[" #END "]\n999:\n\t" __UP_ENTRY("998b", D, K)     \
				:                                                                                      \
				: __VA_ARGS__                                                                          \
				: "cc", "r10", "r11"                                                                   \
				: END)

/* A check with its cold exit, where all operands are at hand anyway: gcc has no second path to look after. */
#define __UP_CHECK_LEAVE(D, K, SAVES, END, ...)                                                                        \
	__asm__ __inline__ goto("cmpb $0, upstare_flag(%%rip)\n\tjne 996f\n999:\n\t.pushsection upstare_exits,\"ax\",@progbits\n996:\t"  \
				__UP_ENTER "998:\tje 999b\n\t" SAVES "jmp %l[" #END "]\n\t.popsection\n\t" __UP_ENTRY("999b", D, K)  \
				:                                                                                      \
				: __VA_ARGS__                                                                          \
				: "cc", "r10", "r11"                                                                   \
				: END)

#define __UP_ENTER "leaq 997f(%%rip), %%r11\n\tleaq 998f(%%rip), %%r10\n\tjmp *upstare_point@GOTPCREL(%%rip)\n"
#define __UP_ENTRY(PC, D, K) ".pushsection upstare_points,\"a\",@progbits\n997:\t.long " PC "-., " D "-., " #K "\n\t.popsection"

/* Stores of 1, 2, 4, 8 bytes: operand N to offset O of the record. */
#define __UP_S1(N, O) "movb %b" #N ", %%r10b\n\tmovb %%r10b, " #O "(%%r11)\n\t"
#define __UP_S2(N, O) "movw %w" #N ", %%r10w\n\tmovw %%r10w, " #O "(%%r11)\n\t"
#define __UP_S4(N, O) "movl %k" #N ", %%r10d\n\tmovl %%r10d, " #O "(%%r11)\n\t"
#define __UP_S8(N, O) "movq %q" #N ", %%r10\n\tmovq %%r10, " #O "(%%r11)\n\t"
/* A piece of 1 or 8 bytes: offset F of operand N. */
#define __UP_C1(N, F, O) "movb " #F "+%" #N ", %%r10b\n\tmovb %%r10b, " #O "(%%r11)\n\t"
#define __UP_C8(N, F, O) "movq " #F "+%" #N ", %%r10\n\tmovq %%r10, " #O "(%%r11)\n\t"
/* The address of operand N; the stack pointer. */
#define __UP_SA(N, O) "leaq %" #N ", %%r10\n\tmovq %%r10, " #O "(%%r11)\n\t"
#define __UP_SP(O) "movq %%rsp, " #O "(%%r11)\n\t"

/*
 * The function's end, where its exits go. What gcc has moved from before an exit to behind it must not be dropped because the
 * frame ends: variables in place stay in use. No call may follow. Cold, and with __UP_COLD for never: else gcc takes each check for one that
 * leaves every other time, and what stands behind a few of them for hardly ever run.
 */
#define __UP_END(END) END : __attribute__((cold)); __asm__ volatile("" ::: "memory")
/*
 * Returns a value like no other: where the end came to the return with the value of what is not cold, gcc might take that for cold too
 * (ExitWriter.cs, CheckBehind).
 */
#define __UP_RETURN(...)                                                                                               \
	__typeof__(__VA_ARGS__) __up_v;                                                                                \
	__asm__("" : "=r"(__up_v));                                                                                    \
	return __up_v

/* What -D_FORTIFY_SOURCE calls (instrument/Emission/FortifiedCalls.cs). */
void __up_chk_fail(void) __asm__("__chk_fail") __attribute__((noreturn, cold));

/* Used by resume clones only. */
void *upstare_pop(void);        /* the mapped record of the frame that is being rebuilt; the next call gives the next inner one */
void (*upstare_next(void))(void); /* entry of the next inner frame's resume clone (or of a runtime call's), to be called with its own return type */
void upstare_resumed(void);     /* the innermost frame is rebuilt: waits until all threads may go on */
/* setjmp without the mask: the buffer keeps the one that it has, and at this offset whether it has one (glibc's struct __jmp_buf_tag). */
int upstare_arm(void *buffer) __asm__("_setjmp") __attribute__((returns_twice));
#define __UP_MASK_WAS_SAVED 64
