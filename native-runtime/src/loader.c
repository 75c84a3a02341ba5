#define _GNU_SOURCE
#include "loader.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* libgcc's registry of unwind tables for code that the dynamic linker does not know (unwind-dw2-fde.c). */
extern void __register_frame(void *) __attribute__((weak));
extern void __deregister_frame(void *) __attribute__((weak));

struct loading {
	struct upstare_image *image;
	const unsigned char *elf;
	size_t size;
	const Elf64_Ehdr *header;
	const Elf64_Phdr *segments;
	const Elf64_Versym *versions;
	const Elf64_Verneed *needs;
	upstare_bind_fn bind;
	void *context;
	char *error;
	size_t error_size;
};

static int __attribute__((format(printf, 2, 3))) fail(struct loading *l, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(l->error, l->error_size, format, arguments);
	va_end(arguments);
	return -1;
}

static int inside(const struct loading *l, uint64_t offset, uint64_t length)
{
	return offset <= l->size && length <= l->size - offset;
}

static int check_header(struct loading *l)
{
	const Elf64_Ehdr *h = (const Elf64_Ehdr *)l->elf;
	if (l->size < sizeof(*h) || memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
		return fail(l, "not an ELF file");
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_machine != EM_X86_64 || h->e_type != ET_DYN)
		return fail(l, "not an x86-64 shared object");
	if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phnum == 0 || h->e_phoff % 8 != 0 ||
	    !inside(l, h->e_phoff, (uint64_t)h->e_phnum * sizeof(Elf64_Phdr)))
		return fail(l, "truncated program headers");
	l->header = h;
	l->segments = (const Elf64_Phdr *)(l->elf + h->e_phoff);
	return 0;
}

static int protection(const Elf64_Phdr *segment)
{
	return (segment->p_flags & PF_R ? PROT_READ : 0) | (segment->p_flags & PF_W ? PROT_WRITE : 0) |
	       (segment->p_flags & PF_X ? PROT_EXEC : 0);
}

/* Reserves the whole span once, so that the segments keep their distances, and copies their bytes. */
static int map_segments(struct loading *l)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), low = UINT64_MAX, high = 0;
	for (int i = 0; i < l->header->e_phnum; i++) {
		const Elf64_Phdr *s = &l->segments[i];
		if (s->p_type == PT_TLS && s->p_memsz != 0)
			return fail(l, "the patch defines thread-local variables, which this process cannot take");
		if (s->p_type != PT_LOAD)
			continue;
		if (s->p_memsz < s->p_filesz || s->p_vaddr + s->p_memsz < s->p_vaddr ||
		    !inside(l, s->p_offset, s->p_filesz))
			return fail(l, "truncated segment");
		if (s->p_vaddr < low)
			low = s->p_vaddr;
		if (s->p_vaddr + s->p_memsz > high)
			high = s->p_vaddr + s->p_memsz;
	}
	if (low == UINT64_MAX || high - low > (1ull << 31))
		return fail(l, "no loadable segments");
	low &= ~(page - 1);
	l->image->span = (high - low + page - 1) & ~(page - 1);
	char *memory = mmap(NULL, l->image->span, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return fail(l, "no memory for %zu bytes", l->image->span);
	l->image->base = memory - low;
	for (int i = 0; i < l->header->e_phnum; i++) {
		const Elf64_Phdr *s = &l->segments[i];
		if (s->p_type == PT_LOAD)
			memcpy(l->image->base + s->p_vaddr, l->elf + s->p_offset, s->p_filesz);
	}
	return 0;
}

static int inside_image(const struct loading *l, const void *p, uint64_t length)
{
	const char *low = l->image->base; /* upstare-patch links at 0 */
	return (const char *)p >= low && length <= l->image->span &&
	       (const char *)p <= low + l->image->span - length;
}

/* The version that a symbol is needed in (System V gABI, symbol versioning), or NULL. */
static const char *version_of(const struct loading *l, uint32_t index)
{
	if (l->versions == NULL || l->needs == NULL)
		return NULL;
	unsigned wanted = l->versions[index] & 0x7fff;
	if (wanted <= VER_NDX_GLOBAL)
		return NULL;
	for (const Elf64_Verneed *need = l->needs;;) {
		const Elf64_Vernaux *aux = (const Elf64_Vernaux *)((const char *)need + need->vn_aux);
		for (int i = 0; i < need->vn_cnt; i++) {
			if ((aux->vna_other & 0x7fff) == wanted)
				return l->image->strings + aux->vna_name;
			aux = (const Elf64_Vernaux *)((const char *)aux + aux->vna_next);
		}
		if (need->vn_next == 0)
			return NULL;
		need = (const Elf64_Verneed *)((const char *)need + need->vn_next);
	}
}

