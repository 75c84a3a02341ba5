/* What main has passed: the table. What next() was not told: by how much. */
#include "patch.h"
#include <stdlib.h>

int user_frame_main(const struct old_frame_main *o, struct new_frame_main *n, struct upstare_context *ctx)
{
	(void)o, (void)n, (void)ctx;
	new_table = calloc(1, sizeof(*new_table));
	if (!new_table)
		return 1;
	new_table->weight = (void (*)(void))new_weight;
	return 0;
}

int user_frame_next(const struct old_frame_next *o, struct new_frame_next *n, struct upstare_context *ctx)
{
	(void)o, (void)ctx;
	n->by = 100;
	return 0;
}
