/*
 * Shared libraries of the program. Each comes with tables of its own (shared/library.c), and the version that runs consists of
 * the executable and of them, until a patch, which brings all of them in one module, takes their place.
 *
 * The list of what is registered is protected by upstare_lock; what has been taken in (struct upstare_loaded) belongs to the
 * control thread between open and close. Such a struct is never given back, only used again, since parking threads walk the
 * list; its tables are, when the library is closed.
 */
#include "internal.h"

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"

struct upstare_owned {
	struct upstare_owned *next;
	size_t size;
};

struct upstare_loaded *upstare_libraries;
static struct upstare_library *registered;
static uint32_t changes, closing, event;
static bool window;
UPSTARE_CHILD_DATA static const void *ending = NULL; /* the thread that runs exit */

extern void upstare_point(void);

/*
 * A block of static TLS stands right below the thread pointer, on the stack of the control thread, which has 512 KB. One that is
 * allocated for each thread by itself cannot be there.
 */
#define STATIC_TLS ((long)256 << 10)
extern hidden long upstare_loaded_tls_offset(const struct upstare_loaded *);

void *upstare_loaded_memory(struct upstare_loaded *l, size_t size)
{
	if (!l->prefix)
		return upstare_arena(size);
	size_t head = (sizeof(struct upstare_owned) + 63) & ~(size_t)63;
	struct upstare_owned *memory = upstare_pages(head + size);
	if (!memory)
		return NULL;
	*memory = (struct upstare_owned){l->owned, head + size};
	l->owned = memory;
	return (char *)memory + head;
}

/* ---- what a library is called ---- */

struct named {
	const void *inside;
	char name[128];
};

static int find_name(struct dl_phdr_info *info, size_t size, void *argument)
{
	struct named *n = argument;
	const Elf64_Dyn *dynamic = NULL;
	bool inside = false;
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const Elf64_Phdr *p = &info->dlpi_phdr[i];
		const char *low = (const char *)info->dlpi_addr + p->p_vaddr;
		inside |= p->p_type == PT_LOAD && (const char *)n->inside >= low && (const char *)n->inside < low + p->p_memsz;
		if (p->p_type == PT_DYNAMIC)
			dynamic = (const void *)low;
	}
	if (!inside)
		return 0;
	const char *file = strrchr(info->dlpi_name, '/'), *strings = NULL;
	file = file ? file + 1 : info->dlpi_name;
	uint64_t own = 0;
	for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++) {
		uint64_t value = dynamic->d_un.d_val;
		if (dynamic->d_tag == DT_STRTAB) /* absolute once glibc has loaded it */
			strings = value < info->dlpi_addr ? (char *)info->dlpi_addr + value : (char *)value;
		else if (dynamic->d_tag == DT_SONAME)
			own = value;
	}
	snprintf(n->name, sizeof(n->name), "%s", own && strings ? strings + own : file);
	char *end = strstr(n->name, ".so");
	if (end)
		end[3] = 0;
	return 1;
}

/* ---- registration ---- */

static const struct upstare_patch_module *listed(const struct upstare_patch *patch, const char *prefix)
{
	size_t length = strlen(prefix) - 1;
	for (uint32_t i = 0; patch && i < patch->nmodules; i++)
		if (strncmp(patch->modules[i].name, prefix, length) == 0 && !patch->modules[i].name[length])
			return &patch->modules[i];
	return NULL;
}

/* A library that comes after an update has to be the new version's, where that has one of its name. */
static enum upstare_library_state state_of(const char *prefix, const char *build_id)
{
	const struct upstare_patch_module *m = upstare_current ? listed(upstare_current->module->patch, prefix) : NULL;
	return m && m->new_build_id[0] && strcmp(m->new_build_id, build_id) != 0 ? UPSTARE_LIBRARY_STALE : UPSTARE_LIBRARY_CURRENT;
}

