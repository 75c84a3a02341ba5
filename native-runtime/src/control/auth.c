#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel.h"
#include "sys.h"

#define KEY_SIZE 32

/* In a page of its own that stays out of core dumps. */
static unsigned char *key;

static int read_key(int fd, unsigned char bytes[KEY_SIZE])
{
	char text[2 * KEY_SIZE + 2];
	struct stat st;
	long got;

	if (upstare_sys(SYS_fstat, fd, &st))
		return EIO;
	if (!S_ISREG(st.st_mode) || (st.st_mode & 07777) != 0600 || st.st_uid != (uid_t)upstare_sys(SYS_geteuid))
		return EACCES;
	got = upstare_sys(SYS_read, fd, text, sizeof(text));
	if (got < 2 * KEY_SIZE || (got == 2 * KEY_SIZE + 1 && text[2 * KEY_SIZE] != '\n') || got > 2 * KEY_SIZE + 1)
		return EINVAL;
	return upstare_unhex(text, KEY_SIZE, bytes) ? 0 : EINVAL;
}

int upstare_key_load(void)
{
	static const char inside[] = "/.config/upstare/key";
	const char *path = secure_getenv("UPSTARE_KEY_FILE"), *home;
	char name[4096];
	unsigned char *page;
	int fd, result;

	if (key)
		return 0;
	if (!path || !*path) {
		home = secure_getenv("HOME");
		if (!home || *home != '/' || strlen(home) + sizeof(inside) > sizeof(name))
			return ENOENT;
		strcpy(name, home);
		strcat(name, inside);
		path = name;
	}
	fd = (int)upstare_sys(SYS_open, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0);
	if (fd < 0)
		return -fd;
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED) {
		result = ENOMEM;
	} else {
		upstare_sys(SYS_madvise, page, 4096, MADV_DONTDUMP);
		result = read_key(fd, page);
		if (result)
			munmap(page, 4096);
		else
			key = page;
	}
	upstare_sys(SYS_close, fd);
	return result;
}

int upstare_exchange_begin(struct upstare_exchange *e)
{
	long got = upstare_sys(SYS_getrandom, e->server_nonce, sizeof(e->server_nonce), 0);

	if (!key)
		return EACCES;
	return got == sizeof(e->server_nonce) ? 0 : EIO;
}

static void begin_mac(struct upstare_hmac *h, const struct upstare_exchange *e, const char *direction)
{
	upstare_hmac_init(h, key, KEY_SIZE);
	upstare_hmac_update(h, direction, strlen(direction));
	upstare_hmac_update(h, e->server_nonce, sizeof(e->server_nonce));
	upstare_hmac_update(h, e->client_nonce, sizeof(e->client_nonce));
}

bool upstare_exchange_verify(const struct upstare_exchange *e, const char *line, size_t covered, const unsigned char *mac)
{
	unsigned char expected[UPSTARE_SHA256_SIZE];
	struct upstare_hmac h;

	begin_mac(&h, e, "upstare/1 request\n");
	upstare_hmac_update(&h, line, covered);
	upstare_hmac_final(&h, expected);
	return upstare_same_digest(expected, mac);
}

void upstare_exchange_sign(const struct upstare_exchange *e, const char *answer, size_t length, unsigned char *mac)
{
	struct upstare_hmac h;

	begin_mac(&h, e, "upstare/1 answer\n");
	upstare_hmac_update(&h, answer, length);
	upstare_hmac_final(&h, mac);
}
