/* The table of loaded versions, and what is looked up in one: points by address, functions by key. */
#include "internal.h"

#include <elf.h>
#include <link.h>
#include <string.h>
#include <unwind.h>

struct upstare_loaded *upstare_modules, *upstare_current;
char upstare_program_name[64];

hidden const struct upstare_module *upstare_executable(void);
extern void *__tls_get_addr(size_t *);

char *upstare_variable_address(const struct upstare_module *m, const struct upstare_variable *v)
{
	if (m->is_patch)
		return (char *)v->address;
	char *field = (char *)&v->address;
	return v->address >> 32 == UPSTARE_THROUGH_TABLE ? *(char **)(field + (int32_t)v->address) : field + v->address;
}

struct search {
	struct upstare_loaded *loaded;
	uintptr_t inside;
	size_t tls_module;
	bool found;
};

static void build_id(struct upstare_loaded *l, const char *note, size_t size)
{
	while (size >= sizeof(Elf64_Nhdr)) {
		const Elf64_Nhdr *h = (const void *)note;
		size_t name = (h->n_namesz + 3u) & ~3u, whole = sizeof(*h) + name + ((h->n_descsz + 3u) & ~3u);
		if (whole > size)
			return;
		if (h->n_type == NT_GNU_BUILD_ID && h->n_namesz == 4 && h->n_descsz <= sizeof(l->build_id) / 2 - 1) {
			const unsigned char *id = (const unsigned char *)(h + 1) + name;
			for (size_t i = 0; i < h->n_descsz; i++) {
				l->build_id[2 * i] = "0123456789abcdef"[id[i] >> 4];
				l->build_id[2 * i + 1] = "0123456789abcdef"[id[i] & 15];
			}
			return;
		}
		note += whole;
		size -= whole;
	}
}

static int examine(struct dl_phdr_info *info, size_t size, void *argument)
{
	struct search *s = argument;
	struct upstare_loaded *l = s->loaded;
	(void)size;
	bool inside = false;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const Elf64_Phdr *p = &info->dlpi_phdr[i];
		uintptr_t low = info->dlpi_addr + p->p_vaddr;
		inside |= p->p_type == PT_LOAD && s->inside >= low && s->inside < low + p->p_memsz;
	}
	if (!inside)
		return 0;
	s->found = true;
	s->tls_module = info->dlpi_tls_modid;
	l->base = (char *)info->dlpi_addr;
	l->nsegments = 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const Elf64_Phdr *p = &info->dlpi_phdr[i];
		char *low = l->base + p->p_vaddr, *high = low + p->p_memsz;
		if (p->p_type == PT_LOAD && l->nsegments < UPSTARE_SEGMENTS) {
			l->segments[l->nsegments++] = (struct upstare_pt_load){low, high, p->p_flags};
			l->low = l->low && l->low < low ? l->low : low;
			l->high = l->high > high ? l->high : high;
		} else if (p->p_type == PT_GNU_RELRO) {
			l->relro_low = (char *)((uintptr_t)low & ~(uintptr_t)4095);
			l->relro_high = (char *)((uintptr_t)high & ~(uintptr_t)4095);
		} else if (p->p_type == PT_NOTE && !l->build_id[0]) {
			build_id(l, low, p->p_memsz);
		}
	}
	return 1;
}

int upstare_loaded_describe(struct upstare_loaded *l, const void *inside)
{
	struct search s = {.loaded = l, .inside = (uintptr_t)inside};
	dl_iterate_phdr(examine, &s);
	return s.found ? 0 : -1;
}

hidden long upstare_loaded_tls_offset(const struct upstare_loaded *l);
long upstare_loaded_tls_offset(const struct upstare_loaded *l)
{
	struct upstare_loaded scratch = {0};
	struct search s = {.loaded = &scratch, .inside = (uintptr_t)l->module};
	dl_iterate_phdr(examine, &s);
	size_t index[2] = {s.tls_module, 0};
	return s.tls_module ? (char *)__tls_get_addr(index) - (char *)__builtin_thread_pointer() : 0;
}

const struct upstare_function *upstare_loaded_function(const struct upstare_loaded *l, uint32_t number)
{
	return &l->module->functions[number];
}

bool upstare_loaded_text(const struct upstare_loaded *l, uintptr_t pc)
{
	for (unsigned i = 0; i < l->nsegments; i++)
		if ((l->segments[i].flags & PF_X) && (char *)pc > l->segments[i].low && (char *)pc <= l->segments[i].high)
			return true;
	return false;
}

struct upstare_loaded *upstare_loaded_with_text(uintptr_t pc)
{
	if (upstare_current && upstare_loaded_text(upstare_current, pc))
		return upstare_current;
	for (struct upstare_loaded *l = upstare_newest_module(); l; l = l->next)
		if (upstare_loaded_text(l, pc))
			return l;
	return upstare_library_at(pc);
}

/* A check that follows the call at most this far is the call's: what takes its value stands in between. */
#define CHECK_DISTANCE 48

const struct upstare_index_entry *upstare_loaded_point(const struct upstare_loaded *l, uintptr_t pc, uintptr_t region, bool *exact)
{
	uint32_t offset = (uint32_t)(pc - (uintptr_t)l->base);
	size_t low = 0, high = l->nindex;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (l->index[middle].pc < offset)
			low = middle + 1;
		else
			high = middle;
	}
	uint32_t function = (uint32_t)(region - (uintptr_t)l->base);
	if (low < l->nindex && l->index[low].region == function) {
		*exact = l->index[low].pc - offset <= CHECK_DISTANCE;
		return &l->index[low];
	}
	*exact = false;
	return low > 0 && l->index[low - 1].region == function ? &l->index[low - 1] : NULL;
}

