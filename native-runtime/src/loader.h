/*
 * Loads a patch from memory, for processes that dlopen cannot serve: those that changed root, or that see no /proc. The
 * patch is a shared object made by upstare-patch; only what such an object contains is supported, everything else is
 * answered with an error before any of its code can run.
 */
#ifndef UPSTARE_LOADER_H
#define UPSTARE_LOADER_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

struct upstare_image {
	char *base; /* load bias: the address of the image's virtual address 0 */
	size_t span;
	const Elf64_Dyn *dynamic;
	const Elf64_Sym *symbols;
	const char *strings;
	uint32_t nsymbols;
	void *eh_frame; /* registered with the unwinder; NULL: none */
};

/*
 * Asked for every undefined symbol: writes the value for a relocation of this type (R_X86_64_64, GLOB_DAT, JUMP_SLOT: the
 * address; R_X86_64_TPOFF64: the offset from the thread pointer) and returns 1, or returns 0: looked up in the process.
 */
typedef int (*upstare_bind_fn)(void *context, const char *symbol, unsigned type, uint64_t *value);

/*
 * Maps and relocates the shared object in elf[0..size); constructors do not run. Returns 0, or -1 with a message in
 * error; nothing stays mapped then. The image does not refer to elf afterwards.
 */
int upstare_image_load(struct upstare_image *image, const void *elf, size_t size, upstare_bind_fn bind, void *context,
		       char *error, size_t error_size);
/* Address of a symbol that the image defines and exports, or NULL. */
void *upstare_image_symbol(const struct upstare_image *image, const char *name);
/* Unmaps. No thread may have a frame in the image. */
void upstare_image_unload(struct upstare_image *image);

#endif
