/* From the old version's records and variables to the new version's. Nothing that the old version sees is written here. */
#include "blocking/blocking.h"
#include "internal.h"

#include <elf.h>
#include <string.h>

/* ---- what transformers call ---- */

static int by_old(const void *a, const void *b)
{
	return ((const struct upstare_move *)a)->old < ((const struct upstare_move *)b)->old;
}

exported int upstare_moved(struct upstare_context *c, const void *old, size_t size, void *new)
{
	if ((c->nmoves + 1) * sizeof(*c->moves) > c->moves_size) {
		size_t grown = c->moves_size ? c->moves_size * 2 : 65536;
		struct upstare_move *moves = upstare_pages(grown);
		if (!moves)
			return -1;
		if (c->nmoves)
			memcpy(moves, c->moves, c->nmoves * sizeof(*moves));
		upstare_pages_free(c->moves, c->moves_size);
		c->moves = moves;
		c->moves_size = grown;
	}
	c->moves[c->nmoves++] = (struct upstare_move){(uintptr_t)old, size ? size : 1, new};
	return 0;
}

exported void *upstare_forward(struct upstare_context *c, const void *address)
{
	uintptr_t a = (uintptr_t)address;
	if (!a || !c->nmoves)
		return (void *)address;
	if (c->nmoves - c->sorted > 64) {
		upstare_sort(c->moves, c->nmoves, sizeof(*c->moves), by_old);
		c->sorted = c->nmoves;
	}
	size_t low = 0, high = c->sorted;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (c->moves[middle].old + c->moves[middle].size <= a)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < c->sorted && c->moves[low].old <= a)
		return c->moves[low].new + (a - c->moves[low].old);
	for (size_t i = c->sorted; i < c->nmoves; i++)
		if (a >= c->moves[i].old && a - c->moves[i].old < c->moves[i].size)
			return c->moves[i].new + (a - c->moves[i].old);
	return (void *)address;
}

exported int upstare_is_literal(const void *p)
{
	for (const struct upstare_loaded *l = upstare_modules; l; l = l->next)
		for (unsigned i = 0; i < l->nsegments; i++)
			if (!(l->segments[i].flags & PF_W) && (const char *)p >= l->segments[i].low &&
			    (const char *)p < l->segments[i].high)
				return 1;
	for (const struct upstare_loaded *l = upstare_libraries; l; l = l->next_library)
		for (unsigned i = 0; i < l->nsegments; i++)
			if (!(l->segments[i].flags & PF_W) && (const char *)p >= l->segments[i].low &&
			    (const char *)p < l->segments[i].high)
				return 1;
	return 0;
}

exported void *upstare_old_variable(struct upstare_context *c, const char *key)
{
	/* What the names stand for belongs to the control thread. */
	if (c->migrating)
		return NULL;
	struct upstare_name *n = upstare_names_find(&upstare_variables, key);
	return n ? n->address : NULL;
}

exported const void *upstare_left_out(struct upstare_context *c)
{
	return c->frame ? c->frame->left_out : NULL;
}

/* ---- frames ---- */

static int refuse(struct upstare_context *c, const struct __up_header *record, const char *why)
{
	if (!c->why) {
		const struct upstare_function *f = record ? record->function : NULL;
		const struct upstare_point_info *points = f ? (const void *)UPSTARE_REL(f->points_rel) : NULL;
		uint32_t point = record ? record->point & ~UPSTARE_AFTER : 0;
		c->why = why;
		c->function = f;
		c->line = points && point < f->npoints ? points[point].line : 0;
	}
	return -1;
}

int upstare_collect(struct upstare_thread *t)
{
	char *p = t->records, *top = t->tls->top;
	size_t n = 0;
	if (t->empty)
		p = top;
	t->record_bytes = (size_t)(top - p);
	for (char *q = p; q < top; q += ((struct __up_header *)q)->size)
		n++;
	size_t want = (n + 1) * sizeof(*t->index);
	if (want > t->index_size) {
		upstare_pages_free(t->index, t->index_size);
		t->index_size = 0;
		t->index = upstare_pages(want);
		if (!t->index)
			return -1;
		t->index_size = want;
	}
	for (size_t i = 0; i < n; i++, p += ((struct __up_header *)p)->size)
		t->index[i] = (struct __up_header *)p;
	t->nindex = n;
	return 0;
}

static const struct upstare_map *map_of(const struct upstare_context *c, const struct upstare_function *f)
{
	struct upstare_loaded *in = upstare_module_of(f);
	return in && upstare_version(in) == c->from ? c->to->maps[in->first + (size_t)(f - in->module->functions)] : NULL;
}

static bool is_runtime(const struct upstare_function *f)
{
	return f->flags & UPSTARE_FUNCTION_RUNTIME;
}