static int resolve(struct loading *l, uint32_t index, unsigned type, uint64_t *value)
{
	if (index >= l->image->nsymbols)
		return fail(l, "relocation against symbol %u of %u", index, l->image->nsymbols);
	const Elf64_Sym *symbol = &l->image->symbols[index];
	const char *name = l->image->strings + symbol->st_name;
	if (symbol->st_shndx != SHN_UNDEF) {
		if (type == R_X86_64_TPOFF64)
			return fail(l, "%s: thread-local variable defined by the patch", name);
		*value = (uint64_t)(l->image->base + symbol->st_value);
		return 0;
	}
	if (index == 0) {
		*value = 0;
		return 0;
	}
	if (l->bind != NULL && l->bind(l->context, name, type, value))
		return 0;
	const char *version = version_of(l, index);
	void *address = version != NULL ? dlvsym(RTLD_DEFAULT, name, version) : dlsym(RTLD_DEFAULT, name);
	if (address == NULL && ELF64_ST_BIND(symbol->st_info) != STB_WEAK)
		return fail(l, "undefined symbol %s", name);
	/* For a thread-local variable dlsym gives this thread's address; its offset is the same in all (initial-exec). */
	*value = type == R_X86_64_TPOFF64 && address != NULL ? (uint64_t)address - (uint64_t)__builtin_thread_pointer() :
							       (uint64_t)address;
	return 0;
}

static int relocate(struct loading *l, const Elf64_Rela *relocation, uint64_t count)
{
	for (; count > 0; count--, relocation++) {
		unsigned type = ELF64_R_TYPE(relocation->r_info);
		uint64_t *place = (uint64_t *)(l->image->base + relocation->r_offset), value = 0;
		if (!inside_image(l, place, 8))
			return fail(l, "relocation outside the image");
		switch (type) {
		case R_X86_64_NONE:
			break;
		case R_X86_64_RELATIVE:
			*place = (uint64_t)l->image->base + relocation->r_addend;
			break;
		case R_X86_64_64:
		case R_X86_64_GLOB_DAT:
		case R_X86_64_JUMP_SLOT:
		case R_X86_64_TPOFF64:
			if (resolve(l, ELF64_R_SYM(relocation->r_info), type, &value) != 0)
				return -1;
			*place = value + (type == R_X86_64_JUMP_SLOT ? 0 : relocation->r_addend);
			break;
		default:
			return fail(l, "relocation type %u cannot be applied", type);
		}
	}
	return 0;
}

/* Libraries that only the new version needs; those that the program has are found by their names and counted up. */
static int load_libraries(struct loading *l)
{
	for (const Elf64_Dyn *d = l->image->dynamic; d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_NEEDED &&
		    dlopen(l->image->strings + d->d_un.d_val, RTLD_NOW | RTLD_GLOBAL) == NULL)
			return fail(l, "%s", dlerror());
	return 0;
}

