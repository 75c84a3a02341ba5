/* Taking a mutex, which waiting for a condition ends with. */
#ifndef UPSTARE_MUTEX_H
#define UPSTARE_MUTEX_H

#include "blocking.h"

enum { UPSTARE_MUTEX = 0 }; /* index of the mutex in extra */

/* Takes the mutex in c->extra. *unrolling: the record is written, return at once. Not a cancellation point. */
hidden int upstare_take_mutex(struct upstare_call *c, const struct upstare_function *descriptor, bool *unrolling);

#endif
