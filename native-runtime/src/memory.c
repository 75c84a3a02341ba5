/*
 * memcpy and its like for the runtime itself (CMakeLists.txt gives its calls these names): a program may define functions of its own with
 * libc's names, and AddressSanitizer's look at what they are given, while the runtime copies stacks with all that is between
 * the variables. "rep movsb" is fast for large blocks on every processor since 2013 (ERMS); small ones go by words.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define hidden __attribute__((visibility("hidden")))

typedef uint64_t __attribute__((may_alias, aligned(1))) word;

#define SMALL 128

hidden void *upstare_memcpy(void *to, const void *from, size_t n);
void *upstare_memcpy(void *to, const void *from, size_t n)
{
	char *d = to;
	const char *s = from;
	if (n <= SMALL)
		for (; n >= sizeof(word); n -= sizeof(word), d += sizeof(word), s += sizeof(word)) {
			*(word *)d = *(const word *)s;
			__asm__ volatile("" ::: "memory"); /* or gcc makes a call of memcpy of it */
		}
	__asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n)::"memory");
	return to;
}

hidden void *upstare_memmove(void *to, const void *from, size_t n);
void *upstare_memmove(void *to, const void *from, size_t n)
{
	char *d = (char *)to + n;
	const char *s = (const char *)from + n;
	if ((uintptr_t)to - (uintptr_t)from >= n)
		return upstare_memcpy(to, from, n);
	while (n--) {
		*--d = *--s;
		__asm__ volatile("" ::: "memory");
	}
	return to;
}

hidden void *upstare_memset(void *to, int value, size_t n);
void *upstare_memset(void *to, int value, size_t n)
{
	char *d = to;
	__asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(value) : "memory");
	return to;
}

hidden int upstare_memcmp(const void *one, const void *other, size_t n);
int upstare_memcmp(const void *one, const void *other, size_t n)
{
	const unsigned char *a = one, *b = other;
	for (; n; n--, a++, b++)
		if (*a != *b)
			return *a < *b ? -1 : 1;
	return 0;
}