static int refuse_here(struct upstare_context *c, const struct __up_header *record, const char *why)
{
	c->elsewhere |= !c->why;
	return refuse(c, record, why);
}

/* A record that is copied as it is. */
static bool is_kept(const struct upstare_context *c, const struct upstare_function *f)
{
	struct upstare_loaded *in = c->migrating ? upstare_module_of(f) : NULL;
	return is_runtime(f) || (c->migrating && !(in && upstare_version(in) == c->from));
}

static const char transformer_refused[] = "the frame's transformer refused";
static const char no_memory[] = "no memory for the frame records";
static const char no_place[] = "this place has no counterpart in the patch";

/* The map of an old record, and the new point; NULL: there is none. */
static const struct upstare_map *counterpart(struct upstare_context *c, const struct __up_header *old, uint32_t *mapped)
{
	const struct upstare_map *map = map_of(c, old->function);
	uint32_t point = old->point & ~UPSTARE_AFTER;
	if (!map) {
		refuse_here(c, old, "function has no counterpart in the patch");
		return NULL;
	}
	if (point >= map->npoints || (map->points && map->points[point] < 0) || !map->new_function) {
		refuse_here(c, old, no_place);
		return NULL;
	}
	*mapped = map->points ? (uint32_t)map->points[point] : point;
	return map;
}

static int add(struct upstare_thread *t, const struct upstare_frame *frame)
{
	if ((t->nrebuilt + 1) * sizeof(*t->rebuilt) > t->rebuilt_size) {
		size_t grown = t->rebuilt_size ? t->rebuilt_size * 2 : 4096;
		struct upstare_frame *frames = upstare_pages(grown);
		if (!frames)
			return -1;
		if (t->nrebuilt)
			memcpy(frames, t->rebuilt, t->nrebuilt * sizeof(*frames));
		upstare_pages_free(t->rebuilt, t->rebuilt_size);
		t->rebuilt = frames;
		t->rebuilt_size = grown;
	}
	t->rebuilt[t->nrebuilt++] = *frame;
	return 0;
}

static bool is_left_out(const struct __up_header *old, const struct upstare_step *step)
{
	return old->point == step->other_point && strcmp(UPSTARE_STRING(old->function->key_rel), step->left_out) == 0;
}

/*
 * What stands between the old frame i, whose map is given, and the one that it called. Returns how many old frames it leaves
 * out; -1: refused. A call that has returned has left nothing that could be a frame of another function.
 */
static int steps(struct upstare_context *c, struct upstare_thread *t, size_t i, const struct upstare_map *map)
{
	const struct __up_header *old = t->index[i];
	int left_out = 0;
	bool wanted = false;
	for (uint32_t k = 0; k < map->nsteps; k++) {
		const struct upstare_step *step = &map->steps[k];
		if (step->point != (old->point & ~UPSTARE_AFTER))
			continue;
		if (i == 0 || (old->point & UPSTARE_AFTER))
			return refuse_here(c, old, no_place);
		if (step->frame) {
			struct upstare_frame frame = {.old = old, .map = step->frame, .point = step->other_point, .added = true};
			if (add(t, &frame))
				return refuse(c, NULL, no_memory);
			continue;
		}
		wanted = true;
		if (i > 1 && is_left_out(t->index[i - 1], step)) {
			left_out = 1;
			t->rebuilt[t->nrebuilt - 1].left_out = t->index[i - 1];
		}
	}
	return wanted && !left_out ? refuse_here(c, t->index[i - 1], no_place) : left_out;
}

/* Lists the frames that are to be: outermost first, without records. */
static int list_frames(struct upstare_context *c, struct upstare_thread *t)
{
	t->nrebuilt = 0;
	for (size_t i = t->nindex; i-- > 0;) {
		const struct __up_header *old = t->index[i];
		const struct upstare_map *map = NULL;
		uint32_t point = old->point & ~UPSTARE_AFTER;
		if (!is_kept(c, old->function)) {
			map = counterpart(c, old, &point);
			if (!map)
				return -1;
		}
		if (add(t, &(struct upstare_frame){.old = old, .map = map, .point = point}))
			return refuse(c, NULL, no_memory);
		int left_out = map ? steps(c, t, i, map) : 0;
		if (left_out < 0)
			return -1;
		i -= (size_t)left_out;
	}
	return 0;
}

static size_t size_of(const struct upstare_frame *frame)
{
	return frame->map ? (frame->map->new_size + 15u) & ~15u : frame->old->size;
}

