#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "json.h"

#include <string.h>
#include <sys/mman.h>

#define FIRST_CAPACITY 16384

void upstare_json_init(struct upstare_json *j)
{
	memset(j, 0, sizeof(*j));
}

void upstare_json_free(struct upstare_json *j)
{
	if (j->data)
		munmap(j->data, j->capacity);
	upstare_json_init(j);
}

/* Room for more bytes and a final 0. */
static bool reserve(struct upstare_json *j, size_t more)
{
	size_t need, capacity;
	void *data;

	if (j->failed)
		return false;
	if (__builtin_add_overflow(j->length, more, &need) || __builtin_add_overflow(need, 1, &need))
		goto failed;
	if (need <= j->capacity)
		return true;
	capacity = j->capacity ? j->capacity : FIRST_CAPACITY;
	while (capacity < need)
		if (__builtin_mul_overflow(capacity, 2, &capacity))
			goto failed;
	if (j->data)
		data = mremap(j->data, j->capacity, capacity, MREMAP_MAYMOVE);
	else
		data = mmap(NULL, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (data == MAP_FAILED)
		goto failed;
	if (!j->data) /* an answer that is being written is no business of a child */
		madvise(data, capacity, MADV_DONTFORK);
	j->data = data;
	j->capacity = capacity;
	return true;
failed:
	j->failed = true;
	return false;
}

static void put(struct upstare_json *j, const char *text, size_t length)
{
	if (!reserve(j, length))
		return;
	memcpy(j->data + j->length, text, length);
	j->length += length;
}

/* Length of the well-formed UTF-8 sequence (RFC 3629) at s, 0 if there is none. */
static size_t utf8_length(const unsigned char *s, size_t left)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t length, i;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		length = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		length = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		length = 4;
	else
		return 0;
	if (left < length)
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0; /* shorter forms exist */
	else if (s[0] == 0xed)
		high = 0x9f; /* surrogates */
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f; /* above U+10FFFF */
	if (s[1] < low || s[1] > high)
		return 0;
	for (i = 2; i < length; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return length;
}

static void put_quoted(struct upstare_json *j, const char *text, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *s = (const unsigned char *)text;
	size_t i = 0, n;

	put(j, "\"", 1);
	while (i < length && !j->failed) {
		unsigned char c = s[i];
		char escape[6] = "\\u00";
		const char *at;

		n = 1;
		if (c == '"' || c == '\\') {
			escape[1] = (char)c;
			put(j, escape, 2);
		} else if (c && (at = strchr("\bb\ff\nn\rr\tt", c)) && c < 0x20) {
			escape[1] = at[1];
			put(j, escape, 2);
		} else if (c < 0x20 || c == 0x7f) {
			escape[4] = digits[c >> 4];
			escape[5] = digits[c & 15];
			put(j, escape, 6);
		} else if ((n = utf8_length(s + i, length - i))) {
			put(j, text + i, n);
		} else { /* file names need not be UTF-8, JSON must */
			n = 1;
			put(j, "\\ufffd", 6);
		}
		i += n;
	}
	put(j, "\"", 1);
}

/* What stands before a value: the comma after the one before, and its key. */
static void begin_value(struct upstare_json *j, const char *key)
{
	if (j->member)
		put(j, ",", 1);
	j->member = true;
	if (key) {
		put_quoted(j, key, strlen(key));
		put(j, ":", 1);
	}
}

void upstare_json_string_n(struct upstare_json *j, const char *key, const char *value, size_t length)
{
	begin_value(j, key);
	put_quoted(j, value, length);
}

void upstare_json_string(struct upstare_json *j, const char *key, const char *value)
{
	if (value)
		upstare_json_string_n(j, key, value, strlen(value));
	else
		upstare_json_null(j, key);
}

static void put_unsigned(struct upstare_json *j, unsigned long long value)
{
	char text[24];
	size_t at = sizeof(text);

	do
		text[--at] = (char)('0' + value % 10);
	while (value /= 10);
	put(j, text + at, sizeof(text) - at);
}

void upstare_json_int(struct upstare_json *j, const char *key, long long value)
{
	begin_value(j, key);
	if (value < 0)
		put(j, "-", 1);
	put_unsigned(j, value < 0 ? 0 - (unsigned long long)value : (unsigned long long)value);
}

void upstare_json_bool(struct upstare_json *j, const char *key, bool value)
{
	begin_value(j, key);
	put(j, value ? "true" : "false", value ? 4 : 5);
}

void upstare_json_null(struct upstare_json *j, const char *key)
{
	begin_value(j, key);
	put(j, "null", 4);
}

void upstare_json_double(struct upstare_json *j, const char *key, double value)
{
	unsigned long long thousandths;
	char fraction[4];

	if (!(value > -9e15 && value < 9e15)) {
		upstare_json_null(j, key);
		return;
	}
	begin_value(j, key);
	thousandths = (unsigned long long)((value < 0 ? -value : value) * 1000 + 0.5);
	if (value < 0 && thousandths)
		put(j, "-", 1);
	put_unsigned(j, thousandths / 1000);
	fraction[0] = '.';
	fraction[1] = (char)('0' + thousandths / 100 % 10);
	fraction[2] = (char)('0' + thousandths / 10 % 10);
	fraction[3] = (char)('0' + thousandths % 10);
	put(j, fraction, 4);
}

static void begin_level(struct upstare_json *j, const char *key, const char *brackets)
{
	if (j->depth == UPSTARE_JSON_DEPTH) {
		j->failed = true;
		return;
	}
	begin_value(j, key);
	put(j, brackets, 1);
	j->closing[j->depth++] = brackets[1];
	j->member = false;
}

void upstare_json_begin_object(struct upstare_json *j, const char *key)
{
	begin_level(j, key, "{}");
}

void upstare_json_begin_array(struct upstare_json *j, const char *key)
{
	begin_level(j, key, "[]");
}

void upstare_json_end(struct upstare_json *j)
{
	if (!j->depth)
		return;
	put(j, &j->closing[--j->depth], 1);
	j->member = true;
}

const char *upstare_json_text(struct upstare_json *j)
{
	while (j->depth && !j->failed)
		upstare_json_end(j);
	if (!reserve(j, 0))
		return NULL;
	j->data[j->length] = 0;
	return j->data;
}
