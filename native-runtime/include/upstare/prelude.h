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

/*
 * The entrance to the runtime from a cold exit: the thread may park here; if it unrolls it comes back at once. All registers
 * but rax are kept, and nothing is written below rsp (the runtime runs on its own stack). 0: go on in the hot body, nothing
 * happened; 1: write the record and return. The answer comes in the zero flag (set: 0): with rax as the way back there
 * is no other place for it that a signal handler could not overwrite. The entry in upstare_points names the place for the unwinder.
 */
#define __UP_POINT(D, K)                                                                                               \
	__extension__({                                                                                                \
		int __up_go;                                                                                           \
		__asm__ volatile("lea 999f(%%rip), %%rax\n\tjmp *upstare_point@GOTPCREL(%%rip)\n999:\n\t"              \
				 ".pushsection upstare_points,\"a\",@progbits\n\t.long 999b-., " D "-., " #K            \
				 "\n\t.popsection"                                                                     \
				 : "=@ccnz"(__up_go)                                                                    \
				 :                                                                                     \
				 : "rax");                                                                              \
		__up_go;                                                                                               \
	})

/* Begins a cold exit: either back to the hot body at BACK, or on to the record. */
#define __UP_EXIT(D, K, BACK)                                                                                          \
	__builtin___clear_cache(0, 0);                                                                                 \
	if (!__UP_POINT(D, K))                                                                                         \
		goto BACK;

/* Before stores to the record that is being written: T is its struct. */
#define __UP_TOP(T)                                                                                                    \
	__asm__ volatile("" ::: "memory");                                                                             \
	__up_r = (T *)upstare_tls.top;

/* The stores that all exits of a function end with: T is the record's struct, D the descriptor. No call may follow. */
#define __UP_RECORD(T, D)                                                                                              \
	__UP_TOP(T)                                                                                                    \
	__up_r->__up_h.function = &D;                                                                                  \
	__up_r->__up_h.point = __up_at | upstare_tls.after;                                                            \
	__up_r->__up_h.size = sizeof(T);                                                                               \
	upstare_tls.after = 0;                                                                                         \
	upstare_tls.top = (char *)(__up_r + 1);

/* Keeps an in-place variable's memory up to date and its own until the frame is gone. */
#define __UP_RETAIN(P) __asm__ volatile("" ::"r"(P) : "memory")

/* Used by resume clones only. */
void *upstare_pop(void);        /* the mapped record of the frame that is being rebuilt; the next call gives the next inner one */
void (*upstare_next(void))(void); /* entry of the next inner frame's resume clone (or of a runtime call's), to be called with its own return type */
void upstare_resumed(void);     /* the innermost frame is rebuilt: waits until all threads may go on */
