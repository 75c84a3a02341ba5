/* What the names of the current version stand for: storage of variables, stubs of functions. Control thread only. */
#include "internal.h"

#include <string.h>

struct upstare_names upstare_variables, upstare_tls_names, upstare_stubs;

/* Offset of a module's thread-local block from the thread pointer; it is the same in every thread (initial-exec). */
extern hidden long upstare_loaded_tls_offset(const struct upstare_loaded *);

static size_t place_of(const struct upstare_names *n, const char *key)
{
	size_t i = upstare_hash(key, strlen(key), 0) & (n->capacity - 1);
	while (n->slots[i].key && strcmp(n->slots[i].key, key) != 0)
		i = (i + 1) & (n->capacity - 1);
	return i;
}

struct upstare_name *upstare_names_find(const struct upstare_names *n, const char *key)
{
	if (!n->capacity)
		return NULL;
	struct upstare_name *e = &n->slots[place_of(n, key)];
	/* no address: a library's that has gone */
	return e->key && e->address ? e : NULL;
}

int upstare_names_reserve(struct upstare_names *n, size_t more)
{
	size_t capacity = n->capacity ? n->capacity : 64;
	while (capacity < (n->count + more) * 2)
		capacity *= 2;
	if (capacity == n->capacity)
		return 0;
	struct upstare_names grown = {.capacity = capacity};
	grown.slots = upstare_pages(capacity * sizeof(*grown.slots));
	if (!grown.slots)
		return -1;
	for (size_t i = 0; i < n->capacity; i++)
		if (n->slots[i].key)
			upstare_names_set(&grown, &n->slots[i]);
	upstare_pages_free(n->slots, n->capacity * sizeof(*n->slots));
	*n = grown;
	return 0;
}

void upstare_names_set(struct upstare_names *n, const struct upstare_name *name)
{
	struct upstare_name *e = &n->slots[place_of(n, name->key)];
	if (!e->key)
		n->count++;
	*e = *name;
}

/* For each stub of a patch the key that its function had in the old version. */
static int find_old_keys(struct upstare_loaded *l)
{
	const struct upstare_module *m = l->module;
	const struct upstare_patch *patch = m->patch;
	size_t stubs = (size_t)(m->stubs_end - m->stubs);
	struct upstare_names keys = {0};
	if (!patch || l->old_keys)
		return 0;
	if (upstare_names_reserve(&keys, patch->nimports))
		return -1;
	l->old_keys = upstare_arena((stubs + 1) * sizeof(*l->old_keys));
	for (uint32_t i = 0; l->old_keys && i < patch->nimports; i++)
		if (patch->imports[i].kind == UPSTARE_IMPORT_STUB) {
			struct upstare_name name = {.key = patch->imports[i].key, .address = (char *)(uintptr_t)patch->imports[i].old_key};
			upstare_names_set(&keys, &name);
		}
	for (size_t i = 0; l->old_keys && i < stubs; i++) {
		const struct upstare_name *e = upstare_names_find(&keys, UPSTARE_STRING(m->stubs[i].key_rel));
		l->old_keys[i] = e ? e->address : NULL;
	}
	upstare_pages_free(keys.slots, keys.capacity * sizeof(*keys.slots));
	return l->old_keys ? 0 : -1;
}

/* With the prefix of a library, kept for good: of each name once. */
static const char *key_in(const struct upstare_loaded *l, const struct upstare_names *n, const char *key)
{
	char buffer[1024];
	size_t prefix = strlen(l->prefix), size = prefix + strlen(key) + 1;
	char *whole = size <= sizeof(buffer) ? buffer : upstare_arena(size);
	if (!whole)
		return NULL;
	memcpy(whole, l->prefix, prefix);
	memcpy(whole + prefix, key, size - prefix);
	const char *known = n->capacity ? n->slots[place_of(n, whole)].key : NULL;
	if (known)
		return known;
	char *kept = upstare_arena(size);
	return kept ? memcpy(kept, whole, size) : NULL;
}

int upstare_names_enter(struct upstare_loaded *l)
{
	const struct upstare_module *m = l->module;
	if (upstare_names_define(l))
		return -1;
	for (const struct upstare_variable *v = m->variables; v < m->variables_end; v++) {
		struct upstare_name name = {key_in(l, &upstare_variables, UPSTARE_STRING(v->key_rel)), upstare_variable_address(m, v), v->size, NULL};
		if (!name.key)
			return -1;
		upstare_names_set(&upstare_variables, &name);
	}
	for (const struct upstare_variable *v = m->tls_variables; v < m->tls_variables_end && l->static_tls; v++) {
		char *address = (char *)(upstare_loaded_tls_offset(l) + v->address);
		struct upstare_name name = {key_in(l, &upstare_tls_names, UPSTARE_STRING(v->key_rel)), address, v->size, NULL};
		if (!name.key)
			return -1;
		upstare_names_set(&upstare_tls_names, &name);
	}
	for (const struct upstare_stub *s = m->stubs; s < m->stubs_end; s++) {
		struct upstare_name name = {key_in(l, &upstare_stubs, UPSTARE_STRING(s->key_rel)), (char *)UPSTARE_REL(s->stub_rel), 0,
					    (void **)UPSTARE_REL(s->slot_rel)};
		if (!name.key)
			return -1;
		upstare_names_set(&upstare_stubs, &name);
	}
	return 0;
}

static void drop(struct upstare_loaded *l, struct upstare_names *n, const char *key, const char *address)
{
	const char *known = key_in(l, n, key);
	struct upstare_name *e = known ? upstare_names_find(n, known) : NULL;
	if (e && e->address == address)
		e->address = NULL;
}

