/*
 * Coroutines of makecontext(3). What stands on a stack that swapcontext has left is code of the version in which it was left, and there is no thread that could
 * look at it: an update waits until no context is suspended. One that has not begun yet begins in the new version, since makecontext was given a stub.
 */
#include "internal.h"

#include <dlfcn.h>
#include <ucontext.h>

/* Contexts that swapcontext has left and nobody has come back to. One that is given up counts for ever. */
static unsigned suspended;
/* Behind the call that has left the last of them. */
static uintptr_t left_at;

exported int upstare_w_swapcontext(ucontext_t *restrict from, const ucontext_t *restrict to);
int upstare_w_swapcontext(ucontext_t *restrict from, const ucontext_t *restrict to)
{
	static int (*swap)(ucontext_t *, const ucontext_t *);
	/* setcontext may come back here more than once. */
	volatile bool counted = true;
	/* By its name it would be the one that libraries get (blocking/interpose.c). */
	if (!swap)
		swap = (int (*)(ucontext_t *, const ucontext_t *))dlsym(RTLD_NEXT, "swapcontext");
	__atomic_store_n(&left_at, (uintptr_t)__builtin_return_address(0), __ATOMIC_RELAXED);
	__atomic_add_fetch(&suspended, 1, __ATOMIC_SEQ_CST);
	int result = swap(from, to);
	if (counted) {
		counted = false;
		__atomic_sub_fetch(&suspended, 1, __ATOMIC_SEQ_CST);
	}
	return result;
}

bool upstare_coroutines_suspended(struct upstare_context *c)
{
	if (__atomic_load_n(&suspended, __ATOMIC_SEQ_CST) == 0)
		return false;
	upstare_place_of(__atomic_load_n(&left_at, __ATOMIC_RELAXED), &c->function, &c->line);
	c->why = "a context that swapcontext has left is suspended";
	return true;
}
