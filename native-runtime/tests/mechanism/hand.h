/*
 * What upstare-cc would emit, by hand: tables for the functions of a test program. A program and its patch are compiled from
 * one source with different VERSION; PATCH adds what upstare-patch would generate.
 */
#ifndef HAND_H
#define HAND_H

#include <upstare/abi.h>

#define STRINGS_(x) #x
#define STRINGS(x) STRINGS_(x)

/* A descriptor; its points follow as POINT lines under the label upstare_p_M. Used inside a function (operands). */
#define FUNCTION(M, RECORD, NPOINTS)                                                                                   \
	__asm__ volatile(".pushsection upstare_functions,\"a\",@progbits\n\t.balign 4\n\t.globl upstare_d_" #M           \
			 "\n\t.hidden upstare_d_" #M "\nupstare_d_" #M ":\n\t.long 71f-., 71f-., 72f-., " STRINGS(__LINE__)  \
			 ", upstare_c_" #M "-., 4711, %c0, " #NPOINTS ", upstare_p_" #M "-., 0\n\t.popsection\n\t"          \
			 ".pushsection .rodata\n71: .asciz \"" #M "\"\n72: .asciz \"" __FILE__ "\"\n\t.popsection"          \
			 :                                                                                             \
			 : "i"(sizeof(RECORD)))
#define POINTS(M) __asm__ volatile(".pushsection .rodata.points_" #M ",\"a\"\n\t.balign 4\nupstare_p_" #M ":\n\t.popsection")
#define POINT(M, CALLEE, KIND, INPLACE, NINPLACE)                                                                       \
	__asm__ volatile(".pushsection .rodata.points_" #M ",\"a\"\n\t.long " STRINGS(__LINE__) ", " CALLEE ", " #KIND ", " INPLACE  \
			 ", " #NINPLACE "\n\t.popsection")
#define CALLEE(M) "upstare_n_" #M "-."
#define NAME(M) __asm__ volatile(".pushsection .rodata\nupstare_n_" #M ": .asciz \"" #M "\"\n\t.popsection")
#define INPLACE(LABEL, RECORD, MEMBER, SIZE)                                                                           \
	__asm__ volatile(".pushsection .rodata\n\t.balign 4\n" #LABEL ": .long %c0, " #SIZE "\n\t.popsection"              \
			 :                                                                                             \
			 : "i"(__builtin_offsetof(RECORD, MEMBER)))

#define DESCRIPTOR(M) extern const struct upstare_function upstare_d_##M __attribute__((visibility("hidden")))

/* Memory that stays in use until here. */
#define RETAIN(P) __asm__ volatile("" ::"r"(P) : "memory")

/* All of a record but its header, from the operand "copy". */
#define STORE_COPY                                                                                                     \
	".set hand_at, 16\n\t.rept (%c[size] - 16) / 8\n\tmovq hand_at+%[copy], %%r10\n\tmovq %%r10, hand_at(%%r11)\n\t"         \
	".set hand_at, hand_at + 8\n\t.endr\n\t"

/* check; cold exit with the record's members set by SAVE in *saved */
#define CHECK(M, K, SAVE)                                                                                              \
	do {                                                                                                           \
		__label__ out;                                                                                   \
		__UP_CHECK("upstare_d_" #M, K, out);                                                                   \
		if (0) {                                                                                               \
			struct record_##M copy, *saved = &copy;                                                        \
		out:                                                                                                   \
			__UP_COLD;                                                                                     \
			saved = &copy;                                                                                 \
			SAVE;                                                                                          \
			__UP_LEAVE("upstare_d_" #M, K, STORE_COPY, end, [copy] "m"(copy), [size] "i"(sizeof(copy)));   \
		}                                                                                                      \
	} while (0)

#ifdef PATCH
#define KEPT extern __attribute__((weak))
#else
#define KEPT
#endif

#endif