static void tell_stale(const struct upstare_library *library)
{
	struct named n = {.inside = library};
	struct upstare_loaded l = {.module = library->module};
	char prefix[sizeof(n.name) + 1];
	if (!dl_iterate_phdr(find_name, &n) || upstare_loaded_describe(&l, library))
		return;
	snprintf(prefix, sizeof(prefix), "%s!", n.name);
	if (state_of(prefix, l.build_id) == UPSTARE_LIBRARY_STALE)
		upstare_log("%s (build id %s) was loaded after an update that brought another version of it; it runs as it is, "
			    "and is not updated", n.name, l.build_id);
}

exported int upstare_library_enter(struct upstare_library *library)
{
	const char *off = getenv("UPSTARE");
	uint64_t mask;
	if (library->module->abi_version != UPSTARE_ABI_VERSION || (off && strcmp(off, "off") == 0))
		return -1;
	for (const struct upstare_wrapped *w = library->wrapped; w < library->wrapped_end; w++) {
		void *call = dlsym(RTLD_DEFAULT, UPSTARE_STRING(w->name_rel));
		if (call)
			*(void **)UPSTARE_REL(w->slot_rel) = call;
	}
	*library->point = (void *)(uintptr_t)upstare_point;
	library->loaded = NULL;
	upstare_lock(&mask);
	*library->module->flag = upstare_run_mode;
	library->next = registered;
	__atomic_store_n(&registered, library, __ATOMIC_RELEASE);
	upstare_unlock(&mask);
	if (upstare_current && upstare_current->module->patch)
		tell_stale(library);
	return 0;
}

static void forget(struct upstare_loaded *l)
{
	upstare_names_leave(l);
	l->nsegments = 0;
	l->low = l->high = NULL;
	l->covered = false;
	l->module = NULL;
	l->index = NULL;
	l->by_key = NULL;
	for (struct upstare_owned *m = l->owned, *next; m; m = next) {
		next = m->next;
		upstare_pages_free(m, m->size);
	}
	l->owned = NULL;
	changes++;
}

void upstare_libraries_end(void)
{
	if (registered)
		ending = __builtin_thread_pointer();
}

exported void upstare_library_leave(struct upstare_library *library)
{
	uint64_t mask;
	upstare_lock(&mask);
	/* The library is not unmapped, and the update does without a process that has ended. Another thread may well be in dlclose. */
	if (ending == __builtin_thread_pointer() && window) {
		upstare_unlock(&mask);
		return;
	}
	/* An update gives up at once, or is about to end: nobody who has parked can be in a library that is being closed. */
	__atomic_add_fetch(&closing, 1, __ATOMIC_SEQ_CST);
	while (window) {
		uint32_t seen = event;
		upstare_unlock(&mask);
		upstare_event();
		upstare_futex_wait(&event, seen, 10000000);
		upstare_lock(&mask);
	}
	for (struct upstare_library **l = &registered; *l; l = &(*l)->next)
		if (*l == library) {
			*l = library->next;
			break;
		}
	if (library->loaded)
		forget(library->loaded);
	__atomic_sub_fetch(&closing, 1, __ATOMIC_SEQ_CST);
	upstare_unlock(&mask);
}

/* ---- what the control thread does ---- */

static int take_in(struct upstare_library *library)
{
	struct named n = {.inside = library};
	struct upstare_loaded *l = upstare_libraries;
	while (l && l->module)
		l = l->next_library;
	bool fresh = !l;
	char prefix[sizeof(n.name) + 1];
	if (!dl_iterate_phdr(find_name, &n))
		return -1;
	const char *kept = NULL;
	int length = snprintf(prefix, sizeof(prefix), "%s!", n.name);
	for (struct upstare_loaded *m = upstare_libraries; m && !kept; m = m->next_library)
		kept = strcmp(m->prefix, prefix) == 0 ? m->prefix : NULL;
	if (!kept && (kept = upstare_arena((size_t)length + 1)))
		memcpy((char *)kept, prefix, (size_t)length + 1);
	if (!kept)
		return -1;
	if (fresh && !(l = upstare_arena(sizeof(*l))))
		return -1;
	struct upstare_loaded *next = fresh ? upstare_libraries : l->next_library;
	memset(l, 0, sizeof(*l));
	l->next_library = next;
	l->prefix = kept;
	if (upstare_loaded_describe(l, library))
		return -1;
	l->module = library->module;
	long tls = upstare_loaded_tls_offset(l);
	l->static_tls = tls < 0 && tls > -STATIC_TLS;
	l->library = state_of(prefix, l->build_id);
	if (fresh)
		__atomic_store_n(&upstare_libraries, l, __ATOMIC_RELEASE);
	library->loaded = l;
	changes++;
	return l->library == UPSTARE_LIBRARY_CURRENT ? upstare_names_enter(l) : 0;
}

