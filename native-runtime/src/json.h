/*
 * A JSON writer for the answers of the control channel. It uses neither stdio nor the program's allocator (which may itself
 * be instrumented code): the buffer is mapped memory that grows. Running out of memory is remembered, never fatal: later
 * calls do nothing and upstare_json_text says so.
 */
#ifndef UPSTARE_JSON_H
#define UPSTARE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#define UPSTARE_JSON_DEPTH 32

struct upstare_json {
	char *data;
	size_t length, capacity;
	bool failed;                       /* out of memory, or nested too deeply */
	bool member;                       /* a value stands before: the next one needs a comma */
	unsigned char depth;
	char closing[UPSTARE_JSON_DEPTH];  /* what each open level ends with */
};

/* All zero is a valid empty writer too. */
void upstare_json_init(struct upstare_json *j);
void upstare_json_free(struct upstare_json *j);

/* In each of these key is NULL inside an array and at the top. value may be NULL: null is written. */
void upstare_json_string(struct upstare_json *j, const char *key, const char *value);
void upstare_json_string_n(struct upstare_json *j, const char *key, const char *value, size_t length);
void upstare_json_int(struct upstare_json *j, const char *key, long long value);
void upstare_json_bool(struct upstare_json *j, const char *key, bool value);
/* Three digits after the point; what is not finite or above 9e15 is written as null. */
void upstare_json_double(struct upstare_json *j, const char *key, double value);
void upstare_json_null(struct upstare_json *j, const char *key);
void upstare_json_begin_object(struct upstare_json *j, const char *key);
void upstare_json_begin_array(struct upstare_json *j, const char *key);
void upstare_json_end(struct upstare_json *j);

/* The text so far, terminated by 0, with all levels that are still open closed; NULL after a failure. */
const char *upstare_json_text(struct upstare_json *j);

#endif
