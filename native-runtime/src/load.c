/* Loading a patch: a shared object in memory, opened by the dynamic linker; superseded copies are used again. */
#include "internal.h"

#include <dlfcn.h>
#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The dynamic linker knows files by their names: one that it has not seen, for the same descriptor. */
static void *open_file(int fd, char *message, size_t message_size)
{
	static unsigned opened;
	char path[160] = "/proc/self/fd";
	size_t length = strlen(path);
	for (unsigned bits = ++opened; bits && length < sizeof(path) - 20; bits >>= 1, length += 2)
		memcpy(path + length, bits & 1 ? "/." : "//", 3);
	snprintf(path + length, sizeof(path) - length, "/%d", fd);
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		snprintf(message, message_size, "the patch cannot be loaded: %s", dlerror());
	return handle;
}

static void describe_image(struct upstare_loaded *l)
{
	const Elf64_Ehdr *h = (const void *)l->image.base;
	const Elf64_Phdr *p = (const void *)(l->image.base + h->e_phoff);
	l->base = l->low = l->image.base;
	l->high = l->low + l->image.span;
	for (unsigned i = 0; i < h->e_phnum && l->nsegments < UPSTARE_SEGMENTS; i++)
		if (p[i].p_type == PT_LOAD)
			l->segments[l->nsegments++] = (struct upstare_pt_load){
				l->base + p[i].p_vaddr, l->base + p[i].p_vaddr + p[i].p_memsz, p[i].p_flags};
}

bool upstare_filtered;

/*
 * The dynamic linker is preferred (debuggers and profilers know what it loads), but a process that has changed root, that has
 * no /proc, or that may open no files, can name none to it. Returns the module, or NULL with a message.
 */
static const struct upstare_module *open_module(struct upstare_loaded *l, struct upstare_payload *p, char *message, size_t message_size)
{
	int fd = UPSTARE_PAYLOAD_NO_FILE;
	const char *why = p->bytes || p->fd ? NULL : p->fetch(p);
	if (why) {
		snprintf(message, message_size, "%s", why);
		return NULL;
	}
	if (!upstare_filtered && access("/proc/self/fd", X_OK) == 0)
		fd = upstare_payload_file(p);
	if (fd >= 0) {
		l->handle = open_file(fd, message, message_size);
		const struct upstare_module *m = l->handle ? dlsym(l->handle, "upstare_module") : NULL;
		return m && upstare_loaded_describe(l, m) == 0 ? m : NULL;
	}
	if (fd == UPSTARE_PAYLOAD_NO_MEMORY || !p->bytes) {
		snprintf(message, message_size, p->bytes ? "no memory for the patch" : "the patch's file in memory has been closed");
		return NULL;
	}
	char error[160];
	if (upstare_image_load(&l->image, p->bytes, p->size, NULL, NULL, error, sizeof(error)) != 0) {
		snprintf(message, message_size, "the patch cannot be loaded: %s", error);
		return NULL;
	}
	describe_image(l);
	l->told = upstare_libgcc_register(l->image.eh_frame);
	return upstare_image_symbol(&l->image, "upstare_module");
}

static void close_module(struct upstare_loaded *l)
{
	if (l->told)
		upstare_libgcc_deregister(l->image.eh_frame);
	if (l->handle)
		dlclose(l->handle);
	else
		upstare_image_unload(&l->image);
	l->handle = NULL;
	l->told = false;
}

static bool is_slot(const struct upstare_module *m, const uint64_t *word)
{
	if ((const unsigned char *)word <= m->flag && m->flag < (const unsigned char *)(word + 1))
		return true;
	for (const struct upstare_stub *s = m->stubs; s < m->stubs_end; s++)
		if (UPSTARE_REL(s->slot_rel) == (const char *)word)
			return true;
	return false;
}

static void next_writable(const struct upstare_loaded *l, unsigned segment, uint64_t **low, uint64_t **high)
{
	const struct upstare_pt_load *s = &l->segments[segment];
	char *from = s->low, *to = s->high;
	if (!(s->flags & PF_W)) {
		to = from;
	} else if (l->relro_high > from && l->relro_low < to) {
		/* it stands at the segment's start */
		from = l->relro_high;
	}
	*low = (uint64_t *)(((uintptr_t)from + 7) & ~(uintptr_t)7);
	*high = (uint64_t *)((uintptr_t)to & ~(uintptr_t)7);
}

