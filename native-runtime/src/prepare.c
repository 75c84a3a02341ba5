/* What is done for an update while the program still runs: the patch is loaded, compared with what is here, and bound to its names. */
#include "internal.h"

#include <stdio.h>

#include "blocking/elsewhere.h"

struct upstare_loaded *upstare_prepare(struct upstare_payload *payload, bool *already, int *code, char *message, size_t room)
{
	*already = false;
	*code = 5;
	if (upstare_modules_init()) {
		snprintf(message, room, "the program's tables cannot be read");
		return NULL;
	}
	upstare_libraries_close();
	upstare_elsewhere_prepare();
	pthread_mutex_lock(&upstare_loading);
	struct upstare_loaded *to = upstare_load_patch(payload, code, message, room);
	pthread_mutex_unlock(&upstare_loading);
	if (!to)
		return NULL;
	if (upstare_libraries_open()) {
		*code = 5;
		snprintf(message, room, "no memory for the tables of the program's libraries");
		goto failed;
	}
	*code = upstare_libraries_match(to->module->patch, message, room);
	if (*code) {
		*already = *code == 1;
		*code = *already ? 0 : 3;
		goto failed;
	}
	*code = upstare_bind_patch(to, message, room);
	if (*code)
		goto failed;
	upstare_kick_init();
	return to;
failed:
	upstare_libraries_close();
	return NULL;
}
