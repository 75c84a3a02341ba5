/*
 * Linked into each shared library of transformed objects: its tables, and the way to the runtime of the program that loads it.
 * All hidden, and nothing of the runtime is needed: in a program without one the checks never rise, and the wrapped calls are
 * the plain ones (liblibrary.a, a member for each).
 */
#include <upstare/abi.h>

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
TABLE(struct upstare_wrapped, upstare_wrapped);

unsigned char upstare_flag __attribute__((visibility("hidden")));
void *upstare_library_point __attribute__((visibility("hidden")));

/* Reached only when the flag is up, which the runtime does; an exit's registers stay as they are. */
__asm__(".pushsection .text\n\t.globl upstare_point\n\t.hidden upstare_point\n\t.type upstare_point, @function\n"
	"upstare_point:\n\tjmp *upstare_library_point(%rip)\n\t.size upstare_point, .-upstare_point\n\t.popsection");

static const struct upstare_module module = {
	.abi_version = UPSTARE_ABI_VERSION,
	.flag = &upstare_flag,
	.points = upstare_table_upstare_points,
	.points_end = upstare_table_upstare_points_end,
	.functions = upstare_table_upstare_functions,
	.functions_end = upstare_table_upstare_functions_end,
	.pinned = upstare_table_upstare_pinned_functions,
	.pinned_end = upstare_table_upstare_pinned_functions_end,
	.stubs = upstare_table_upstare_stubs,
	.stubs_end = upstare_table_upstare_stubs_end,
	.variables = upstare_table_upstare_variables,
	.variables_end = upstare_table_upstare_variables_end,
	.tls_variables = upstare_table_upstare_tls_variables,
	.tls_variables_end = upstare_table_upstare_tls_variables_end,
	.pinned_text = upstare_table_upstare_pinned,
	.pinned_text_end = upstare_table_upstare_pinned_end,
	.exports = upstare_table_upstare_exports,
	.exports_end = upstare_table_upstare_exports_end,
};
/* The section tells upstare-patch that the library has tables. */
static struct upstare_library library __attribute__((section("upstare_library"))) = {
	.module = &module,
	.point = &upstare_library_point,
	.wrapped = upstare_table_upstare_wrapped,
	.wrapped_end = upstare_table_upstare_wrapped_end,
};

extern int upstare_library_enter(struct upstare_library *) __attribute__((weak));
extern void upstare_library_leave(struct upstare_library *) __attribute__((weak));
static int entered;

static void enter(void)
{
	entered = upstare_library_enter && upstare_library_enter(&library) == 0;
}

static void leave(void)
{
	if (entered)
		upstare_library_leave(&library);
}

/* Before all constructors of the library, and after all of its destructors. */
static void (*const first)(void) __attribute__((section(".init_array.00000"), used)) = enter;
static void (*const last)(void) __attribute__((section(".fini_array.00000"), used)) = leave;