static int map_frame(struct upstare_context *c, const struct upstare_frame *frame)
{
	const struct upstare_map *map = frame->map;
	const struct __up_header *old = frame->old;
	struct __up_header *new = frame->record;
	size_t size = size_of(frame);
	if (!map) {
		memcpy(new, old, old->size);
		return 0;
	}
	if (!map->transform)
		memcpy(new, old, old->size < size ? old->size : size);
	new->function = map->new_function;
	new->point = frame->point | (frame->added ? 0 : old->point & UPSTARE_AFTER);
	new->size = (uint32_t)size;
	if (map->transform)
		upstare_net_spread(c);
	if (map->transform && map->transform(c, old, new) != 0)
		return refuse(c, old, transformer_refused);
	new->size = (uint32_t)size;
	return 0;
}

static bool needs_completion(const struct upstare_thread *t)
{
	for (size_t i = 0; i < t->nrebuilt; i++)
		if (t->rebuilt[i].map && (t->rebuilt[i].map->from_callee || t->rebuilt[i].map->complete))
			return true;
	return false;
}

/* What only the frames around tell. */
static int complete(struct upstare_context *c, struct upstare_thread *t)
{
	const struct upstare_frame *frames = t->rebuilt;
	size_t n = t->nrebuilt;
	if (!needs_completion(t))
		return 0;
	upstare_net_spread(c);
	for (size_t i = n; i-- > 0;)
		if (i + 1 < n && frames[i].map && frames[i].map->from_callee &&
		    frames[i].map->from_callee(c, frames[i].record, frames[i + 1].record) != 0)
			return refuse(c, frames[i].old, transformer_refused);
	for (size_t i = 0; i < n; i++) {
		const struct upstare_map *map = frames[i].map;
		if (!map || !map->complete)
			continue;
		c->frame = &frames[i];
		if (map->complete(c, frames[i].old, frames[i].record, i ? frames[i - 1].record : NULL,
				  i + 1 < n ? frames[i + 1].record : NULL) != 0)
			return refuse(c, frames[i].old, transformer_refused);
		frames[i].record->size = (uint32_t)size_of(&frames[i]);
	}
	return 0;
}

static const struct upstare_point_info *point_of(const struct __up_header *record)
{
	const struct upstare_point_info *points = (const void *)UPSTARE_REL(record->function->points_rel);
	uint32_t point = record->point & ~UPSTARE_AFTER;
	return points && point < record->function->npoints ? &points[point] : NULL;
}

static bool is_named(const struct upstare_function *f, const char *name)
{
	return strcmp(name, UPSTARE_STRING(f->name_rel)) == 0;
}

/*
 * A library's function whose last act is a call (of read, or of the program's own function) leaves no frame of its own: to whom it
 * returns is whoever has called it. So it was on the old stack, and that call is the same one in the new version.
 */
static bool is_in_place_of(const struct upstare_frame *outer, const struct upstare_frame *inner, const char *callee)
{
	const struct upstare_point_info *point = outer->added || inner->added ? NULL : point_of(outer->old);
	const char *called = point ? UPSTARE_REL(point->callee_rel) : NULL;
	return called && strcmp(called, callee) == 0 && !is_named(inner->old->function, called);
}

/* Whether inner can stand on outer: outer is in a call, and of that function. */
static int check_link(struct upstare_context *c, const struct upstare_frame *frame, const struct upstare_frame *next)
{
	const struct __up_header *outer = frame->record, *inner = next ? next->record : NULL;
	const struct upstare_point_info *point = is_runtime(outer->function) ? NULL : point_of(outer);
	if (!point)
		return refuse_here(c, outer, "the mapped place does not exist");
	if (!inner)
		return outer->point & UPSTARE_AFTER ? 0 : refuse_here(c, outer, "the innermost frame is mapped to the middle of a call");
	if ((outer->point & UPSTARE_AFTER) || point->kind != UPSTARE_POINT_CALL)
		return refuse_here(c, outer, "a frame with callers above it is mapped to a place that is no call");
	const char *callee = UPSTARE_REL(point->callee_rel);
	if (callee && !is_named(inner->function, callee) && !is_in_place_of(frame, next, callee))
		return refuse_here(c, outer, "the frame is mapped to a call of another function");
	return 0;
}

int upstare_map_thread(struct upstare_context *c, struct upstare_thread *t)
{
	size_t total = 0;
	if (list_frames(c, t))
		return -1;
	size_t n = t->nrebuilt;
	for (size_t i = 0; i < n; i++)
		total += size_of(&t->rebuilt[i]);
	if (total > t->mapped_size) {
		upstare_pages_free(t->mapped, t->mapped_size);
		t->mapped_size = 0;
		t->mapped = upstare_pages(total = (total + 65535) & ~(size_t)65535);
		if (!t->mapped)
			return refuse(c, NULL, "no memory for the frame records");
		t->mapped_size = total;
	} else {
		memset(t->mapped, 0, total);
	}
	upstare_place(t, t->nindex, t->index);
	if (upstare_choose_stack(t))
		return refuse(c, NULL, "no memory for a stack");
	c->thread = t;
	char *p = t->mapped;
	for (size_t i = 0; i < n; i++) {
		t->rebuilt[i].record = (struct __up_header *)p;
		c->frame = &t->rebuilt[i];
		if (map_frame(c, &t->rebuilt[i]))
			return -1;
		p += size_of(&t->rebuilt[i]);
	}
	if (complete(c, t))
		return -1;
	c->thread = NULL;
	c->frame = NULL;
	for (size_t i = 0; i < n; i++) {
		const struct upstare_frame *inner = i + 1 < n ? &t->rebuilt[i + 1] : NULL;
		if (!inner && is_runtime(t->rebuilt[i].record->function))
			continue;
		if (check_link(c, &t->rebuilt[i], inner))
			return -1;
	}
	c->frames += n;
	return 0;
}

