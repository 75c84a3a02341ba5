#include <string.h>

#include "../core.h"
#include "channel.h"

#define DEFAULT_TIMEOUT_MS 10000
#define MAX_TIMEOUT_MS (24LL * 3600 * 1000)

bool upstare_takes_patch(const char *command)
{
	return !strcmp(command, "check") || !strcmp(command, "apply");
}

void upstare_answer_error(struct upstare_json *answer, enum upstare_exit code, const char *message)
{
	upstare_json_begin_object(answer, NULL);
	upstare_json_int(answer, "protocol", 1);
	upstare_json_string(answer, "message", message);
	upstare_json_int(answer, "exit", code);
	upstare_json_end(answer);
}

/* Members of the answer to a command of the core; its exit code. */
static int ask_core(const struct upstare_request *r, const void *patch, size_t size, unsigned timeout,
		    struct upstare_json *answer)
{
	if (!strcmp(r->command, "status"))
		return upstare_core_status(answer);
	if (!strcmp(r->command, "check"))
		return upstare_core_check(patch, size, timeout, answer);
	if (!strcmp(r->command, "apply"))
		return upstare_core_apply(patch, size, timeout, answer);
	return upstare_core_history(answer);
}

void upstare_perform(const struct upstare_request *r, const void *patch, size_t size, struct upstare_json *answer)
{
	static const char *const commands[] = {"status", "check", "apply", "history"};
	long long timeout = upstare_request_number(r, "timeout", DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS);
	size_t i = 0;
	int code;

	if (!strcmp(r->command, "rollback")) {
		upstare_answer_error(answer, UPSTARE_EXIT_REFUSED,
				     "this runtime cannot go back by itself: apply a patch from the new version to the old one "
				     "(upstare-patch NEW OLD)");
		return;
	}
	while (i < sizeof(commands) / sizeof(commands[0]) && strcmp(commands[i], r->command))
		i++;
	if (i == sizeof(commands) / sizeof(commands[0])) {
		upstare_answer_error(answer, UPSTARE_EXIT_USAGE, "unknown command");
		return;
	}
	if (timeout < 0) {
		upstare_answer_error(answer, UPSTARE_EXIT_USAGE, "timeout is not a number of milliseconds up to a day");
		return;
	}
	upstare_json_begin_object(answer, NULL);
	upstare_json_int(answer, "protocol", 1);
	upstare_json_string(answer, "command", r->command);
	upstare_describe_process(answer);
	code = ask_core(r, patch, size, (unsigned)timeout, answer);
	upstare_json_int(answer, "exit", code);
	upstare_json_end(answer);
}
