/* SHA-256 (FIPS 180-4) and HMAC-SHA256 (RFC 2104): what authenticates requests that come over TCP. */
#ifndef UPSTARE_SHA256_H
#define UPSTARE_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UPSTARE_SHA256_SIZE 32

struct upstare_sha256 {
	uint32_t state[8];
	uint64_t length; /* bytes so far */
	unsigned char block[64];
};

void upstare_sha256_init(struct upstare_sha256 *h);
void upstare_sha256_update(struct upstare_sha256 *h, const void *data, size_t length);
void upstare_sha256_final(struct upstare_sha256 *h, unsigned char digest[UPSTARE_SHA256_SIZE]);

struct upstare_hmac {
	struct upstare_sha256 inner, outer;
};

void upstare_hmac_init(struct upstare_hmac *h, const void *key, size_t length);
void upstare_hmac_update(struct upstare_hmac *h, const void *data, size_t length);
void upstare_hmac_final(struct upstare_hmac *h, unsigned char mac[UPSTARE_SHA256_SIZE]);

/* In a time that does not depend on where the two differ. */
bool upstare_same_digest(const unsigned char *a, const unsigned char *b);

#endif
