/* FIPS 180-4 examples (as published by NIST with the standard) and RFC 4231 test cases. */
#include <stdio.h>
#include <string.h>

#include "../../src/control/channel.h"

static int failures;

static void compare(const char *what, const unsigned char *digest, const char *wanted)
{
	char hex[2 * UPSTARE_SHA256_SIZE + 1];

	upstare_hex(digest, UPSTARE_SHA256_SIZE, hex);
	if (strcmp(hex, wanted)) {
		printf("%s: wanted %s\n got %s\n", what, wanted, hex);
		failures++;
	}
}

/* Hashes text in pieces of every given size: block borders must not matter. */
static void hash(const char *text, size_t length, size_t repeat, const char *wanted)
{
	static const size_t pieces[] = {1, 3, 63, 64, 65, 1000};
	unsigned char digest[UPSTARE_SHA256_SIZE];
	struct upstare_sha256 h;
	size_t p, r, at, n;

	for (p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++) {
		upstare_sha256_init(&h);
		for (r = 0; r < repeat; r++)
			for (at = 0; at < length; at += n) {
				n = length - at < pieces[p] ? length - at : pieces[p];
				upstare_sha256_update(&h, text + at, n);
			}
		upstare_sha256_final(&h, digest);
		compare(text, digest, wanted);
	}
}

static void hmac(const char *what, const void *key, size_t key_length, const void *data, size_t length, const char *wanted)
{
	unsigned char mac[UPSTARE_SHA256_SIZE];
	struct upstare_hmac h;

	upstare_hmac_init(&h, key, key_length);
	upstare_hmac_update(&h, data, length);
	upstare_hmac_final(&h, mac);
	compare(what, mac, wanted);
}

int main(void)
{
	static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	static const char four_blocks[] = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopq"
					  "klmnopqrlmnopqrsmnopqrstnopqrstu";
	unsigned char long_key[131], short_key[20], data[50];
	unsigned char a[UPSTARE_SHA256_SIZE] = {0}, b[UPSTARE_SHA256_SIZE] = {0};
	char thousand[1000];
	int i;

	memset(thousand, 'a', sizeof(thousand));
	hash("", 0, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	hash("abc", 3, 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	hash(two_blocks, 56, 1, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	hash(four_blocks, 112, 1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
	hash(thousand, 1000, 1000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");

	memset(short_key, 0x0b, sizeof(short_key));
	hmac("rfc4231-1", short_key, 20, "Hi There", 8, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	hmac("rfc4231-2", "Jefe", 4, "what do ya want for nothing?", 28,
	     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(short_key, 0xaa, sizeof(short_key));
	memset(data, 0xdd, sizeof(data));
	hmac("rfc4231-3", short_key, 20, data, 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
	memset(long_key, 0xaa, sizeof(long_key));
	hmac("rfc4231-6", long_key, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 54,
	     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");

	for (i = 0; i < UPSTARE_SHA256_SIZE; i++) {
		a[i] = 1;
		if (upstare_same_digest(a, b)) {
			printf("digests that differ in byte %d are taken for the same\n", i);
			failures++;
		}
		a[i] = 0;
	}
	if (!upstare_same_digest(a, b))
		failures++;
	return failures != 0;
}
