/* Binding a loaded patch to the running version: its undefined names, and the maps of its functions. */
#include "internal.h"

#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct dynamic {
	const Elf64_Sym *symbols;
	const char *strings;
	const Elf64_Rela *relocations[2];
	size_t counts[2];
};

static const void *absolute(const struct upstare_loaded *l, Elf64_Addr a)
{
	/* the dynamic linker has made these absolute, where the section could be written */
	return a < (Elf64_Addr)l->base ? l->base + a : (const char *)a;
}

static int read_dynamic(const struct upstare_loaded *l, struct dynamic *d)
{
	const Elf64_Ehdr *h = (const void *)l->low;
	const Elf64_Phdr *p = (const void *)(l->low + h->e_phoff);
	memset(d, 0, sizeof(*d));
	for (unsigned i = 0; i < h->e_phnum; i++) {
		if (p[i].p_type != PT_DYNAMIC)
			continue;
		for (const Elf64_Dyn *e = (const void *)(l->base + p[i].p_vaddr); e->d_tag != DT_NULL; e++)
			switch (e->d_tag) {
			case DT_SYMTAB:
				d->symbols = absolute(l, e->d_un.d_ptr);
				break;
			case DT_STRTAB:
				d->strings = absolute(l, e->d_un.d_ptr);
				break;
			case DT_RELA:
				d->relocations[0] = absolute(l, e->d_un.d_ptr);
				break;
			case DT_RELASZ:
				d->counts[0] = e->d_un.d_val / sizeof(Elf64_Rela);
				break;
			case DT_JMPREL:
				d->relocations[1] = absolute(l, e->d_un.d_ptr);
				break;
			case DT_PLTRELSZ:
				d->counts[1] = e->d_un.d_val / sizeof(Elf64_Rela);
				break;
			}
	}
	return d->symbols && d->strings ? 0 : -1;
}

/*
 * The running version's variable of that key: *found is NULL where it is of a library that is not there, whose code in the patch nobody
 * calls. size: that the patch takes for granted, 0: any. Returns 0, or -1 with a message: the program was built by other tools.
 */
static int find_variable(const struct upstare_names *names, const char *key, uint64_t size, const struct upstare_name **found, char *message, size_t n)
{
	const struct upstare_name *e = *found = upstare_names_find(names, key);
	if (!e && !upstare_library_present(key))
		return 0;
	if (!e) {
		snprintf(message, n, "the running version has no variable %s%s", key,
			 names == &upstare_tls_names ? " at one distance in all threads"
						     : ": program and patch have to be built by the same version of the tools");
		return -1;
	}
	if (size && e->size && e->size != size) {
		snprintf(message, n, "variable %s has %llu bytes in the running version, %llu in the patch", key,
			 (unsigned long long)e->size, (unsigned long long)size);
		return -1;
	}
	return 0;
}

/* What an import is bound to. 0, or -1 with a message. */
static int resolve(const struct upstare_loaded *l, const struct upstare_import *i, uint64_t *value, char *message, size_t n)
{
	const struct upstare_module *m = l->module;
	const struct upstare_name *e;
	if (i->kind == UPSTARE_IMPORT_STUB) {
		e = i->old_key ? upstare_names_find(&upstare_stubs, i->old_key) : NULL;
		if (e) {
			*value = (uint64_t)e->address;
			return 0;
		}
		for (const struct upstare_stub *s = m->stubs; s < m->stubs_end; s++)
			if (strcmp(UPSTARE_STRING(s->key_rel), i->key) == 0) {
				*value = (uint64_t)UPSTARE_REL(s->stub_rel);
				return 0;
			}
		if (!upstare_library_present(i->key)) {
			*value = 0;
			return 0;
		}
		snprintf(message, n, "the patch has no stub for function %s", i->key);
		return -1;
	}
	if (find_variable(i->kind == UPSTARE_IMPORT_TLS ? &upstare_tls_names : &upstare_variables, i->key, i->size, &e, message, n))
		return -1;
	*value = e ? (uint64_t)e->address : 0;
	return 0;
}

