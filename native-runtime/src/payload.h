/* A patch on its way into the processes of a program: what is loaded of its file, as bytes and as a file in memory that they share. */
#ifndef UPSTARE_PAYLOAD_H
#define UPSTARE_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Says which file it is: a descriptor may have been closed, or be another's, where the program closes what it does not know. */
struct upstare_file_identity {
	uint64_t device, inode;
};

struct upstare_payload {
	const void *bytes;   /* NULL: there is only the file, or nothing yet */
	size_t size;         /* without the sections that no process loads */
	uint64_t content[2]; /* hash of these bytes, their number mixed in; both 0: not computed yet */
	int fd;              /* the file in memory, read-only for good (F_SEAL_WRITE); 0: none */
	struct upstare_file_identity identity;
	/* Called where neither is there and no module has this content. NULL, or why there is neither now. */
	const char *(*fetch)(struct upstare_payload *);
};

/* The bytes of a patch file, which stay where they are as long as the payload is in use. NULL, or what is wrong with them. */
__attribute__((visibility("hidden"))) const char *upstare_payload_init(struct upstare_payload *, const void *bytes, size_t size);
__attribute__((visibility("hidden"))) const uint64_t *upstare_payload_content(struct upstare_payload *);
/* Writes `size` bytes. */
__attribute__((visibility("hidden"))) void upstare_payload_copy(const struct upstare_payload *, void *to);
/* The file's descriptor, the payload's own, or one of these. */
#define UPSTARE_PAYLOAD_NO_FILE (-1)   /* the kernel does not let one be made */
#define UPSTARE_PAYLOAD_NO_MEMORY (-2) /* then the bytes have no room elsewhere either */
__attribute__((visibility("hidden"))) int upstare_payload_file(struct upstare_payload *);
/* Opens the file of another process by its number and descriptor there. false: it may not, or finds another file. */
__attribute__((visibility("hidden"))) bool upstare_payload_open(struct upstare_payload *, int pid, int fd, struct upstare_file_identity);
__attribute__((visibility("hidden"))) void upstare_payload_close(struct upstare_payload *);
/* In a child that was forked meanwhile: it has inherited the descriptor. */
__attribute__((visibility("hidden"))) extern int upstare_payload_held;
__attribute__((visibility("hidden"))) void upstare_payload_forked(void);

#endif