int upstare_libraries_open(void)
{
	uint64_t mask;
	int failed = 0;
	upstare_lock(&mask);
	while (closing) {
		upstare_unlock(&mask);
		upstare_futex_wait(&event, event, 1000000);
		upstare_lock(&mask);
	}
	window = true;
	upstare_unlock(&mask);
	for (struct upstare_library *l = __atomic_load_n(&registered, __ATOMIC_ACQUIRE); l && !failed; l = l->next)
		if (!l->loaded)
			failed = take_in(l);
	return failed;
}

void upstare_libraries_close(void)
{
	uint64_t mask;
	upstare_lock(&mask);
	window = false;
	upstare_unlock(&mask);
	__atomic_add_fetch(&event, 1, __ATOMIC_RELEASE);
	if (__atomic_load_n(&closing, __ATOMIC_ACQUIRE))
		upstare_futex_wake(&event, INT_MAX);
}

bool upstare_libraries_disturbed(void)
{
	return __atomic_load_n(&closing, __ATOMIC_ACQUIRE) != 0;
}

uint32_t upstare_libraries_changes(void)
{
	return changes;
}

static bool is_part(const struct upstare_loaded *l)
{
	return l->module && l->covered && l->library == UPSTARE_LIBRARY_CURRENT;
}

static bool takes_part(const struct upstare_loaded *l)
{
	return is_part(l) || (l->module && l->library == UPSTARE_LIBRARY_SUPERSEDED);
}

struct upstare_loaded *upstare_library_at(uintptr_t pc)
{
	for (struct upstare_loaded *l = upstare_libraries; l; l = l->next_library)
		if (takes_part(l) && upstare_loaded_text(l, pc))
			return l;
	return NULL;
}

struct upstare_loaded *upstare_module_of(const struct upstare_function *f)
{
	for (struct upstare_loaded *l = upstare_newest_module(); l; l = l->next)
		if (f >= l->module->functions && f < l->module->functions_end)
			return l;
	for (struct upstare_loaded *l = upstare_libraries; l; l = l->next_library)
		if (takes_part(l) && f >= l->module->functions && f < l->module->functions_end)
			return l;
	return NULL;
}

struct upstare_loaded *upstare_version(const struct upstare_loaded *l)
{
	return l->prefix ? l->version : (struct upstare_loaded *)l;
}

bool upstare_is_current(const struct upstare_loaded *l)
{
	return l->prefix ? is_part(l) : l == upstare_current;
}

bool upstare_library_present(const char *key)
{
	const char *end = strchr(key, '!');
	if (!end)
		return true;
	size_t length = (size_t)(end - key) + 1;
	for (const struct upstare_loaded *l = upstare_libraries; l; l = l->next_library)
		if (l->module && l->library != UPSTARE_LIBRARY_STALE && strncmp(l->prefix, key, length) == 0 && !l->prefix[length])
			return true;
	return false;
}

/* What runs of a library's name: its build id, or NULL where it is neither loaded nor part of the last patch. */
static const char *running(const char *name)
{
	size_t length = strlen(name);
	for (const struct upstare_loaded *l = upstare_libraries; l; l = l->next_library)
		if (l->module && l->library == UPSTARE_LIBRARY_CURRENT && strncmp(l->prefix, name, length) == 0 && l->prefix[length] == '!')
			return l->build_id;
	char prefix[130];
	snprintf(prefix, sizeof(prefix), "%s!", name);
	const struct upstare_patch_module *m = listed(upstare_current->module->patch, prefix);
	return m && m->new_build_id[0] ? m->new_build_id : NULL;
}

