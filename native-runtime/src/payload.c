/*
 * What a patch file holds for debuggers is more than half of it, and no process loads that. The rest goes into one file in memory from
 * which the processes of a program map the same pages, where they may open it: a process of another user, or with another root,
 * gets the bytes (tree/leader.c) and makes itself a file, or loads them as they are (load.c).
 */
#define _GNU_SOURCE
#include "payload.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"
#include "control/channel.h"
#include "control/sys.h"
#include "internal.h"

#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

UPSTARE_CHILD_DATA int upstare_payload_held = 0;
static struct upstare_file_identity held;

/* What would let the dynamic linker run into the end of the file (SIGBUS) or ourselves into nonsense. */
const char *upstare_payload_init(struct upstare_payload *payload, const void *bytes, size_t size)
{
	const Elf64_Ehdr *h = bytes;
	*payload = (struct upstare_payload){.bytes = bytes};
	if (size < sizeof(*h) || memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
		return "not an ELF file";
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_machine != EM_X86_64 || h->e_type != ET_DYN)
		return "not a shared object for this machine";
	if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phoff > size || h->e_phoff % 8 ||
	    size - h->e_phoff < (size_t)h->e_phnum * sizeof(Elf64_Phdr))
		return "the file is truncated";
	size_t headers = h->e_phoff + (size_t)h->e_phnum * sizeof(Elf64_Phdr);
	payload->size = headers > sizeof(*h) ? headers : sizeof(*h);
	const Elf64_Phdr *p = (const void *)((const char *)bytes + h->e_phoff);
	for (unsigned i = 0; i < h->e_phnum; i++) {
		if (p[i].p_type == PT_NULL)
			continue;
		if (p[i].p_offset > size || p[i].p_filesz > size - p[i].p_offset)
			return "the file is truncated";
		if (payload->size < p[i].p_offset + p[i].p_filesz)
			payload->size = p[i].p_offset + p[i].p_filesz;
	}
	/* The section headers stand last: without them the end is missing. */
	if (h->e_shoff > size || size - h->e_shoff < (size_t)h->e_shnum * h->e_shentsize)
		return "the file is truncated";
	return NULL;
}

/* Names no sections, which are not there. */
static Elf64_Ehdr header_of(const struct upstare_payload *p)
{
	Elf64_Ehdr h;
	memcpy(&h, p->bytes, sizeof(h));
	h.e_shoff = 0;
	h.e_shnum = h.e_shstrndx = 0;
	return h;
}

static const char *rest_of(const struct upstare_payload *p)
{
	return (const char *)p->bytes + sizeof(Elf64_Ehdr);
}

const uint64_t *upstare_payload_content(struct upstare_payload *p)
{
	size_t size = p->size - sizeof(Elf64_Ehdr);
	if (!p->content[0] && !p->content[1]) {
		p->content[0] = upstare_hash(rest_of(p), size, size);
		p->content[1] = upstare_hash(rest_of(p), size, ~size);
	}
	return p->content;
}

void upstare_payload_copy(const struct upstare_payload *p, void *to)
{
	Elf64_Ehdr h = header_of(p);
	memcpy(to, &h, sizeof(h));
	memcpy((char *)to + sizeof(h), rest_of(p), p->size - sizeof(h));
}

static bool identify(int fd, struct upstare_file_identity *identity)
{
	struct stat s;
	if (upstare_sys(SYS_fstat, fd, &s))
		return false;
	*identity = (struct upstare_file_identity){s.st_dev, s.st_ino};
	return true;
}

static bool is(int fd, const struct upstare_file_identity *identity)
{
	struct upstare_file_identity found;
	return identify(fd, &found) && found.device == identity->device && found.inode == identity->inode;
}

static bool write_all(int fd, const void *bytes, size_t size)
{
	for (const char *at = bytes; size;) {
		long n = upstare_sys(SYS_write, fd, at, size);
		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

static void hold(struct upstare_payload *p, int fd)
{
	p->fd = upstare_high_descriptor(fd);
	held = p->identity;
	upstare_payload_held = p->fd;
}

int upstare_payload_file(struct upstare_payload *p)
{
	if (p->fd && is(p->fd, &p->identity))
		return p->fd;
	p->fd = 0;
	if (!p->bytes)
		return UPSTARE_PAYLOAD_NO_FILE;
	int fd = (int)upstare_sys(SYS_memfd_create, "upstare-patch", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return UPSTARE_PAYLOAD_NO_FILE;
	Elf64_Ehdr h = header_of(p);
	if (!write_all(fd, &h, sizeof(h)) || !write_all(fd, rest_of(p), p->size - sizeof(h)) ||
	    upstare_sys(SYS_fcntl, fd, F_ADD_SEALS, SEALS) || !identify(fd, &p->identity)) {
		upstare_sys(SYS_close, fd);
		return UPSTARE_PAYLOAD_NO_MEMORY;
	}
	hold(p, fd);
	return p->fd;
}

bool upstare_payload_open(struct upstare_payload *p, int pid, int theirs, struct upstare_file_identity identity)
{
	static const char name[] = "/memfd:upstare-patch";
	char path[64], link[sizeof(name)];
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, theirs);
	/* Where the number is another process's nothing is opened that opening might change. */
	if (upstare_sys(SYS_readlink, path, link, sizeof(link)) < (long)sizeof(name) - 1 || memcmp(link, name, sizeof(name) - 1) != 0)
		return false;
	int fd = (int)upstare_sys(SYS_open, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (!is(fd, &identity) || (upstare_sys(SYS_fcntl, fd, F_GET_SEALS) & SEALS) != SEALS) {
		upstare_sys(SYS_close, fd);
		return false;
	}
	p->identity = identity;
	hold(p, fd);
	return true;
}

static void close_if_ours(int fd, const struct upstare_file_identity *identity)
{
	if (fd && is(fd, identity))
		upstare_sys(SYS_close, fd);
}

void upstare_payload_close(struct upstare_payload *p)
{
	upstare_payload_held = 0;
	close_if_ours(p->fd, &p->identity);
	p->fd = 0;
}

void upstare_payload_forked(void)
{
	close_if_ours(upstare_payload_held, &held);
	upstare_payload_held = 0;
}
