#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "blocking/blocking.h"
#include "control/sys.h"

void *upstare_pages(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

void upstare_pages_free(void *p, size_t size)
{
	if (p)
		munmap(p, size);
}

/* What is taken here is never given back: descriptions of modules, which stay loaded too. Control thread only. */
void *upstare_arena(size_t size)
{
	static char *next;
	static size_t left;
	size = (size + 15) & ~(size_t)15;
	if (size > 65536)
		return upstare_pages(size);
	if (size > left) {
		next = upstare_pages(262144);
		left = next ? 262144 : 0;
		if (!next)
			return NULL;
	}
	void *p = next;
	next += size;
	left -= size;
	return p;
}

uint64_t upstare_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t upstare_hash(const void *data, size_t size, uint64_t seed)
{
	const unsigned char *p = data;
	uint64_t h = 0xcbf29ce484222325u ^ (seed * 0x9e3779b97f4a7c15u);
	for (; size >= 8; size -= 8, p += 8) {
		uint64_t word;
		memcpy(&word, p, 8);
		h = (h ^ word) * 0x9fb21c651e98df25u;
		h ^= h >> 29;
	}
	while (size--)
		h = (h ^ *p++) * 0x100000001b3u;
	return h ^ (h >> 32);
}

/* The program's threads wait here too: their errno is not ours. */
void upstare_futex_wait(uint32_t *word, uint32_t value, uint64_t timeout_ns)
{
	int error = errno;
	struct timespec t = {(time_t)(timeout_ns / 1000000000u), (long)(timeout_ns % 1000000000u)};
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, timeout_ns ? &t : NULL, NULL, 0);
	errno = error;
}

void upstare_futex_wake(uint32_t *word, int count)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

void upstare_block_signals(uint64_t *old)
{
	uint64_t all = ~(uint64_t)0;
	upstare_sys(SYS_rt_sigprocmask, SIG_SETMASK, &all, old, 8);
}

void upstare_set_signals(const uint64_t *mask)
{
	upstare_sys(SYS_rt_sigprocmask, SIG_SETMASK, mask, 0, 8);
}

/* Heapsort: qsort may call the program's malloc. */
void upstare_sort(void *base, size_t count, size_t size, int (*less)(const void *, const void *))
{
	char *a = base;
	char spare[64];
	if (size > sizeof(spare) || count < 2)
		return;
	for (size_t start = count / 2, end = count; end > 1;) {
		if (start > 0) {
			start--;
		} else {
			end--;
			memcpy(spare, a + end * size, size);
			memcpy(a + end * size, a, size);
			memcpy(a, spare, size);
		}
		memcpy(spare, a + start * size, size);
		size_t root = start;
		for (size_t child; (child = 2 * root + 1) < end; root = child) {
			if (child + 1 < end && less(a + child * size, a + (child + 1) * size))
				child++;
			if (!less(spare, a + child * size))
				break;
			memcpy(a + root * size, a + child * size, size);
		}
		memcpy(a + root * size, spare, size);
	}
}

int upstare_raw_getpid(void)
{
	return (int)upstare_sys(SYS_getpid);
}

void upstare_log(const char *format, ...)
{
	int error = errno;
	const char *path = getenv("UPSTARE_LOG_RUNTIME");
	if (path && *path && !upstare_filtered) {
		char line[512];
		int head = snprintf(line, sizeof(line), "upstare[%d]: ", upstare_raw_getpid());
		va_list arguments;
		va_start(arguments, format);
		int n = vsnprintf(line + head, sizeof(line) - (size_t)head - 1, format, arguments);
		va_end(arguments);
		size_t length = (size_t)head + (n < 0 ? 0 : (size_t)n);
		if (length > sizeof(line) - 2)
			length = sizeof(line) - 2;
		line[length++] = '\n';
		int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
		if (fd >= 0) {
			/* a log that cannot be written is no reason to disturb the program */
			ssize_t written = write(fd, line, length);
			(void)written;
			close(fd);
		}
	}
	errno = error;
}

/* What the runtime means by syscall(2) (CMakeLists.txt): by that name it is what libraries get (blocking/interpose.c). */
long upstare_plain_syscall(long number, ...);
long upstare_plain_syscall(long number, ...)
{
	UPSTARE_TAKE(6, number);
	return upstare_result(upstare_sys(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

void upstare_read_task(pid_t tid, const char *file, char *out, size_t size)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/task/%d/%s", (int)tid, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);
	if (fd >= 0)
		close(fd);
	out[n < 0 ? 0 : n] = 0;
}
