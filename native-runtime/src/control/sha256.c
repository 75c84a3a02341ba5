#include "sha256.h"

#include <string.h>

static const uint32_t constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static void compress(uint32_t state[8], const unsigned char block[64])
{
	uint32_t w[64], v[8], t1, t2;
	int i;

	for (i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
		       (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (; i < 64; i++)
		w[i] = w[i - 16] + w[i - 7] + (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) +
		       (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
	memcpy(v, state, sizeof(v));
	for (i = 0; i < 64; i++) {
		t1 = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) +
		     constants[i] + w[i];
		t2 = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) +
		     ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
		memmove(v + 1, v, 7 * sizeof(v[0]));
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (i = 0; i < 8; i++)
		state[i] += v[i];
}

void upstare_sha256_init(struct upstare_sha256 *h)
{
	static const uint32_t initial[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	};

	memcpy(h->state, initial, sizeof(initial));
	h->length = 0;
}

void upstare_sha256_update(struct upstare_sha256 *h, const void *data, size_t length)
{
	const unsigned char *bytes = data;
	size_t used = h->length % 64, n;

	if (!length)
		return;
	h->length += length;
	if (used) {
		n = length < 64 - used ? length : 64 - used;
		memcpy(h->block + used, bytes, n);
		if (used + n < 64)
			return;
		compress(h->state, h->block);
		bytes += n;
		length -= n;
	}
	for (; length >= 64; bytes += 64, length -= 64)
		compress(h->state, bytes);
	if (length)
		memcpy(h->block, bytes, length);
}

void upstare_sha256_final(struct upstare_sha256 *h, unsigned char digest[UPSTARE_SHA256_SIZE])
{
	uint64_t bits = h->length * 8;
	size_t used = h->length % 64;
	int i;

	h->block[used++] = 0x80;
	if (used > 56) {
		memset(h->block + used, 0, 64 - used);
		compress(h->state, h->block);
		used = 0;
	}
	memset(h->block + used, 0, 56 - used);
	for (i = 0; i < 8; i++)
		h->block[56 + i] = (unsigned char)(bits >> (56 - 8 * i));
	compress(h->state, h->block);
	for (i = 0; i < UPSTARE_SHA256_SIZE; i++)
		digest[i] = (unsigned char)(h->state[i / 4] >> (24 - 8 * (i % 4)));
}

void upstare_hmac_init(struct upstare_hmac *h, const void *key, size_t length)
{
	unsigned char block[64] = {0};
	int i;

	if (length > sizeof(block)) {
		upstare_sha256_init(&h->inner);
		upstare_sha256_update(&h->inner, key, length);
		upstare_sha256_final(&h->inner, block);
	} else {
		memcpy(block, key, length);
	}
	for (i = 0; i < 64; i++)
		block[i] ^= 0x36;
	upstare_sha256_init(&h->inner);
	upstare_sha256_update(&h->inner, block, sizeof(block));
	for (i = 0; i < 64; i++)
		block[i] ^= 0x36 ^ 0x5c;
	upstare_sha256_init(&h->outer);
	upstare_sha256_update(&h->outer, block, sizeof(block));
}

void upstare_hmac_update(struct upstare_hmac *h, const void *data, size_t length)
{
	upstare_sha256_update(&h->inner, data, length);
}

void upstare_hmac_final(struct upstare_hmac *h, unsigned char mac[UPSTARE_SHA256_SIZE])
{
	unsigned char inner[UPSTARE_SHA256_SIZE];

	upstare_sha256_final(&h->inner, inner);
	upstare_sha256_update(&h->outer, inner, sizeof(inner));
	upstare_sha256_final(&h->outer, mac);
}

bool upstare_same_digest(const unsigned char *a, const unsigned char *b)
{
	volatile unsigned char difference = 0;
	int i;

	for (i = 0; i < UPSTARE_SHA256_SIZE; i++)
		difference |= a[i] ^ b[i];
	return difference == 0;
}
