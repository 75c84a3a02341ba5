/*
 * Undoing an update: before a thread's stack is unrolled its bytes are copied aside; cold exits and epilogues write only to
 * the frames that they leave, so that the copy, with the registers of a call, is all that the old version needs to go on
 * where it was parked. A program therefore needs no resume clones of its own; only patches have them.
 */
#include "internal.h"

#include <string.h>

/* What the system V ABI lets a leaf function use below rsp. */
#define RED_ZONE 128

/* <sanitizer/asan_interface.h>; there in programs that AddressSanitizer watches. */
extern void __asan_unpoison_memory_region(const volatile void *, size_t) __attribute__((weak));

int upstare_snapshot_room(struct upstare_thread *t, char *low, char *high)
{
	t->snapshot_low = low - RED_ZONE;
	t->snapshot_high = high;
	size_t want = (size_t)(high - t->snapshot_low);
	if (high < low)
		return -1;
	if (want <= t->snapshot_size)
		return 0;
	upstare_snapshot_free(t);
	want = (want + 65535) & ~(size_t)65535;
	t->snapshot = upstare_pages(want);
	if (!t->snapshot)
		return -1;
	t->snapshot_size = want;
	return 0;
}

void upstare_snapshot_take(struct upstare_thread *t)
{
	memcpy(t->snapshot, t->snapshot_low, (size_t)(t->snapshot_high - t->snapshot_low));
}

void upstare_snapshot_restore(struct upstare_thread *t)
{
	memcpy(t->snapshot_low, t->snapshot, (size_t)(t->snapshot_high - t->snapshot_low));
	/* The frames that are there again had been left, and others may have stood in their place. */
	if (__asan_unpoison_memory_region)
		__asan_unpoison_memory_region(t->snapshot_low, (size_t)(t->snapshot_high - t->snapshot_low));
	upstare_registers_restore(&t->resume);
}

void upstare_snapshot_free(struct upstare_thread *t)
{
	upstare_pages_free(t->snapshot, t->snapshot_size);
	t->snapshot = NULL;
	t->snapshot_size = 0;
}
