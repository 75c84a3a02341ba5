/* What holds an update up, as it is told to the user: pid, thread, function, file and line, and why. */
#include "internal.h"

#include <stdio.h>
#include <sys/syscall.h>

#include "json.h"
#include "tree/tree.h"

/* The pinned function that pc is in, or NULL. */
static const struct upstare_pinned_function *pinned_at(uintptr_t pc)
{
	const struct upstare_pinned_function *best = NULL;
	const struct upstare_loaded *in = upstare_library_at(pc);
	for (const struct upstare_loaded *l = in ? in : upstare_modules; l; l = in ? NULL : l->next) {
		const struct upstare_module *m = l->module;
		if (pc <= (uintptr_t)m->pinned_text || pc > (uintptr_t)m->pinned_text_end)
			continue;
		for (const struct upstare_pinned_function *p = m->pinned; p < m->pinned_end; p++)
			if (p->start_rel && (uintptr_t)UPSTARE_REL(p->start_rel) < pc &&
			    (!best || UPSTARE_REL(p->start_rel) > UPSTARE_REL(best->start_rel)))
				best = p;
	}
	return best;
}

/* Fills h->why, and the place where o tells it. */
static void describe(struct upstare_hindrance *h, const struct upstare_obstacle *o)
{
	const char *function = NULL, *file = NULL, *symbol = NULL, *object = NULL;
	bool known = o->pc && upstare_symbol_at(o->pc - 1, &symbol, &object), in_library = o->why == upstare_in_library;
	const struct upstare_pinned_function *pinned = o->function || !o->pc || in_library ? NULL : pinned_at(o->pc);
	h->line = o->line;
	snprintf(h->why, sizeof(h->why), "%s", o->why);
	if (in_library)
		snprintf(h->why, sizeof(h->why), "library function %.80s (%.80s) stands on the stack",
			 symbol ? symbol : "?", known ? object : "?");
	if (o->function) {
		function = UPSTARE_STRING(o->function->name_rel);
		file = UPSTARE_REL(o->function->file_rel);
	} else if (pinned) {
		function = UPSTARE_STRING(pinned->name_rel);
		file = UPSTARE_REL(pinned->file_rel);
		h->line = pinned->line;
		snprintf(h->why, sizeof(h->why), "pinned function: %.180s", UPSTARE_STRING(pinned->reason_rel));
	} else if (known && !in_library) {
		function = symbol;
		file = object;
	}
	snprintf(h->function, sizeof(h->function), "%s", function ? function : "");
	snprintf(h->file, sizeof(h->file), "%s", file ? file : "");
}

void upstare_place_of(uintptr_t pc, const struct upstare_function **function, uint32_t *line)
{
	/* libgcc knows where the piece of code begins that the pc is in. */
	extern void *_Unwind_FindEnclosingFunction(void *);
	uintptr_t region = (uintptr_t)_Unwind_FindEnclosingFunction((void *)pc);
	bool exact;
	const struct upstare_loaded *in = upstare_current ? upstare_loaded_with_text(pc) : NULL;
	const struct upstare_index_entry *e = region && in ? upstare_loaded_point(in, pc, region, &exact) : NULL;
	if (!e)
		return;
	*function = upstare_loaded_function(in, e->function);
	const struct upstare_point_info *points = (const void *)UPSTARE_REL((*function)->points_rel);
	*line = points && e->point < (*function)->npoints ? points[e->point].line : (*function)->line;
}

void upstare_describe_place(struct upstare_hindrance *h, uintptr_t pc, const char *why)
{
	struct upstare_obstacle o = {.pc = pc, .why = why};
	upstare_place_of(pc, &o.function, &o.line);
	describe(h, &o);
}

/* Why a thread has not come to an update point, as far as the kernel tells. */
static void describe_absence(struct upstare_hindrance *h)
{
	/* A process that is not the leader may be in a filter that does not let it open files. */
	char text[128] = "", where[64] = "";
	int call;
	if (upstare_tree.leads) {
		upstare_read_task(h->tid, "syscall", text, sizeof(text));
		if (sscanf(text, "%d", &call) != 1 || call < 0)
			snprintf(where, sizeof(where), ": running");
		else if (call == SYS_vfork || call == SYS_clone || call == SYS_clone3)
			snprintf(where, sizeof(where), ": waits for a vforked child to exec or end");
		else
			snprintf(where, sizeof(where), ": blocked in system call %d", call);
	}
	snprintf(h->why, sizeof(h->why), "has reached no update point%s", where);
}

/* The threads that have not parked in this try. */
static void tell_obstacles(uint64_t generation, upstare_tell_fn tell, void *to)
{
	for (struct upstare_thread *t = upstare_threads; t; t = t->next) {
		struct upstare_hindrance h = {.pid = upstare_pid, .tid = upstare_tid_of(t)};
		if (t->state == UPSTARE_PARKED)
			continue;
		if (t->obstacle_generation == generation)
			describe(&h, &t->obstacle);
		else
			describe_absence(&h);
		tell(to, &h);
	}
}

/* What the transformation met. */
static void tell_refusal(const struct upstare_context *c, upstare_tell_fn tell, void *to)
{
	struct upstare_hindrance h = {.pid = upstare_pid, .tid = c->thread ? upstare_tid_of(c->thread) : 0, .line = c->line};
	snprintf(h.function, sizeof(h.function), "%s", c->function ? UPSTARE_STRING(c->function->name_rel) : "");
	const char *file = c->function ? UPSTARE_REL(c->function->file_rel) : NULL;
	snprintf(h.file, sizeof(h.file), "%s", file ? file : "");
	snprintf(h.why, sizeof(h.why), "%s", c->why ? c->why : "unknown");
	tell(to, &h);
}

void upstare_tell_hindrances(const struct upstare_attempt *a, enum upstare_outcome outcome, upstare_tell_fn tell, void *to)
{
	uint64_t mask;
	if (outcome == UPSTARE_OBSTRUCTED) {
		upstare_lock(&mask);
		tell_obstacles(a->generation, tell, to);
		upstare_unlock(&mask);
	} else if (outcome == UPSTARE_ELSEWHERE || outcome == UPSTARE_FAILED) {
		tell_refusal(&a->context, tell, to);
	}
}

void upstare_put_hindrance(void *json, const struct upstare_hindrance *h)
{
	struct upstare_json *j = json;
	upstare_json_begin_object(j, NULL);
	upstare_json_int(j, "pid", h->pid);
	upstare_json_int(j, "tid", h->tid);
	upstare_json_string(j, "function", h->function[0] ? h->function : NULL);
	upstare_json_string(j, "file", h->file[0] ? h->file : NULL);
	upstare_json_int(j, "line", h->line);
	upstare_json_string(j, "why", h->why);
	upstare_json_end(j);
}