/* By the number's bytes, from the lowest on: some 600,000 entries (PostgreSQL) are sorted in each process that takes part. */
static int sort_by_pc(struct upstare_index_entry *index, size_t n)
{
	struct upstare_index_entry *spare = upstare_pages((n + 1) * sizeof(*spare)), *from = index, *to = spare;
	if (!spare)
		return -1;
	for (unsigned shift = 0; shift < 32; shift += 8) {
		size_t at[256] = {0}, sum = 0;
		for (size_t i = 0; i < n; i++)
			at[from[i].pc >> shift & 255]++;
		for (unsigned byte = 0; byte < 256; byte++) {
			size_t count = at[byte];
			at[byte] = sum;
			sum += count;
		}
		for (size_t i = 0; i < n; i++)
			to[at[from[i].pc >> shift & 255]++] = from[i];
		struct upstare_index_entry *other = from;
		from = to;
		to = other;
	}
	upstare_pages_free(spare, (n + 1) * sizeof(*spare));
	return 0;
}

static void find_region(const struct upstare_loaded *l, struct upstare_index_entry *e)
{
	e->region = (uint32_t)((uintptr_t)_Unwind_FindEnclosingFunction(l->base + e->pc) - (uintptr_t)l->base);
}

/* Those of low and high are known. What lies between two points of one function lies in it, too: looking up a region takes long. */
static void fill_regions(const struct upstare_loaded *l, struct upstare_index_entry *index, size_t low, size_t high)
{
	if (high - low < 2)
		return;
	if (index[low].region == index[high].region && index[low].region != (uint32_t)-(uintptr_t)l->base) {
		for (size_t i = low + 1; i < high; i++)
			index[i].region = index[low].region;
		return;
	}
	size_t middle = low + (high - low) / 2;
	find_region(l, &index[middle]);
	fill_regions(l, index, low, middle);
	fill_regions(l, index, middle, high);
}

int upstare_loaded_prepare_index(struct upstare_loaded *l)
{
	const struct upstare_module *m = l->module;
	size_t functions = (size_t)(m->functions_end - m->functions);
	if (!l->by_key) {
		size_t size = 16;
		while (size < functions * 2)
			size *= 2;
		uint32_t *table = upstare_loaded_memory(l, size * sizeof(*table));
		if (!table)
			return -1;
		memset(table, 0, size * sizeof(*table));
		for (size_t f = 0; f < functions; f++) {
			const char *key = UPSTARE_STRING(m->functions[f].key_rel);
			size_t i = upstare_hash(key, strlen(key), 1) & (size - 1);
			while (table[i])
				i = (i + 1) & (size - 1);
			table[i] = (uint32_t)f + 1;
		}
		l->by_key_size = size;
		l->by_key = table;
	}
	if (!l->index) {
		size_t n = (size_t)(m->points_end - m->points);
		struct upstare_index_entry *index = upstare_loaded_memory(l, (n + 1) * sizeof(*index));
		if (!index)
			return -1;
		l->nindex = 0;
		uintptr_t before = 0;
		for (const struct upstare_point_entry *p = m->points; p < m->points_end; p++) {
			uintptr_t pc = (uintptr_t)UPSTARE_REL(p->pc_rel);
			/* Garbage-collected sections leave entries that point nowhere; of an inlined call nothing is left but its
			 * __UP_CALLED, at the end of the last check of what was inlined. */
			if (!upstare_loaded_text(l, pc) || pc == before)
				continue;
			before = pc;
			const struct upstare_function *f = (const void *)UPSTARE_REL(p->function_rel);
			index[l->nindex++] = (struct upstare_index_entry){.pc = (uint32_t)(pc - (uintptr_t)l->base),
									  .function = (uint32_t)(f - m->functions),
									  .point = p->point};
		}
		if (sort_by_pc(index, l->nindex))
			return -1;
		if (l->nindex) {
			find_region(l, &index[0]);
			find_region(l, &index[l->nindex - 1]);
			fill_regions(l, index, 0, l->nindex - 1);
		}
		l->index = index;
	}
	return 0;
}

long upstare_loaded_find(const struct upstare_loaded *l, const char *key)
{
	if (!l->by_key)
		return -1;
	if (l->prefix) {
		size_t prefix = strlen(l->prefix);
		if (strncmp(key, l->prefix, prefix) != 0)
			return -1;
		key += prefix;
	}
	for (size_t i = upstare_hash(key, strlen(key), 1);; i++) {
		uint32_t f = l->by_key[i & (l->by_key_size - 1)];
		if (!f)
			return -1;
		if (strcmp(UPSTARE_STRING(l->module->functions[f - 1].key_rel), key) == 0)
			return (long)f - 1;
	}
}

/* The executable as the first version; called before the first update is looked at. */
int upstare_modules_init(void)
{
	static struct upstare_loaded executable;
	if (upstare_current)
		return 0;
	const struct upstare_module *m = upstare_executable();
	executable.module = m;
	if (upstare_loaded_describe(&executable, &executable))
		return -1;
	size_t stubs = (size_t)(m->stubs_end - m->stubs);
	executable.bodies = upstare_arena((stubs + 1) * sizeof(void *));
	if (!executable.bodies)
		return -1;
	for (size_t i = 0; i < stubs; i++)
		executable.bodies[i] = *(void **)UPSTARE_REL(m->stubs[i].slot_rel);
	if (upstare_names_define(&executable) || upstare_names_bind(&executable))
		return -1;
	upstare_names_switch(&executable);
	upstare_modules = &executable;
	upstare_current = &executable;
	return 0;
}
