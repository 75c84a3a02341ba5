/*
 * Frames below library code. An update leaves them where they are, in the version that they were built in. That version's flag
 * stays raised, so the first check that the program comes to when the library returns leads here: the thread unrolls the segment
 * of frames by itself and rebuilds it in the current version, through as many versions as have passed. No code of the replaced
 * version has run in between. verify.c has made sure, at each update, that it can be done.
 */
#include "internal.h"

#include <errno.h>
#include <string.h>

bool upstare_is_stale(const struct upstare_point_entry *entry)
{
	for (const struct upstare_loaded *l = upstare_newest_module(); l; l = l->next)
		if (entry >= l->module->points && entry < l->module->points_end)
			return l != upstare_current;
	for (const struct upstare_loaded *l = upstare_libraries; l; l = l->next_library)
		if (l->module && entry >= l->module->points && entry < l->module->points_end)
			return l->library == UPSTARE_LIBRARY_SUPERSEDED;
	return false;
}

int upstare_migrate(void)
{
	struct upstare_thread *t = upstare_self;
	int error = errno, unroll = 0;
	uint64_t mask;
	upstare_block_signals(&mask);
	if (upstare_raw_getpid() == upstare_pid && upstare_thread_bounds(t) == 0) {
		if (upstare_verify(t, upstare_current, t->tls->saved_sp, true) == 0 && t->bottom != UPSTARE_NO_SEGMENT) {
			t->migrating = true;
			t->park_sp = t->tls->saved_sp;
			unroll = upstare_begin_unrolling(t, UPSTARE_AFTER, true, mask, error);
		} else if (t->obstacle.why) {
			upstare_log("a frame of a replaced version stays in it: %s", t->obstacle.why);
		}
	}
	if (!unroll) {
		t->migrating = false;
		upstare_set_signals(&mask);
	}
	errno = error;
	return unroll;
}

static struct upstare_loaded *version_of(const struct upstare_function *f)
{
	struct upstare_loaded *l = upstare_module_of(f);
	return l ? upstare_version(l) : NULL;
}

/* The oldest version among the records; NULL: all are of the current one. */
static struct upstare_loaded *oldest_of(const struct upstare_thread *t)
{
	struct upstare_loaded *oldest = NULL;
	for (size_t i = 0; i < t->nindex; i++) {
		struct upstare_loaded *l = version_of(t->index[i]->function);
		if (!l || l == upstare_current)
			continue;
		for (const struct upstare_loaded *m = l; m; m = m->successor)
			if (!oldest || m == oldest) {
				oldest = l;
				break;
			}
	}
	return oldest;
}

/* From one version to the next; the new records take the old ones' place. */
static int one_version(struct upstare_thread *t, struct upstare_loaded *from, bool last)
{
	struct upstare_loaded *to = from->successor;
	struct upstare_context c = {.from = from, .to = to, .migrating = true};
	/* Sorted already; no memory is theirs to give back. */
	c.moves = to->moves;
	c.nmoves = c.sorted = to->nmoves;
	if (upstare_map_thread(&c, t)) {
		upstare_log("a frame of a replaced version stays in it: %s", c.why ? c.why : "unknown");
		return -1;
	}
	upstare_forward_frames(&c, t);
	if (last)
		return 0;
	size_t size = 0;
	for (size_t i = 0; i < t->nrebuilt; i++)
		size += t->rebuilt[i].record->size;
	if (size > t->records_size)
		return -1;
	/* The mapped records stand outermost first, those of an unrolling the other way. */
	char *p = t->records;
	for (size_t i = t->nrebuilt; i-- > 0;) {
		const struct __up_header *record = t->rebuilt[i].record;
		memcpy(p, record, record->size);
		p += record->size;
	}
	t->tls->top = p;
	return upstare_collect(t);
}

int upstare_migrate_frames(struct upstare_thread *t)
{
	if (upstare_collect(t))
		return -1;
	struct upstare_loaded *from = oldest_of(t);
	if (!from)
		return -1;
	for (; from != upstare_current; from = from->successor)
		if (!from->successor || one_version(t, from, from->successor == upstare_current))
			return -1;
	__atomic_store_n(&t->oldest, t->oldest_below, __ATOMIC_RELEASE);
	return 0;
}

unsigned upstare_note_stale(struct upstare_context *c)
{
	unsigned n = 0;
	for (struct upstare_thread *t = upstare_threads; t; t = t->next) {
		t->oldest = t->oldest_below;
		n += t->oldest != NULL;
	}
	upstare_pages_free(c->to->moves, c->to->moves_size);
	c->to->moves = NULL;
	c->to->nmoves = c->to->moves_size = 0;
	if (n) {
		c->to->moves = c->moves;
		c->to->nmoves = c->nmoves;
		c->to->moves_size = c->moves_size;
		c->moves = NULL;
		c->moves_size = 0;
	}
	return n;
}

bool upstare_stale_needs(const struct upstare_loaded *l)
{
	uint64_t mask;
	bool needed = false;
	upstare_lock(&mask);
	for (const struct upstare_thread *t = upstare_threads; t && !needed; t = t->next)
		for (const struct upstare_loaded *m = __atomic_load_n(&t->oldest, __ATOMIC_ACQUIRE); m && !needed; m = m->successor)
			needed = m == l;
	upstare_unlock(&mask);
	return needed;
}
