/* A wrapped call that is one system call, to be made again as it is. */
#ifndef UPSTARE_SIMPLE_H
#define UPSTARE_SIMPLE_H

#include "blocking.h"

#include <sys/syscall.h>

/* After a first try that was broken off. */
hidden long upstare_simple(struct upstare_call *c, const struct upstare_function *descriptor);
hidden long upstare_resume_simple(void);

#define A(x) ((long)(x))
#define UPSTARE_SIMPLE(ONCE, TYPE, NAME, PARAMETERS, NUMBER, ...)                                                      \
	UPSTARE_CALL(NAME, upstare_resume_simple);                                                                     \
	exported TYPE upstare_w_##NAME PARAMETERS;                                                                     \
	TYPE upstare_w_##NAME PARAMETERS                                                                               \
	{                                                                                                              \
		long r = upstare_first(NUMBER, (const long[6]){__VA_ARGS__});                                          \
		if (__builtin_expect(r != UPSTARE_ABORTED, 1))                                                         \
			return (TYPE)upstare_result(r);                                                                \
		struct upstare_call c = {.number = NUMBER, .arguments = {__VA_ARGS__}, .once = ONCE};                  \
		return (TYPE)upstare_simple(&c, &upstare_w_d_##NAME);                                                  \
	}
#define SIMPLE(...) UPSTARE_SIMPLE(false, __VA_ARGS__)
/* For one that no SA_RESTART makes go on after a handler. */
#define ONCE(...) UPSTARE_SIMPLE(true, __VA_ARGS__)

#endif
