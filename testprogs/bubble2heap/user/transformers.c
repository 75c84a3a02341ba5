/*
 * Bubblesort to Heapsort. After i passes the i largest values are in their places at the end: what is left for Heapsort
 * are the first n - i values. None of them is known to be a heap, so that its first loop, which builds one, has to
 * begin at its start; the frame goes on after a turn of it, so with the turn before the first.
 */
#include "patch.h"

int user_frame_sort(const struct old_frame_sort *o, struct new_frame_sort *n, struct upstare_context *ctx)
{
	(void)ctx;
	n->heap = o->n - o->i;
	n->start = n->heap / 2 + 1;
	return 0;
}