/* The variables that the patch transforms or gives new values, whose addresses its code need not know. 0, or 3 with a message. */
static int check_variables(const struct upstare_patch *patch, char *message, size_t n)
{
	const struct upstare_name *e;
	for (uint32_t i = 0; i < patch->nglobals; i++) {
		const struct upstare_global *g = &patch->globals[i];
		if (g->old_key && find_variable(&upstare_variables, g->old_key, g->old_size, &e, message, n))
			return 3;
	}
	for (uint32_t i = 0; i < patch->nreinits; i++)
		if (find_variable(&upstare_variables, patch->reinits[i].key, patch->reinits[i].size, &e, message, n))
			return 3;
	return 0;
}

struct bound {
	const char *symbol;
	uint64_t value;
};

static int bind_imports(struct upstare_loaded *l, char *message, size_t message_size)
{
	const struct upstare_patch *patch = l->module->patch;
	struct dynamic d;
	int result = 3;
	if (patch->nimports == 0)
		return 0;
	size_t size = 16;
	while (size < patch->nimports * 2u)
		size *= 2;
	struct bound *table = upstare_pages(size * sizeof(*table));
	if (!table || read_dynamic(l, &d)) {
		upstare_pages_free(table, size * sizeof(*table));
		snprintf(message, message_size, "no memory to bind the patch");
		return 5;
	}
	l->nrenamed = 0;
	for (uint32_t i = 0; i < patch->nimports; i++) {
		const struct upstare_import *import = &patch->imports[i];
		const char *symbol = import->symbol;
		size_t at = upstare_hash(symbol, strlen(symbol), 2) & (size - 1);
		while (table[at].symbol && strcmp(table[at].symbol, symbol) != 0)
			at = (at + 1) & (size - 1);
		table[at].symbol = symbol;
		if (resolve(l, import, &table[at].value, message, message_size))
			goto out;
		if (import->new_key && table[at].value)
			l->renamed[l->nrenamed++] = (struct upstare_renamed){
				.name = {.key = import->new_key, .address = (char *)table[at].value, .size = import->size},
				.is_tls = import->kind == UPSTARE_IMPORT_TLS,
			};
	}
	size_t relro = (size_t)(l->relro_high - l->relro_low);
	if (relro && mprotect(l->relro_low, relro, PROT_READ | PROT_WRITE)) {
		snprintf(message, message_size, "the patch's tables cannot be written");
		result = 5;
		goto out;
	}
	result = 0;
	for (int part = 0; part < 2; part++)
		for (size_t i = 0; i < d.counts[part]; i++) {
			const Elf64_Rela *r = &d.relocations[part][i];
			const Elf64_Sym *s = &d.symbols[ELF64_R_SYM(r->r_info)];
			if (!ELF64_R_SYM(r->r_info) || s->st_shndx != SHN_UNDEF)
				continue;
			const char *symbol = d.strings + s->st_name;
			size_t at = upstare_hash(symbol, strlen(symbol), 2) & (size - 1);
			while (table[at].symbol && strcmp(table[at].symbol, symbol) != 0)
				at = (at + 1) & (size - 1);
			if (!table[at].symbol)
				continue;
			uint64_t value = table[at].value;
			switch (ELF64_R_TYPE(r->r_info)) {
			case R_X86_64_64:
			case R_X86_64_TPOFF64:
				value += (uint64_t)r->r_addend;
				break;
			case R_X86_64_GLOB_DAT:
			case R_X86_64_JUMP_SLOT:
				break;
			default:
				snprintf(message, message_size, "relocation type %u of %s in the patch cannot be bound",
					 (unsigned)ELF64_R_TYPE(r->r_info), symbol);
				result = 3;
				continue;
			}
			memcpy(l->base + r->r_offset, &value, sizeof(value));
		}
	if (relro)
		mprotect(l->relro_low, relro, PROT_READ);
out:
	upstare_pages_free(table, size * sizeof(*table));
	return result;
}