/* The variables as loaded, so that the module can be used again once it is superseded: words that are not zero. */
static int save_words(struct upstare_loaded *l)
{
	uint64_t *low, *high;
	for (int pass = 0; pass < 2; pass++) {
		size_t n = 0;
		for (unsigned s = 0; s < l->nsegments; s++)
			for (next_writable(l, s, &low, &high); low < high; low++)
				if (*low) {
					if (pass)
						l->saved[n] = (struct upstare_saved_word){low, *low};
					n++;
				}
		if (!pass && !(l->saved = upstare_arena((n + 1) * sizeof(*l->saved))))
			return -1;
		l->nsaved = n;
	}
	return 0;
}

static void restore_words(struct upstare_loaded *l)
{
	size_t n = 0;
	uint64_t *low, *high;
	for (unsigned s = 0; s < l->nsegments; s++)
		for (next_writable(l, s, &low, &high); low < high; low++) {
			uint64_t value = 0;
			if (n < l->nsaved && l->saved[n].address == low)
				value = l->saved[n++].value;
			if (*low != value && !is_slot(l->module, low))
				*low = value;
		}
}

static bool in_use(const struct upstare_loaded *l)
{
	if (l == upstare_current || upstare_stale_needs(l))
		return true;
	for (size_t i = 0; i < upstare_variables.capacity; i++) {
		const struct upstare_name *n = &upstare_variables.slots[i];
		if (n->key && n->address >= l->low && n->address < l->high)
			return true;
	}
	return l->module->tls_variables < l->module->tls_variables_end;
}

struct upstare_loaded *upstare_load_patch(struct upstare_payload *p, int *code, char *message, size_t message_size)
{
	*code = 3;
	/* The run mode's patches stay mapped as they are: their content is looked at once. */
	const void *held = upstare_run_holds(p->bytes) ? p->bytes : NULL;
	for (struct upstare_loaded *l = upstare_modules; held && l; l = l->next)
		if (l->held == held && !in_use(l)) {
			restore_words(l);
			return l;
		}
	const uint64_t *content = upstare_payload_content(p);
	for (struct upstare_loaded *l = upstare_modules; l; l = l->next)
		if ((l->handle || l->image.base) && memcmp(l->content, content, sizeof(l->content)) == 0 && !in_use(l)) {
			restore_words(l);
			return l;
		}
	struct upstare_loaded *l = upstare_arena(sizeof(*l));
	if (!l) {
		*code = 5;
		snprintf(message, message_size, "no memory for the patch");
		return NULL;
	}
	memset(l, 0, sizeof(*l));
	snprintf(message, message_size, "not a patch made by upstare-patch");
	const struct upstare_module *m = open_module(l, p, message, message_size);
	if (!m)
		goto failed;
	if (m->abi_version != UPSTARE_ABI_VERSION || !m->is_patch || !m->patch || !m->patch->old_build_id ||
	    !m->patch->new_build_id) {
		snprintf(message, message_size,
			 m->abi_version != UPSTARE_ABI_VERSION ? "the patch was not made by the version of the tools that built the program: make both with the same"
								    : "not a patch made by upstare-patch");
		goto failed;
	}
	l->module = m;
	*code = 5;
	size_t stubs = (size_t)(m->stubs_end - m->stubs);
	l->bodies = upstare_arena((stubs + 1) * sizeof(void *));
	if (!l->bodies || save_words(l)) {
		snprintf(message, message_size, "no memory for the patch");
		goto failed;
	}
	for (size_t i = 0; i < stubs; i++)
		l->bodies[i] = *(void **)UPSTARE_REL(m->stubs[i].slot_rel);
	memset(l->build_id, 0, sizeof(l->build_id));
	snprintf(l->build_id, sizeof(l->build_id), "%s", m->patch->new_build_id);
	memcpy(l->content, content, sizeof(l->content));
	l->held = held;
	l->next = upstare_modules;
	__atomic_store_n(&upstare_modules, l, __ATOMIC_RELEASE);
	return l;
failed:
	close_module(l);
	return NULL;
}
