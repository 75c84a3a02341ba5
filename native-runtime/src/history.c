/* The updates that this process has taken: the last ones, and how many in all. */
#include "internal.h"

#include <string.h>
#include <time.h>

#include "json.h"

#define HISTORY 64

struct past {
	char from[80], to[80];
	int64_t when;
	uint64_t pause_us;
	const char *description;
};
static struct past history[HISTORY];
static unsigned updates;

void upstare_remember(const struct upstare_context *c, const struct upstare_times *at)
{
	struct past *p = &history[updates++ % HISTORY];
	memcpy(p->from, c->from->build_id, sizeof(p->from));
	memcpy(p->to, c->to->build_id, sizeof(p->to));
	p->when = (int64_t)time(NULL);
	p->pause_us = (at->released - at->parking) / 1000;
	p->description = c->to->module->patch->description;
}

unsigned upstare_updates(void)
{
	return updates;
}

void upstare_history(struct upstare_json *j)
{
	upstare_json_begin_array(j, "history");
	for (unsigned i = updates > HISTORY ? updates - HISTORY : 0; i < updates; i++) {
		const struct past *p = &history[i % HISTORY];
		upstare_json_begin_object(j, NULL);
		upstare_json_string(j, "from", p->from);
		upstare_json_string(j, "to", p->to);
		upstare_json_int(j, "when", p->when);
		upstare_json_int(j, "pause_us", (long long)p->pause_us);
		upstare_json_string(j, "description", p->description);
		upstare_json_end(j);
	}
	upstare_json_end(j);
}