/* Where the patch's functions that others find by name have to be put. */
static int bind_exports(struct upstare_loaded *l)
{
	const struct upstare_patch *patch = l->module->patch;
	if (!l->by_export.capacity && patch->nexports) {
		if (upstare_names_reserve(&l->by_export, patch->nexports))
			return -1;
		for (uint32_t i = 0; i < patch->nexports; i++) {
			struct upstare_name name = {.key = patch->exports[i].key, .address = patch->exports[i].body};
			upstare_names_set(&l->by_export, &name);
		}
	}
	l->nexports = 0;
	if (!patch->nexports)
		return 0;
	const struct upstare_loaded *program = upstare_modules;
	while (program->next)
		program = program->next;
	size_t want = (size_t)(program->module->exports_end - program->module->exports);
	for (const struct upstare_loaded *m = upstare_libraries; m; m = m->next_library)
		if (m->module)
			want += (size_t)(m->module->exports_end - m->module->exports);
	if (want > l->exports_size) {
		l->exports = upstare_arena(want * sizeof(*l->exports));
		l->exports_size = l->exports ? want : 0;
		if (!l->exports)
			return -1;
	}
	for (const struct upstare_loaded *m = program; m; m = m == program ? upstare_libraries : m->next_library) {
		if (!m->module || (m->prefix && m->library == UPSTARE_LIBRARY_STALE) || (m->prefix && m->library == UPSTARE_LIBRARY_CURRENT && !m->covered))
			continue;
		for (const struct upstare_export *e = m->module->exports; e < m->module->exports_end; e++) {
			char key[512];
			int n = snprintf(key, sizeof(key), "%s%s", m->prefix ? m->prefix : "", UPSTARE_STRING(e->name_rel));
			const struct upstare_name *body = (size_t)n < sizeof(key) ? upstare_names_find(&l->by_export, key) : NULL;
			if (body)
				l->exports[l->nexports++] = (struct upstare_export_move){(void **)UPSTARE_REL(e->slot_rel), body->address};
		}
	}
	return 0;
}

/* The map of each function of the version's modules. 0, or a code with a message. */
static int bind_maps(struct upstare_loaded *l, const struct upstare_loaded *from, char *message, size_t message_size)
{
	const struct upstare_patch *patch = l->module->patch;
	for (uint32_t i = 0; i < patch->nmaps; i++) {
		const struct upstare_map *map = &patch->maps[i];
		long f = upstare_loaded_find(from, map->old_key);
		if (f < 0)
			continue;
		const struct upstare_function *function = upstare_loaded_function(from, (uint32_t)f);
		if (function->layout != map->old_layout || function->npoints != map->npoints) {
			snprintf(message, message_size, "function %s of the running version is not the one the patch was made for",
				 map->old_key);
			return 3;
		}
		l->maps[from->first + (size_t)f] = map;
	}
	return 0;
}

static size_t functions_of(const struct upstare_loaded *l)
{
	return (size_t)(l->module->functions_end - l->module->functions);
}

int upstare_bind_patch(struct upstare_loaded *l, char *message, size_t message_size)
{
	struct upstare_loaded *from = upstare_current;
	int failed = upstare_loaded_prepare_index(from) || upstare_loaded_prepare_index(l) || upstare_names_define(l);
	size_t n = functions_of(from);
	for (struct upstare_loaded *m = upstare_libraries; m && !failed; m = m->next_library)
		if (m->module && m->covered) {
			failed = upstare_loaded_prepare_index(m);
			m->first = n;
			n += functions_of(m);
		}
	if (failed) {
		snprintf(message, message_size, "no memory for the patch's tables");
		return 5;
	}
	int code = check_variables(l->module->patch, message, message_size);
	if (!code)
		code = bind_imports(l, message, message_size);
	if (!code && upstare_names_bind(l)) {
		snprintf(message, message_size, "no memory for the patch's tables");
		code = 5;
	}
	if (code || (l->prepared_for == from && l->prepared_with == upstare_libraries_changes()))
		return code;
	l->prepared_for = NULL;
	if (n > l->maps_size) {
		l->maps = upstare_arena((n + 1) * sizeof(*l->maps));
		l->maps_size = l->maps ? n : 0;
	}
	if ((n && !l->maps) || bind_exports(l)) {
		snprintf(message, message_size, "no memory for the patch's tables");
		return 5;
	}
	if (n)
		memset(l->maps, 0, n * sizeof(*l->maps));
	code = bind_maps(l, from, message, message_size);
	for (const struct upstare_loaded *m = upstare_libraries; m && !code; m = m->next_library)
		if (m->module && m->covered)
			code = bind_maps(l, m, message, message_size);
	if (code)
		return code;
	l->prepared_with = upstare_libraries_changes();
	l->prepared_for = from;
	return 0;
}
