/*
 * Hazard: code that the program makes while it runs, with unwind tables that libgcc_s.so is told of, as compilers at run time do. The runtime
 * has to know them too, or it does not see what is below such code on the stack. VERSION is the version.
 */
#include "testprog.h"
#include <sys/mman.h>

void __register_frame(void *tables);

/* void made(void (*f)(void)): calls f. */
static const unsigned char code[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3}; /* push %rbp; mov %rsp,%rbp; call *%rdi; pop %rbp; ret */

/* A CIE, an FDE, and the zero that ends them (LSB, "Exception Frames"; DWARF 5, 6.4). */
static struct {
	unsigned cie_length, cie_id;
	unsigned char cie[12];
	unsigned fde_length, cie_pointer;
	const void *begin;
	unsigned long size;
	unsigned char fde[8];
	unsigned end;
} __attribute__((packed)) tables = {
	.cie_length = 16,
	/* version, no augmentation, code and data alignment, return address; CFA is rsp + 8, return address at CFA - 8 */
	.cie = {1, 0, 1, 0x78, 16, 0x0c, 7, 8, 0x90, 1},
	.fde_length = 28,
	.cie_pointer = 24,
	.size = sizeof(code),
	/* after the push: CFA is rsp + 16, rbp at CFA - 16; before the return: rsp + 8 */
	.fde = {0x41, 0x0e, 16, 0x86, 2, 0x46, 0x0e, 8},
};

static void inside(void)
{
	gate("below code that was made");
}

int main(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*made)(void (*)(void));

	begin();
	if (page == MAP_FAILED)
		return 2;
	memcpy(page, code, sizeof(code));
	mprotect(page, 4096, PROT_READ | PROT_EXEC);
	tables.begin = page;
	__register_frame(&tables);
	memcpy(&made, &page, sizeof(made));
	made(inside);
	gate("above it");
	printf("v%d\n", VERSION);
	return failures;
}
