/* The executable's own module, and what happens before the program's main. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

/*
 * gcc writes no .hidden for a weak name that it only refers to. Without it the table of a section that a patch has not
 * is bound by the dynamic linker to that of a program linked with -rdynamic.
 */
#define TABLE(type, name)                                                       \
	extern const type upstare_table_##name[] __asm__("__start_" #name)      \
		__attribute__((weak, visibility("hidden")));                    \
	extern const type upstare_table_##name##_end[] __asm__("__stop_" #name) \
		__attribute__((weak, visibility("hidden")));                    \
	__asm__(".hidden __start_" #name "\n\t.hidden __stop_" #name)

TABLE(struct upstare_point_entry, upstare_points);
TABLE(struct upstare_function, upstare_functions);
TABLE(struct upstare_pinned_function, upstare_pinned_functions);
TABLE(struct upstare_stub, upstare_stubs);
TABLE(struct upstare_variable, upstare_variables);
TABLE(struct upstare_variable, upstare_tls_variables);
TABLE(char, upstare_pinned);
TABLE(struct upstare_export, upstare_exports);

hidden unsigned char upstare_flag;

static struct upstare_module executable = {
	.abi_version = UPSTARE_ABI_VERSION,
	.flag = &upstare_flag,
};

/* Filled here, so that the program's start pays no relocations for it. */
hidden const struct upstare_module *upstare_executable(void);
const struct upstare_module *upstare_executable(void)
{
	executable.points = upstare_table_upstare_points;
	executable.points_end = upstare_table_upstare_points_end;
	executable.functions = upstare_table_upstare_functions;
	executable.functions_end = upstare_table_upstare_functions_end;
	executable.pinned = upstare_table_upstare_pinned_functions;
	executable.pinned_end = upstare_table_upstare_pinned_functions_end;
	executable.stubs = upstare_table_upstare_stubs;
	executable.stubs_end = upstare_table_upstare_stubs_end;
	executable.variables = upstare_table_upstare_variables;
	executable.variables_end = upstare_table_upstare_variables_end;
	executable.tls_variables = upstare_table_upstare_tls_variables;
	executable.tls_variables_end = upstare_table_upstare_tls_variables_end;
	executable.pinned_text = upstare_table_upstare_pinned;
	executable.pinned_text_end = upstare_table_upstare_pinned_end;
	executable.exports = upstare_table_upstare_exports;
	executable.exports_end = upstare_table_upstare_exports_end;
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
