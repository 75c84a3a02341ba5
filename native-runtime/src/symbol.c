/*
 * What dladdr tells, for messages, without the dynamic linker's lock: who holds that may be waiting for the update to end
 * (library.c).
 */
#include "internal.h"

#include <link.h>
#include <string.h>
#include <sys/auxv.h>

struct symbol {
	uintptr_t pc;
	const char *name, *file;
	const Elf64_Sym *best;
};

struct tables {
	const Elf64_Sym *symbols;
	const char *strings;
	const uint32_t *hash, *gnu_hash;
};

static const void *absolute(const struct dl_phdr_info *info, uint64_t value)
{
	return (const char *)(value < info->dlpi_addr ? info->dlpi_addr + value : value);
}

static struct tables tables_of(const struct dl_phdr_info *info, const Elf64_Dyn *d)
{
	struct tables t = {0};
	for (; d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_SYMTAB)
			t.symbols = absolute(info, d->d_un.d_ptr);
		else if (d->d_tag == DT_STRTAB)
			t.strings = absolute(info, d->d_un.d_ptr);
		else if (d->d_tag == DT_HASH)
			t.hash = absolute(info, d->d_un.d_ptr);
		else if (d->d_tag == DT_GNU_HASH)
			t.gnu_hash = absolute(info, d->d_un.d_ptr);
	return t;
}

/* The number of symbols: nchain of the old table, the end of the last chain of GNU's. */
static uint32_t count(const struct tables *t)
{
	if (t->hash)
		return t->hash[1];
	if (!t->gnu_hash)
		return 0;
	uint32_t nbuckets = t->gnu_hash[0], first = t->gnu_hash[1], last = 0;
	const uint32_t *buckets = t->gnu_hash + 4 + t->gnu_hash[2] * 2, *chains = buckets + nbuckets;
	for (uint32_t i = 0; i < nbuckets; i++)
		last = buckets[i] > last ? buckets[i] : last;
	if (last < first)
		return first;
	while (!(chains[last - first] & 1))
		last++;
	return last + 1;
}

static int look(struct dl_phdr_info *info, size_t size, void *argument)
{
	struct symbol *s = argument;
	const Elf64_Dyn *dynamic = NULL;
	bool inside = false;
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const Elf64_Phdr *p = &info->dlpi_phdr[i];
		uintptr_t low = info->dlpi_addr + p->p_vaddr;
		inside |= p->p_type == PT_LOAD && s->pc >= low && s->pc < low + p->p_memsz;
		if (p->p_type == PT_DYNAMIC)
			dynamic = (const void *)low;
	}
	if (!inside)
		return 0;
	s->file = info->dlpi_name[0] ? info->dlpi_name : (const char *)getauxval(AT_EXECFN);
	if (!dynamic)
		return 1;
	struct tables t = tables_of(info, dynamic);
	for (uint32_t i = 1, n = t.symbols && t.strings ? count(&t) : 0; i < n; i++) {
		const Elf64_Sym *e = &t.symbols[i];
		uintptr_t address = info->dlpi_addr + e->st_value;
		if (e->st_shndx == SHN_UNDEF || ELF64_ST_TYPE(e->st_info) == STT_TLS || address > s->pc)
			continue;
		if (e->st_size && s->pc >= address + e->st_size)
			continue;
		if (!s->best || e->st_value > s->best->st_value) {
			s->best = e;
			s->name = t.strings + e->st_name;
		}
	}
	return 1;
}

bool upstare_symbol_at(uintptr_t pc, const char **symbol, const char **file)
{
	struct symbol s = {.pc = pc};
	if (!dl_iterate_phdr(look, &s))
		return false;
	*symbol = s.name;
	*file = s.file;
	return true;
}
