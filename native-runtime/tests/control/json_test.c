/* Hazards: escapes, text that is not UTF-8, numbers at their limits, growth, nesting too deep, commas. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/json.h"

static int failures;

static void expect(struct upstare_json *j, const char *wanted)
{
	const char *got = upstare_json_text(j);

	if (!got || strcmp(got, wanted)) {
		printf("wanted %s\ngot    %s\n", wanted, got ? got : "(failed)");
		failures++;
	}
	upstare_json_free(j);
}

int main(void)
{
	struct upstare_json j;
	size_t length;
	char *big;
	int i;

	upstare_json_init(&j);
	upstare_json_begin_object(&j, NULL);
	upstare_json_end(&j);
	expect(&j, "{}");

	upstare_json_begin_object(&j, NULL);
	upstare_json_string(&j, "a\"b", "\\ \" / \b\f\n\r\t \x01 \x1f \x7f");
	upstare_json_string(&j, "none", NULL);
	upstare_json_string_n(&j, "n", "ab\0cd", 5);
	expect(&j, "{\"a\\\"b\":\"\\\\ \\\" / \\b\\f\\n\\r\\t \\u0001 \\u001f \\u007f\",\"none\":null,\"n\":\"ab\\u0000cd\"}");

	upstare_json_begin_array(&j, NULL);
	upstare_json_string(&j, NULL, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	upstare_json_string(&j, NULL, "\xff|\xc0\x80|\xed\xa0\x80|\xf4\x90\x80\x80|\xe2\x82");
	expect(&j, "[\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\","
		   "\"\\ufffd|\\ufffd\\ufffd|\\ufffd\\ufffd\\ufffd|\\ufffd\\ufffd\\ufffd\\ufffd|\\ufffd\\ufffd\"]");

	upstare_json_begin_array(&j, NULL);
	upstare_json_int(&j, NULL, LLONG_MIN);
	upstare_json_int(&j, NULL, LLONG_MAX);
	upstare_json_int(&j, NULL, 0);
	upstare_json_bool(&j, NULL, true);
	upstare_json_bool(&j, NULL, false);
	upstare_json_begin_object(&j, NULL);
	upstare_json_double(&j, "a", -0.0004);
	upstare_json_double(&j, "b", 12.0456);
	upstare_json_double(&j, "c", -1.9996);
	upstare_json_double(&j, "d", NAN);
	upstare_json_double(&j, "e", 1e300);
	upstare_json_end(&j);
	upstare_json_null(&j, NULL);
	expect(&j, "[-9223372036854775808,9223372036854775807,0,true,false,"
		   "{\"a\":0.000,\"b\":12.046,\"c\":-2.000,\"d\":null,\"e\":null},null]");

	/* Grows, and what is left open is closed. */
	big = malloc(1 << 20);
	if (!big)
		return 1;
	memset(big, 'x', (1 << 20) - 1);
	big[(1 << 20) - 1] = 0;
	upstare_json_begin_object(&j, NULL);
	upstare_json_begin_array(&j, "big");
	for (i = 0; i < 8; i++)
		upstare_json_string(&j, NULL, big);
	length = j.length;
	if (!upstare_json_text(&j) || strcmp(j.data + length, "]}") || length != 8 + 8 * ((1 << 20) + 1) + 7) {
		printf("growth: length %zu\n", length);
		failures++;
	}
	upstare_json_free(&j);
	free(big);

	/* Too deep: sticky, and safe to go on with. */
	for (i = 0; i < 100; i++)
		upstare_json_begin_array(&j, NULL);
	upstare_json_int(&j, NULL, 1);
	if (upstare_json_text(&j)) {
		printf("nesting without a limit\n");
		failures++;
	}
	upstare_json_free(&j);
	return failures != 0;
}
