/*
 * 1.2.2 -> 2.0.0: a loop that sends text sends other files, too, from a buffer that is chosen before it. Who is in it has passed
 * that place, and sends text.
 */
#include "patch.h"

int user_frame_do_file_send_ascii(const struct old_frame_do_file_send_ascii *o,
				  struct new_frame_do_file_send_ascii *n, struct upstare_context *ctx)
{
	char **buffer = upstare_old_variable(ctx, "ftpdataio.c:do_file_send_ascii:p_asciibuf");

	(void)o;
	n->p_writefrom_buf = buffer ? *buffer : NULL;
	return 0;
}
