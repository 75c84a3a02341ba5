/* The executable's own module, and what happens before the program's main. */
#include "blocking/pipe/descriptors.h"

#include <upstare/tables.h>

#include <stdlib.h>
#include <string.h>

UPSTARE_TABLE(struct upstare_export, exports, upstare_exports)

hidden unsigned char upstare_flag;

static struct upstare_module executable = {
	.abi_version = UPSTARE_ABI_VERSION,
	.flag = &upstare_flag,
};

/* Filled here, so that the program's start pays no relocations for it. */
hidden const struct upstare_module *upstare_executable(void);
const struct upstare_module *upstare_executable(void)
{
#define FILL(type, field, name)                       \
	executable.field = upstare_table_##name;      \
	executable.field##_end = upstare_table_##name##_end;
	UPSTARE_EACH_TABLE(FILL)
	FILL(struct upstare_export, exports, upstare_exports)
#undef FILL
	return &executable;
}

hidden int upstare_program(void *function, int argc, char **argv, char **envp);
/* Runs the program's main under a thread base. */
int upstare_program(void *function, int argc, char **argv, char **envp)
{
	const char *off = getenv("UPSTARE");
	upstare_off = off && strcmp(off, "off") == 0;
	struct upstare_thread *t = NULL;
	if (!upstare_off) {
		upstare_threads_init();
		upstare_pipe_init();
		upstare_kick_prepare();
		t = upstare_thread_new();
	}
	if (!t) {
		upstare_off = 1;
		return ((int (*)(int, char **, char **))(uintptr_t)function)(argc, argv, envp);
	}
	t->starting = false;
	t->users = 0;
	upstare_thread_enter(t);
	upstare_run_init();
	upstare_control_start();
	int status = (int)upstare_base_call(function, argc, (long)argv, (long)envp);
	upstare_thread_leave();
	return status;
}