int upstare_libraries_match(const struct upstare_patch *patch, char *message, size_t room)
{
	bool old = strcmp(patch->old_build_id, upstare_current->build_id) == 0;
	bool new = strcmp(patch->new_build_id, upstare_current->build_id) == 0;
	const struct upstare_patch_module *wrong = NULL;
	const char *instead = NULL;
	for (uint32_t i = 0; i < patch->nmodules; i++) {
		const struct upstare_patch_module *m = &patch->modules[i];
		const char *id = running(m->name);
		if (!id)
			continue;
		if (strcmp(id, m->old_build_id) != 0 && old) {
			old = false;
			wrong = m;
			instead = id;
		}
		new &= strcmp(id, m->new_build_id) == 0;
	}
	if (!old && new)
		snprintf(message, room, "already applied: the program runs this version");
	else if (!old && wrong)
		snprintf(message, room, "the patch is for version %.40s of %.60s, the program runs %.40s", wrong->old_build_id, wrong->name, instead);
	else if (!old)
		snprintf(message, room, "the patch is for version %.40s, the program runs %.40s", patch->old_build_id, upstare_current->build_id);
	if (!old)
		return new ? 1 : 3;
	for (struct upstare_loaded *l = upstare_libraries; l; l = l->next_library) {
		bool covered = l->module && l->library == UPSTARE_LIBRARY_CURRENT && listed(patch, l->prefix);
		changes += covered != l->covered;
		for (uint32_t i = 0; l->module && l->library == UPSTARE_LIBRARY_CURRENT && !covered && i < patch->nmodules; i++)
			if (strcmp(patch->modules[i].old_build_id, l->build_id) == 0) {
				snprintf(message, room, "the patch's library %.60s is loaded under another name, %.60s", patch->modules[i].name,
					 l->prefix);
				return 3;
			}
		l->covered = covered;
		if (covered)
			l->version = upstare_current;
	}
	return 0;
}

void upstare_libraries_flag(unsigned char up)
{
	for (const struct upstare_loaded *l = upstare_libraries; l; l = l->next_library)
		if (is_part(l))
			__atomic_store_n(l->module->flag, up, __ATOMIC_SEQ_CST);
}

/* One that has been taken in may be superseded: its flag stays up. */
void upstare_libraries_flag_all(unsigned char up)
{
	for (const struct upstare_library *l = registered; l; l = l->next)
		if (*l->module->flag != up && !(l->loaded && l->loaded->library == UPSTARE_LIBRARY_SUPERSEDED))
			__atomic_store_n(l->module->flag, up, __ATOMIC_SEQ_CST);
}

void upstare_libraries_superseded(void)
{
	for (struct upstare_loaded *l = upstare_libraries; l; l = l->next_library)
		if (is_part(l)) {
			l->library = UPSTARE_LIBRARY_SUPERSEDED;
			changes++;
		}
}

/* Only the forking thread is left. */
void upstare_libraries_forked(void)
{
	if (window)
		window = false;
	if (closing)
		closing = 0;
	upstare_libraries_flag_all(0);
}

void upstare_libraries_status(struct upstare_json *j)
{
	static const char *const words[] = {"current", "replaced by the patch", "of another version"};
	if (upstare_libraries_open() == 0) {
		upstare_json_begin_array(j, "libraries");
		for (const struct upstare_loaded *l = upstare_libraries; l; l = l->next_library) {
			if (!l->module)
				continue;
			char name[130];
			snprintf(name, sizeof(name), "%.*s", (int)strlen(l->prefix) - 1, l->prefix);
			upstare_json_begin_object(j, NULL);
			upstare_json_string(j, "name", name);
			upstare_json_string(j, "version", l->build_id);
			upstare_json_string(j, "state", words[l->library]);
			upstare_json_end(j);
		}
		upstare_json_end(j);
	}
	upstare_libraries_close();
}
