/*
 * The tables of a module as its linker collects them, for what defines a struct upstare_module: the runtime (the executable's), each
 * patch, each shared library of the program.
 */
#ifndef UPSTARE_TABLES_H
#define UPSTARE_TABLES_H

#include <upstare/abi.h>

/* X(type of an entry, field of struct upstare_module, section). A section that a module has not begins and ends at NULL. */
#define UPSTARE_EACH_TABLE(X)                                                           \
	X(struct upstare_point_entry, points, upstare_points)                           \
	X(struct upstare_function, functions, upstare_functions)                        \
	X(struct upstare_pinned_function, pinned, upstare_pinned_functions)             \
	X(struct upstare_stub, stubs, upstare_stubs)                                    \
	X(struct upstare_variable, variables, upstare_variables)                        \
	X(struct upstare_variable, tls_variables, upstare_tls_variables)                \
	X(char, pinned_text, upstare_pinned)

/*
 * gcc writes no .hidden for a weak name that it only refers to. Without it the table of a section that a module has not
 * is bound by the dynamic linker to that of a program linked with -rdynamic.
 */
#define UPSTARE_TABLE(type, field, name)                                                \
	extern const type upstare_table_##name[] __asm__("__start_" #name)              \
		__attribute__((weak, visibility("hidden")));                            \
	extern const type upstare_table_##name##_end[] __asm__("__stop_" #name)         \
		__attribute__((weak, visibility("hidden")));                            \
	__asm__(".hidden __start_" #name "\n\t.hidden __stop_" #name);

#define UPSTARE_TABLE_FIELDS(type, field, name) .field = upstare_table_##name, .field##_end = upstare_table_##name##_end,

UPSTARE_EACH_TABLE(UPSTARE_TABLE)

#endif
