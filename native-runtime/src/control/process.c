#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>

#include "channel.h"
#include "sys.h"

struct build_id {
	unsigned char bytes[64];
	size_t length;
};

static int find_build_id(struct dl_phdr_info *info, size_t size, void *data)
{
	struct build_id *id = data;
	int i;

	(void)size;
	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		const char *note = (const char *)info->dlpi_addr + p->p_vaddr, *end = note + p->p_memsz;

		while (p->p_type == PT_NOTE && note + sizeof(ElfW(Nhdr)) <= end) {
			const ElfW(Nhdr) *n = (const void *)note;
			const char *name = note + sizeof(*n), *value = name + ((n->n_namesz + 3) & ~3u);

			if (n->n_type == NT_GNU_BUILD_ID && n->n_namesz == 4 && !memcmp(name, "GNU", 4) &&
			    n->n_descsz <= sizeof(id->bytes)) {
				memcpy(id->bytes, value, n->n_descsz);
				id->length = n->n_descsz;
				return 1;
			}
			note = value + ((n->n_descsz + 3) & ~3u);
		}
	}
	return 1; /* the first object is the program */
}

/* Reads a small file of /proc, 0-terminated; its length, or 0. */
static size_t read_small(const char *path, char *text, size_t size)
{
	int fd = (int)upstare_sys(SYS_open, path, O_RDONLY | O_CLOEXEC, 0);
	long got = 0;

	if (fd >= 0) {
		got = upstare_sys(SYS_read, fd, text, size - 1);
		upstare_sys(SYS_close, fd);
	}
	text[got > 0 ? got : 0] = 0;
	return got > 0 ? (size_t)got : 0;
}

/* When the process started, in seconds since 1970: field 22 of its stat counts ticks since the system's start. */
static long long start_time(void)
{
	char text[2048];
	const char *at;
	struct timespec now, since_boot;
	long long ticks = 0;
	int field;

	if (!read_small("/proc/self/stat", text, sizeof(text)) || !(at = strrchr(text, ')')))
		return 0;
	for (field = 2; field < 22 && at; field++)
		if ((at = strchr(at, ' ')))
			at++;
	if (!at)
		return 0;
	for (; *at >= '0' && *at <= '9'; at++)
		ticks = ticks * 10 + (*at - '0');
	upstare_sys(SYS_clock_gettime, CLOCK_REALTIME, &now);
	upstare_sys(SYS_clock_gettime, CLOCK_BOOTTIME, &since_boot);
	/* USER_HZ is 100 on x86-64 */
	return ((now.tv_sec - since_boot.tv_sec) * 1000 + (now.tv_nsec - since_boot.tv_nsec) / 1000000 + ticks * 10) / 1000;
}

/* argv[0], and with it libc's program_invocation_name, is often written over with what the program does (setproctitle(3)). */
static const char *name_of_program(void)
{
	const char *path = (const char *)getauxval(AT_EXECFN), *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

void upstare_describe_process(struct upstare_json *j)
{
	char text[4096], hex[2 * sizeof(((struct build_id *)0)->bytes) + 1];
	struct build_id id = {.length = 0};
	long length;
	int i;

	upstare_json_int(j, "pid", upstare_sys(SYS_getpid));
	upstare_json_int(j, "ppid", upstare_sys(SYS_getppid));
	upstare_json_int(j, "uid", upstare_sys(SYS_geteuid));
	upstare_json_string(j, "program", name_of_program());
	length = upstare_sys(SYS_readlink, "/proc/self/exe", text, sizeof(text));
	if (length > 0)
		upstare_json_string_n(j, "executable", text, (size_t)length);
	else
		upstare_json_null(j, "executable");
	dl_iterate_phdr(find_build_id, &id);
	upstare_hex(id.bytes, id.length, hex);
	upstare_json_string(j, "build_id", id.length ? hex : NULL);
	upstare_json_int(j, "start", start_time());
	upstare_json_begin_array(j, "listen");
	for (i = 0; i < 2; i++)
		if (upstare_listen_name(i))
			upstare_json_string(j, NULL, upstare_listen_name(i));
	upstare_json_end(j);
}