void upstare_names_leave(struct upstare_loaded *l)
{
	const struct upstare_module *m = l->module;
	for (const struct upstare_variable *v = m->variables; v < m->variables_end; v++)
		drop(l, &upstare_variables, UPSTARE_STRING(v->key_rel), upstare_variable_address(m, v));
	for (const struct upstare_variable *v = m->tls_variables; v < m->tls_variables_end && l->static_tls; v++)
		drop(l, &upstare_tls_names, UPSTARE_STRING(v->key_rel), (char *)(upstare_loaded_tls_offset(l) + v->address));
	for (const struct upstare_stub *s = m->stubs; s < m->stubs_end; s++)
		drop(l, &upstare_stubs, UPSTARE_STRING(s->key_rel), (char *)UPSTARE_REL(s->stub_rel));
}

int upstare_names_define(struct upstare_loaded *l)
{
	const struct upstare_module *m = l->module;
	size_t renamed = 0;
	for (uint32_t i = 0; m->patch && i < m->patch->nimports; i++)
		renamed += m->patch->imports[i].new_key != NULL;
	if (renamed && !l->renamed) {
		l->renamed = upstare_arena(renamed * sizeof(*l->renamed));
		if (!l->renamed)
			return -1;
	}
	return upstare_names_reserve(&upstare_variables, (size_t)(m->variables_end - m->variables) + renamed) ||
			       upstare_names_reserve(&upstare_tls_names, (size_t)(m->tls_variables_end - m->tls_variables) + renamed) ||
			       upstare_names_reserve(&upstare_stubs, (size_t)(m->stubs_end - m->stubs)) || find_old_keys(l)
		       ? -1
		       : 0;
}

/* By the running version's stub of the same function, if it has one. */
static int find_called(struct upstare_loaded *l)
{
	const struct upstare_module *m = l->module;
	size_t n = (size_t)(m->stubs_end - m->stubs);
	if (!l->called)
		l->called = upstare_arena((n + 1) * sizeof(*l->called));
	for (size_t i = 0; l->called && i < n; i++) {
		const struct upstare_stub *s = &m->stubs[i];
		const char *old = l->old_keys ? l->old_keys[i] : NULL;
		const struct upstare_name *known = upstare_names_find(&upstare_stubs, old ? old : UPSTARE_STRING(s->key_rel));
		l->called[i] = known ? (struct upstare_called){known->address, known->slot}
				     : (struct upstare_called){(char *)UPSTARE_REL(s->stub_rel), (void **)UPSTARE_REL(s->slot_rel)};
	}
	return l->called ? 0 : -1;
}

/* The new version's variables are its own, and those that it keeps, which may have had another name. */
static int find_pointers(struct upstare_loaded *l)
{
	const struct upstare_module *m = l->module;
	const struct upstare_patch *patch = m->patch;
	struct upstare_names own = {0};
	if (!patch || !patch->npointer_maps)
		return 0;
	if (!l->pointers)
		l->pointers = upstare_arena(patch->npointer_maps * sizeof(*l->pointers));
	if (!l->pointers || upstare_names_reserve(&own, (size_t)(m->variables_end - m->variables) + l->nrenamed))
		return -1;
	for (const struct upstare_variable *v = m->variables; v < m->variables_end; v++) {
		struct upstare_name name = {.key = UPSTARE_STRING(v->key_rel), .address = upstare_variable_address(m, v)};
		upstare_names_set(&own, &name);
	}
	for (size_t i = 0; i < l->nrenamed; i++)
		if (!l->renamed[i].is_tls)
			upstare_names_set(&own, &l->renamed[i].name);
	for (uint32_t i = 0; i < patch->npointer_maps; i++) {
		const char *key = patch->pointer_maps[i].key;
		const struct upstare_name *e = upstare_names_find(&own, key);
		e = e ? e : upstare_names_find(&upstare_variables, key);
		l->pointers[i] = e ? e->address : NULL;
	}
	upstare_pages_free(own.slots, own.capacity * sizeof(*own.slots));
	return 0;
}

/* Searches that would take their time in the pause. */
int upstare_names_bind(struct upstare_loaded *l)
{
	return find_called(l) || find_pointers(l) ? -1 : 0;
}

void upstare_slots_switch(struct upstare_loaded *l)
{
	size_t n = (size_t)(l->module->stubs_end - l->module->stubs);
	for (size_t i = 0; i < n; i++)
		__atomic_store_n(l->called[i].slot, l->bodies[i], __ATOMIC_RELEASE);
}

void upstare_names_switch(struct upstare_loaded *l)
{
	const struct upstare_module *m = l->module;
	for (const struct upstare_variable *v = m->variables; v < m->variables_end; v++) {
		struct upstare_name name = {UPSTARE_STRING(v->key_rel), upstare_variable_address(m, v), v->size, NULL};
		upstare_names_set(&upstare_variables, &name);
	}
	for (size_t i = 0; i < l->nrenamed; i++)
		upstare_names_set(l->renamed[i].is_tls ? &upstare_tls_names : &upstare_variables, &l->renamed[i].name);
	if (m->tls_variables < m->tls_variables_end) {
		long block = upstare_loaded_tls_offset(l);
		for (const struct upstare_variable *v = m->tls_variables; v < m->tls_variables_end; v++) {
			struct upstare_name name = {UPSTARE_STRING(v->key_rel), (char *)(block + v->address), v->size, NULL};
			upstare_names_set(&upstare_tls_names, &name);
		}
	}
	for (const struct upstare_stub *s = m->stubs; s < m->stubs_end; s++) {
		const struct upstare_called *by = &l->called[s - m->stubs];
		struct upstare_name name = {UPSTARE_STRING(s->key_rel), by->address, 0, by->slot};
		upstare_names_set(&upstare_stubs, &name);
	}
}