/* ---- variables ---- */

int upstare_map_globals(struct upstare_context *c)
{
	const struct upstare_patch *patch = c->to->module->patch;
	for (uint32_t i = 0; i < patch->nglobals; i++) {
		const struct upstare_global *g = &patch->globals[i];
		const struct upstare_name *old = g->old_key ? upstare_names_find(&upstare_variables, g->old_key) : NULL;
		if (!g->transform || (!old && g->old_key && !upstare_library_present(g->old_key)))
			continue;
		if (g->old_key && (!old || (g->old_size && old->size && old->size != g->old_size)))
			return refuse(c, NULL, "a variable is not as the patch expects it");
		upstare_net_spread(c);
		if (g->transform(c, old ? old->address : NULL, g->address) != 0)
			return refuse(c, NULL, "a variable's transformer refused");
	}
	size_t total = 0;
	for (uint32_t i = 0; i < patch->nreinits; i++)
		total += 16 + ((patch->reinits[i].size + 15) & ~(size_t)15);
	if (!total)
		return 0;
	c->staged = upstare_pages(total);
	if (!c->staged)
		return refuse(c, NULL, "no memory for new initial values");
	c->staged_size = total;
	return 0;
}

/* Kept variables are written, and pointers follow what has moved: after the point of no return, and cannot fail. */
static void forward_pointers(struct upstare_context *c, char *element, const uint32_t *offsets, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		void *old, *new;
		memcpy(&old, element + offsets[i], sizeof(old));
		new = upstare_forward(c, old);
		if (new != old)
			memcpy(element + offsets[i], &new, sizeof(new));
	}
}

/*
 * Arguments of a blocked call: which of them are pointers differs from call to call, but no number that a call takes is an
 * address inside an object of the program.
 */
static void forward_call(struct upstare_context *c, struct upstare_call *call)
{
	for (size_t i = 0; i < sizeof(call->arguments) / sizeof(call->arguments[0]); i++)
		call->arguments[i] = (long)upstare_forward(c, (void *)call->arguments[i]);
	for (size_t i = 0; i < sizeof(call->extra) / sizeof(call->extra[0]); i++)
		call->extra[i] = (long)upstare_forward(c, (void *)call->extra[i]);
}

void upstare_forward_frames(struct upstare_context *c, struct upstare_thread *t)
{
	for (size_t i = 0; c->nmoves && i < t->nrebuilt; i++) {
		struct __up_header *record = t->rebuilt[i].record;
		const struct upstare_map *map = t->rebuilt[i].map;
		if (is_runtime(record->function))
			forward_call(c, (struct upstare_call *)record);
		for (uint32_t k = 0; map && k < map->npointers; k++) {
			uint32_t offset = map->pointers[k];
			forward_pointers(c, (char *)record, &offset, 1);
		}
		if (map && map->forward)
			map->forward(c, record);
	}
}

void upstare_forward_all(struct upstare_context *c)
{
	const struct upstare_patch *patch = c->to->module->patch;
	if (c->nmoves) {
		upstare_sort(c->moves, c->nmoves, sizeof(*c->moves), by_old);
		c->sorted = c->nmoves;
		for (struct upstare_thread *t = upstare_threads; t; t = t->next)
			if (!t->empty)
				upstare_forward_frames(c, t);
		for (uint32_t i = 0; i < patch->npointer_maps; i++) {
			const struct upstare_pointer_map *p = &patch->pointer_maps[i];
			char *address = c->to->pointers[i];
			for (uint32_t e = 0; address && e < p->count; e++)
				forward_pointers(c, address + (size_t)e * p->stride, p->offsets, p->noffsets);
		}
	}
	for (uint32_t i = 0; i < patch->nreinits; i++) {
		const struct upstare_reinit *r = &patch->reinits[i];
		char *current = upstare_old_variable(c, r->key);
		if (current && c->staged && r->value(c, current, c->staged))
			memcpy(current, c->staged, r->size);
	}
}

void upstare_context_free(struct upstare_context *c)
{
	upstare_pages_free(c->moves, c->moves_size);
	upstare_pages_free(c->staged, c->staged_size);
}
