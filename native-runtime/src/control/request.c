#include <string.h>

#include "channel.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

void upstare_hex(const unsigned char *bytes, size_t count, char *text)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < count; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * count] = 0;
}

bool upstare_unhex(const char *text, size_t count, unsigned char *bytes)
{
	size_t i;

	for (i = 0; i < count; i++) {
		int high = hex_digit(text[2 * i]), low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);

		if (low < 0)
			return false;
		bytes[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

/* Percent-decodes in place; a malformed escape or an encoded 0 is refused. */
static bool decode(char *text)
{
	char *out = text;

	for (; *text; text++) {
		unsigned char byte;

		if (*text != '%') {
			*out++ = *text;
			continue;
		}
		if (!upstare_unhex(text + 1, 1, &byte) || !byte)
			return false;
		*out++ = (char)byte;
		text += 2;
	}
	*out = 0;
	return true;
}

const char *upstare_request_parse(struct upstare_request *r, char *line)
{
	static const char version[] = "upstare/1 ";
	char *word, *next = line + sizeof(version) - 1;
	struct upstare_argument *a;
	char *equals;

	memset(r, 0, sizeof(*r));
	if (strncmp(line, version, sizeof(version) - 1))
		return "not a request of protocol upstare/1";
	while ((word = next)) {
		next = strchr(word, ' ');
		if (next)
			*next++ = 0;
		if (!*word)
			return "empty word in the request";
		if (!r->command) {
			r->command = word;
			continue;
		}
		equals = strchr(word, '=');
		if (!equals || equals == word)
			return "a word of the request is not name=value";
		*equals = 0;
		if (upstare_request_value(r, word))
			return "an argument is given twice";
		if (r->covered)
			return "mac must be the last argument";
		if (r->narguments == UPSTARE_ARGUMENTS)
			return "too many arguments";
		if (!strcmp(word, "mac"))
			r->covered = (size_t)(word - line) - 1;
		if (!decode(equals + 1))
			return "malformed escape in an argument";
		a = &r->arguments[r->narguments++];
		a->name = word;
		a->value = equals + 1;
	}
	return NULL;
}

const char *upstare_request_value(const struct upstare_request *r, const char *name)
{
	int i;

	for (i = 0; i < r->narguments; i++)
		if (!strcmp(r->arguments[i].name, name))
			return r->arguments[i].value;
	return NULL;
}

long long upstare_request_number(const struct upstare_request *r, const char *name, long long fallback, long long max)
{
	const char *text = upstare_request_value(r, name);
	long long value = 0;

	if (!text)
		return fallback;
	if (!*text)
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		value = value * 10 + (*text - '0');
		if (value > max)
			return -1;
	}
	return value;
}

bool upstare_request_digest(const struct upstare_request *r, const char *name, unsigned char value[32])
{
	const char *text = upstare_request_value(r, name);

	return text && strlen(text) == 64 && upstare_unhex(text, 32, value);
}
