/*
 * Linked into each shared library of transformed objects: its tables, and the way to the runtime of the program that loads it.
 * All hidden, and nothing of the runtime is needed: in a program without one the checks never rise, and the wrapped calls are
 * the plain ones (liblibrary.a, a member for each).
 */
#include <upstare/tables.h>

UPSTARE_TABLE(struct upstare_export, exports, upstare_exports)
UPSTARE_TABLE(struct upstare_wrapped, wrapped, upstare_wrapped)

unsigned char upstare_flag __attribute__((visibility("hidden")));
void *upstare_library_point __attribute__((visibility("hidden")));

/* Reached only when the flag is up, which the runtime does; an exit's registers stay as they are. */
__asm__(".pushsection .text\n\t.globl upstare_point\n\t.hidden upstare_point\n\t.type upstare_point, @function\n"
	"upstare_point:\n\tjmp *upstare_library_point(%rip)\n\t.size upstare_point, .-upstare_point\n\t.popsection");

static const struct upstare_module module = {
	.abi_version = UPSTARE_ABI_VERSION,
	.flag = &upstare_flag,
	UPSTARE_EACH_TABLE(UPSTARE_TABLE_FIELDS)
	UPSTARE_TABLE_FIELDS(struct upstare_export, exports, upstare_exports)
};
/* The section tells upstare-patch that the library has tables. */
static struct upstare_library library __attribute__((section("upstare_library"))) = {
	.module = &module,
	.point = &upstare_library_point,
	UPSTARE_TABLE_FIELDS(struct upstare_wrapped, wrapped, upstare_wrapped)
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
