/*
 * System calls without libc's wrappers. A C program may well have a function of its own named accept, connect, send or
 * listen, and the linker would bind our calls to it. Results are the kernel's: below 0 is -errno; errno is not touched.
 */
#ifndef UPSTARE_SYS_H
#define UPSTARE_SYS_H

#include <stdarg.h>
#include <sys/syscall.h>

static inline long upstare_sys6(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#define UPSTARE_SYS_ARGS(n, a, b, c, d, e, f, ...) \
	upstare_sys6((long)(n), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
/* upstare_sys(SYS_name, up to six arguments) */
#define upstare_sys(...) UPSTARE_SYS_ARGS(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

/* long a[N]: as many of a variadic function's arguments behind LAST. */
#define UPSTARE_TAKE(N, LAST)                              \
	long a[N];                                         \
	va_list arguments_;                                \
	va_start(arguments_, LAST);                        \
	for (int i_ = 0; i_ < N; i_++)                     \
		a[i_] = va_arg(arguments_, long);          \
	va_end(arguments_)

#endif
