/*
 * Where a thread's new frames go: below the lowest in-place storage that lives on, and below library code and the frames under it,
 * on the thread's own stack while three quarters of it are free, else on another piece of memory that is. Pieces are used again;
 * two suffice for any number of updates.
 */
#include "internal.h"

#include <string.h>
#include <sys/mman.h>

#define SPARE ((size_t)32 << 10)
#define LARGEST ((size_t)64 << 20)

static void retain(struct upstare_thread *t, char *address)
{
	for (struct upstare_stack *s = &t->own; s; s = s->next)
		if (address >= s->low && address < s->high) {
			if (address < s->retained)
				s->retained = address;
			return;
		}
}

void upstare_floor_begin(struct upstare_thread *t)
{
	for (struct upstare_stack *s = &t->own; s; s = s->next)
		s->floor = s->high;
}

void upstare_floor_at(struct upstare_thread *t, const void *address)
{
	for (struct upstare_stack *s = &t->own; s; s = s->next)
		if ((const char *)address >= s->low && (const char *)address < s->floor)
			s->floor = (char *)(uintptr_t)address;
}

void upstare_floor_marks(struct upstare_thread *t, const struct upstare_marks *marks)
{
	if (marks->overflow)
		for (struct upstare_stack *s = &t->own; s; s = s->next)
			s->floor = s->low;
	for (unsigned i = 0; i < UPSTARE_MARKS && marks->list[i].stack; i++)
		if (marks->list[i].retained < marks->list[i].stack->floor)
			marks->list[i].stack->floor = marks->list[i].retained;
}

void upstare_take_marks(struct upstare_thread *t, struct upstare_marks *marks)
{
	unsigned n = 0;
	memset(marks, 0, sizeof(*marks));
	for (struct upstare_stack *s = &t->own; s; s = s->next) {
		if (s->retained == s->high)
			continue;
		if (n == UPSTARE_MARKS) {
			marks->overflow = true;
			return;
		}
		marks->list[n++] = (struct upstare_mark){s, s->retained};
	}
}

void upstare_place(struct upstare_thread *t, size_t n, struct __up_header **index)
{
	for (struct upstare_stack *s = &t->own; s; s = s->next)
		s->retained = s->floor;
	if (t->own.retained > t->base_sp)
		t->own.retained = t->base_sp;
	for (size_t i = 0; i < n; i++) {
		const struct upstare_function *f = index[i]->function;
		const struct upstare_point_info *points = (const void *)UPSTARE_REL(f->points_rel);
		uint32_t point = index[i]->point & ~UPSTARE_AFTER;
		if (!points || point >= f->npoints)
			continue;
		const struct upstare_inplace *list = (const void *)UPSTARE_REL(points[point].inplace_rel);
		for (uint32_t k = 0; list && k < points[point].ninplace; k++) {
			char *address;
			memcpy(&address, (char *)index[i] + list[k].offset, sizeof(address));
			if (address)
				retain(t, address);
		}
	}
}

static struct upstare_stack *another(struct upstare_thread *t, size_t size)
{
	size = (size + 4095) & ~(size_t)4095;
	char *p = mmap(NULL, size + 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	mprotect(p, 4096, PROT_NONE);
	struct upstare_stack *s = (struct upstare_stack *)(p + 4096 + size);
	*s = (struct upstare_stack){t->own.next, p + 4096, p + 4096 + size, p + 4096 + size, p + 4096 + size};
	t->own.next = s;
	return s;
}

/* After upstare_place. Sets new_sp. -1: no memory. */
int upstare_choose_stack(struct upstare_thread *t)
{
	size_t used = 0;
	for (struct upstare_stack *s = &t->own; s; s = s->next) {
		char *top = s == &t->own ? t->base_sp : s->high;
		if (t->park_sp >= s->low && t->park_sp < top)
			used += (size_t)(top - t->park_sp);
		else
			used += (size_t)(top - s->retained);
	}
	size_t need = 2 * used + SPARE;
	t->placed = NULL;
	for (struct upstare_stack *s = &t->own; s && !t->placed; s = s->next) {
		size_t size = (size_t)(s->high - s->low), left = (size_t)(s->retained - s->low);
		if (left >= size / 4 * 3 && left >= need)
			t->placed = s;
	}
	if (!t->placed) {
		size_t size = (size_t)(t->own.high - t->own.low);
		if (size > LARGEST)
			size = LARGEST;
		t->placed = another(t, size > 2 * need ? size : 2 * need);
	}
	if (!t->placed)
		return -1;
	t->segment = NULL;
	if (t->bottom != UPSTARE_AT_BASE) {
		t->segment = (void *)(((uintptr_t)t->placed->retained - sizeof(*t->segment)) & ~(uintptr_t)15);
		t->placed->retained = (char *)t->segment;
	}
	t->new_sp = (char *)(((uintptr_t)t->placed->retained - 128) & ~(uintptr_t)15);
	return 0;
}

exported void *upstare_frame_alloc(struct upstare_context *c, size_t size, size_t align)
{
	struct upstare_thread *t = c->thread;
	if (!t || !t->placed || !align || (align & (align - 1)))
		return NULL;
	struct upstare_stack *s = t->placed;
	if (size > (size_t)(s->retained - s->low) || (size_t)(s->retained - s->low) - size < 2 * SPARE + align)
		return NULL;
	s->retained = (char *)(((uintptr_t)s->retained - size) & ~(uintptr_t)(align - 1));
	memset(s->retained, 0, size);
	t->new_sp = (char *)(((uintptr_t)s->retained - 128) & ~(uintptr_t)15);
	return s->retained;
}