static int link_image(struct loading *l)
{
	struct upstare_image *image = l->image;
	for (int i = 0; i < l->header->e_phnum; i++)
		if (l->segments[i].p_type == PT_DYNAMIC)
			image->dynamic = (const Elf64_Dyn *)(image->base + l->segments[i].p_vaddr);
	if (image->dynamic == NULL || !inside_image(l, image->dynamic, sizeof(Elf64_Dyn)))
		return fail(l, "no dynamic section");
	const Elf64_Rela *rela = NULL, *plt = NULL;
	uint64_t rela_size = 0, plt_size = 0;
	const uint32_t *hash = NULL;
	for (const Elf64_Dyn *d = image->dynamic; d->d_tag != DT_NULL; d++) {
		void *address = image->base + d->d_un.d_ptr;
		switch (d->d_tag) {
		case DT_SYMTAB: image->symbols = address; break;
		case DT_STRTAB: image->strings = address; break;
		case DT_RELA: rela = address; break;
		case DT_RELASZ: rela_size = d->d_un.d_val; break;
		case DT_JMPREL: plt = address; break;
		case DT_PLTRELSZ: plt_size = d->d_un.d_val; break;
		case DT_HASH: hash = address; break;
		case DT_VERSYM: l->versions = address; break;
		case DT_VERNEED: l->needs = address; break;
		default: break;
		}
	}
	if (image->symbols == NULL || image->strings == NULL || hash == NULL || !inside_image(l, hash, 8) ||
	    (rela_size != 0 && !inside_image(l, rela, rela_size)) || (plt_size != 0 && !inside_image(l, plt, plt_size)))
		return fail(l, "incomplete dynamic section (upstare-patch links with --hash-style=both)");
	image->nsymbols = hash[1]; /* nchain: the number of symbols (gABI, "Hash Table") */
	if (load_libraries(l) != 0 || relocate(l, rela, rela_size / sizeof(*rela)) != 0 ||
	    relocate(l, plt, plt_size / sizeof(*plt)) != 0)
		return -1;
	return 0;
}

static int protect(struct loading *l)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	for (int i = 0; i < l->header->e_phnum; i++) {
		const Elf64_Phdr *s = &l->segments[i];
		if (s->p_type != PT_LOAD)
			continue;
		char *start = (char *)((uint64_t)(l->image->base + s->p_vaddr) & ~(page - 1));
		if (mprotect(start, (size_t)(l->image->base + s->p_vaddr + s->p_memsz - start), protection(s)) != 0)
			return fail(l, "this process may not map executable code: %m");
	}
	return 0;
}

/* Whether the records of .eh_frame end in the zero length by which libgcc knows the end (crtend.o brings it). */
static int terminated(const struct loading *l, const char *record)
{
	uint32_t length;
	while (inside_image(l, record, sizeof(length))) {
		memcpy(&length, record, sizeof(length));
		if (length == 0)
			return 1;
		if (length == UINT32_MAX || !inside_image(l, record + 4, length))
			return 0;
		record += 4 + length;
	}
	return 0;
}

/* .eh_frame_hdr (LSB, "Exception Frames"): version, encodings, then the address of .eh_frame. */
static int register_unwind_tables(struct loading *l)
{
	for (int i = 0; i < l->header->e_phnum; i++) {
		const Elf64_Phdr *s = &l->segments[i];
		if (s->p_type != PT_GNU_EH_FRAME)
			continue;
		const unsigned char *header = (const unsigned char *)(l->image->base + s->p_vaddr);
		int32_t distance;
		if (header[0] != 1 || header[1] != 0x1b /* DW_EH_PE_pcrel | DW_EH_PE_sdata4 */)
			break;
		memcpy(&distance, header + 4, sizeof(distance));
		const char *table = (const char *)header + 4 + distance;
		if (__register_frame == NULL || !terminated(l, table))
			break;
		l->image->eh_frame = (void *)table;
		__register_frame(l->image->eh_frame);
		return 0;
	}
	return fail(l, "the patch has no unwind tables that can be registered");
}

int upstare_image_load(struct upstare_image *image, const void *elf, size_t size, upstare_bind_fn bind, void *context,
		       char *error, size_t error_size)
{
	struct loading l = { .image = image, .elf = elf, .size = size, .bind = bind, .context = context, .error = error,
			     .error_size = error_size };
	memset(image, 0, sizeof(*image));
	if (check_header(&l) != 0)
		return -1;
	if (map_segments(&l) != 0 || link_image(&l) != 0 || protect(&l) != 0 ||
	    register_unwind_tables(&l) != 0) {
		upstare_image_unload(image);
		return -1;
	}
	return 0;
}

void *upstare_image_symbol(const struct upstare_image *image, const char *name)
{
	for (uint32_t i = 1; i < image->nsymbols; i++)
		if (image->symbols[i].st_shndx != SHN_UNDEF &&
		    strcmp(image->strings + image->symbols[i].st_name, name) == 0)
			return image->base + image->symbols[i].st_value;
	return NULL;
}

void upstare_image_unload(struct upstare_image *image)
{
	if (image->eh_frame != NULL && __deregister_frame != NULL)
		__deregister_frame(image->eh_frame);
	if (image->base != NULL)
		munmap(image->base, image->span);
	memset(image, 0, sizeof(*image));
}
