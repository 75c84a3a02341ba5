/*
 * A patch's own part of the interface: compiled by upstare-patch and linked into each patch, after the generated
 * tables. "upstare_module" is the patch's only exported symbol.
 */
#include <upstare/tables.h>

unsigned char upstare_flag __attribute__((visibility("hidden")));
extern const struct upstare_patch upstare_patch_info __attribute__((visibility("hidden")));

__attribute__((visibility("default"))) const struct upstare_module upstare_module = {
	.abi_version = UPSTARE_ABI_VERSION,
	.is_patch = 1,
	.flag = &upstare_flag,
	UPSTARE_EACH_TABLE(UPSTARE_TABLE_FIELDS)
	.patch = &upstare_patch_info,
};
