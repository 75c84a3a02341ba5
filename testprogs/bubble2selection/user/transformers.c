/*
 * Bubblesort to Selectionsort. After i passes the i largest values are in their places at the end. In the pass that is
 * under way, the largest value of v[0] to v[j + 1] has been carried to v[j + 1]: it is the largest that Selectionsort
 * has found in that part so far.
 */
#include "patch.h"

int user_frame_sort(const struct old_frame_sort *o, struct new_frame_sort *n, struct upstare_context *ctx)
{
	(void)ctx;
	n->end = o->n - 1 - o->i;
	n->k = o->j + 1;
	n->largest = o->j + 1;
	return 0;
}
