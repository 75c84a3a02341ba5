/*
 * A patch's own part of the interface: compiled by upstare-patch and linked into each patch, after the generated
 * tables. "upstare_module" is the patch's only exported symbol.
 */
#include <upstare/abi.h>

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

unsigned char upstare_flag __attribute__((visibility("hidden")));
extern const struct upstare_patch upstare_patch_info __attribute__((visibility("hidden")));

__attribute__((visibility("default"))) const struct upstare_module upstare_module = {
	.abi_version = UPSTARE_ABI_VERSION,
	.is_patch = 1,
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
	.patch = &upstare_patch_info,
};
