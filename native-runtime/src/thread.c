/* The list of threads that can be updated, and how a thread comes into it and leaves it. */
#include "internal.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sys/single_threaded.h>

#include "blocking/blocking.h"
#include "blocking/pipe/descriptors.h"
#include "child.h"
#include "control/control.h"
#include "control/sys.h"
#include "tree/tree.h"

/* The control stack; struct upstare_thread stands above it in the same mapping. */
#define CONTROL_STACK ((size_t)128 << 10)
#define CONTROL_MAPPING (CONTROL_STACK + 4096)
#define POOL_LIMIT 16
#define UNLIMITED_STACK ((size_t)64 << 20)
/* The round of destructors in which a thread leaves. ThreadSanitizer ends its own books of the thread in the last one. */
#ifdef __SANITIZE_THREAD__
#define LAST_ROUND (PTHREAD_DESTRUCTOR_ITERATIONS - 1)
#else
#define LAST_ROUND PTHREAD_DESTRUCTOR_ITERATIONS
#endif

struct upstare_thread *upstare_threads;
unsigned upstare_nthreads;
UPSTARE_CHILD_DATA int upstare_pid = 0;
unsigned char upstare_off;
__thread pid_t upstare_tid;
__thread char *upstare_forked_at;

UPSTARE_CHILD_DATA static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct upstare_thread *pool;
/* The first thread's, no mapping of its own: each mapping is copied by each fork. */
static char first_control[CONTROL_MAPPING] __attribute__((aligned(4096)));
static unsigned pooled;
static pthread_key_t key;
static bool have_key;

void upstare_lock(uint64_t *mask)
{
	upstare_block_signals(mask);
	pthread_mutex_lock(&lock);
}

bool upstare_trylock(void)
{
	return pthread_mutex_trylock(&lock) == 0;
}

void upstare_untrylock(void)
{
	pthread_mutex_unlock(&lock);
}

void upstare_unlock(const uint64_t *mask)
{
	pthread_mutex_unlock(&lock);
	upstare_set_signals(mask);
}

static void clear(struct upstare_thread *t)
{
	upstare_pages_free(t->records, t->records_size);
	upstare_pages_free(t->mapped, t->mapped_size);
	upstare_pages_free(t->index, t->index_size);
	upstare_pages_free(t->rebuilt, t->rebuilt_size);
	upstare_snapshot_free(t);
	for (struct upstare_stack *s = t->own.next, *next; s; s = next) {
		next = s->next;
		upstare_pages_free(s->low - 4096, (size_t)(s->high - s->low) + 8192);
	}
	memset(t, 0, sizeof(*t));
}

/* The lock is held. */
static void discard(struct upstare_thread *t)
{
	clear(t);
	if (pooled < POOL_LIMIT || (char *)t - CONTROL_STACK == first_control) {
		t->next = pool;
		pool = t;
		pooled++;
	} else {
		upstare_pages_free((char *)t - CONTROL_STACK, CONTROL_MAPPING);
	}
}

/* In the list from now on: an update waits for it. */
struct upstare_thread *upstare_thread_new(void)
{
	_Static_assert(sizeof(struct upstare_thread) <= 4096, "struct upstare_thread must fit its page");
	uint64_t mask;
	upstare_lock(&mask);
	while (upstare_update.phase == UPSTARE_COMMITTING) {
		uint32_t seen = upstare_update.event;
		upstare_unlock(&mask);
		upstare_futex_wait(&upstare_update.event, seen, 1000000);
		upstare_lock(&mask);
	}
	static bool first_taken;
	struct upstare_thread *t = pool;
	if (t) {
		pool = t->next;
		pooled--;
	} else {
		char *p = first_taken ? upstare_pages(CONTROL_MAPPING) : first_control;
		first_taken = true;
		t = p ? (struct upstare_thread *)(p + CONTROL_STACK) : NULL;
	}
	if (t) {
		t->starting = true;
		t->users = 1;
		t->previous = NULL;
		t->next = upstare_threads;
		if (t->next)
			t->next->previous = t;
		upstare_threads = t;
		__atomic_store_n(&upstare_nthreads, upstare_nthreads + 1, __ATOMIC_RELAXED);
	}
	upstare_unlock(&mask);
	return t;
}

/* The lock is held. */
static void unlink_thread(struct upstare_thread *t)
{
	if (t->next)
		t->next->previous = t->previous;
	*(t->previous ? &t->previous->next : &upstare_threads) = t->next;
	__atomic_store_n(&upstare_nthreads, upstare_nthreads - 1, __ATOMIC_RELAXED);
}

static void release(struct upstare_thread *t)
{
	uint64_t mask;
	upstare_lock(&mask);
	if (--t->users == 0 && t->gone)
		discard(t);
	upstare_unlock(&mask);
}

void upstare_thread_enter(struct upstare_thread *t)
{
	upstare_self = t;
	t->tls = &upstare_tls;
	t->in_stub = &upstare_in_stub;
	t->tls->control_sp = (char *)t;
	upstare_tid = (pid_t)syscall(SYS_gettid);
	__atomic_store_n(&t->tid, &upstare_tid, __ATOMIC_RELEASE);
	if (have_key)
		pthread_setspecific(key, t);
}

void upstare_thread_leave(void)
{
	struct upstare_thread *t = upstare_self;
	uint64_t mask;
	if (!t)
		return;
	upstare_lock(&mask);
	t->tls->control_sp = NULL;
	upstare_self = NULL;
	unlink_thread(t);
	t->gone = true;
	if (t->users == 0)
		discard(t);
	upstare_unlock(&mask);
	upstare_event();
}

/* Runs after the program's own destructors: they may be code that is to be replaced. */
static void at_exit_of_thread(void *argument)
{
	struct upstare_thread *t = argument;
	if (++t->exit_rounds < LAST_ROUND) {
		pthread_setspecific(key, t);
		return;
	}
	if (upstare_tid == upstare_pid)
		upstare_tree_first_thread_ends();
	upstare_thread_leave();
}

/* By its name pthread_create is what libraries get (blocking/interpose.c): theirs is the next one. */
static int create(pthread_t *handle, const pthread_attr_t *attributes, void *(*routine)(void *), void *argument)
{
	static int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	if (!next)
		next = (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))dlsym(RTLD_NEXT, "pthread_create");
	return next(handle, attributes, routine, argument);
}

/* A library may have blocked all signals for the thread that it has created. */
static void unblock_kick(void)
{
	uint64_t kick = (uint64_t)1 << (UPSTARE_KICK_SIGNAL - 1);
	if (!upstare_self_pipe)
		syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &kick, NULL, sizeof(kick));
}

static void *start(void *argument)
{
	struct upstare_thread *t = argument;
	upstare_thread_enter(t);
	unblock_kick();
	t->starting = false;
	upstare_park_entry();
	void *result = (void *)upstare_base_call((void *)(uintptr_t)t->start, (long)t->argument, 0, 0);
	if (!have_key)
		upstare_thread_leave();
	return result;
}

exported int upstare_w_pthread_create(pthread_t *handle, const pthread_attr_t *attributes, void *(*routine)(void *),
				      void *argument)
{
	/* What a library creates when it is loaded comes too early. */
	if (!upstare_pid)
		return create(handle, attributes, routine, argument);
	upstare_control_ready();
	struct upstare_thread *t = upstare_off ? NULL : upstare_thread_new();
	if (!t)
		return create(handle, attributes, routine, argument);
	t->start = routine;
	t->argument = argument;
	int error = create(handle, attributes, start, t);
	if (error) {
		uint64_t mask;
		upstare_lock(&mask);
		unlink_thread(t);
		t->gone = true;
		upstare_unlock(&mask);
		upstare_event();
	}
	release(t);
	return error;
}

/* The limits of the thread's own stack, looked up when it parks for the first time. */
int upstare_thread_bounds(struct upstare_thread *t)
{
	if (t->own.low)
		return 0;
	if (upstare_tid_of(t) == upstare_pid) {
		extern void *__libc_stack_end;
		struct rlimit limit;
		size_t size = UNLIMITED_STACK;
		if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
			size = limit.rlim_cur;
		t->own.high = (char *)((uintptr_t)__libc_stack_end & ~(uintptr_t)15);
		t->own.low = t->own.high - size;
	} else {
		pthread_attr_t attributes;
		void *low;
		size_t size, guard = 0;
		if (pthread_getattr_np(pthread_self(), &attributes))
			return -1;
		pthread_attr_getstack(&attributes, &low, &size);
		pthread_attr_getguardsize(&attributes, &guard);
		pthread_attr_destroy(&attributes);
		t->own.low = (char *)low + guard;
		t->own.high = (char *)low + size;
	}
	return 0;
}

int upstare_core_thread(void *(*run)(void *), void *argument)
{
	pthread_attr_t attributes;
	pthread_t handle;
	/* The new thread has this mask. Who calls setuid(2) and its like waits for each thread to answer. */
	uint64_t mask, others = ~UPSTARE_IDENTITY;
	upstare_block_signals(&mask);
	upstare_set_signals(&others);
	int error = pthread_attr_init(&attributes);
	if (!error) {
		pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
		pthread_attr_setstacksize(&attributes, (size_t)512 << 10);
		error = create(&handle, &attributes, run, argument);
		pthread_attr_destroy(&attributes);
	}
	upstare_set_signals(&mask);
	return error;
}

/* Recursive: a library that a patch brings along may fork when it is loaded. */
UPSTARE_CHILD_DATA pthread_mutex_t upstare_loading = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

/*
 * Of this thread's fork: in memory of its own, which its child has to write to anyway. locked: other threads are kept away; while
 * there are none, no page of the parent is written to only for that. slot and birth are also of the last fork, whose result
 * the handlers are not told.
 */
static __thread struct {
	uint64_t mask, birth;
	uint32_t slot;
	bool locked;
} forking;

void upstare_before_fork(void)
{
	int error = errno;
	bool locked = !__libc_single_threaded;
	uint64_t mask;
	if (locked) {
		pthread_mutex_lock(&upstare_loading);
		upstare_lock(&mask);
	} else {
		upstare_block_signals(&mask);
	}
	forking.locked = locked;
	forking.mask = mask;
	forking.slot = upstare_tree_before_fork(&forking.birth);
	errno = error;
}

void upstare_after_fork(int pid)
{
	if (!pid) {
		uint64_t mask = forking.mask;
		if (forking.locked) {
			upstare_unlock(&mask);
			pthread_mutex_unlock(&upstare_loading);
		} else {
			upstare_set_signals(&mask);
		}
		return;
	}
	upstare_tree_born(forking.slot, forking.birth, pid);
	forking.slot = 0;
}

/* The other threads, and what they, or the runtime's own, may have been in the middle of. */
static void forget_parent(struct upstare_thread *self)
{
	lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	upstare_loading = (pthread_mutex_t)PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
	for (struct upstare_thread *t = upstare_threads, *next; t; t = next) {
		next = t->next;
		if (t != self) {
			unlink_thread(t);
			discard(t);
		}
	}
	upstare_coordinate_reset();
	if (self) {
		self->state = UPSTARE_RUNNING;
		self->users = 0;
	}
	upstare_want = self && self->oldest ? UPSTARE_WANT_STALE : 0;
	upstare_run_mode = false;
	*(upstare_current ? upstare_current->module->flag : &upstare_flag) = 0;
	upstare_libraries_forked();
	upstare_tree_forget();
}

/* Only the forking thread is left, and no update is under way here. What is not called or written to costs no page of each child. */
void upstare_in_child(bool raw)
{
	uint64_t mask = forking.mask;
	struct upstare_thread *self = upstare_self;
	upstare_pid = upstare_raw_getpid();
	if (self)
		upstare_tid = upstare_pid;
	upstare_forked_at = __builtin_frame_address(0);
	if (forking.locked || upstare_want || upstare_run_mode)
		forget_parent(self);
	if (upstare_self_pipe)
		upstare_pipe_forked();
	upstare_tree_in_child(forking.slot, !raw);
	/* A child that is in the tree has no channel of its own: its leader speaks for it. */
	if (!upstare_off)
		upstare_control_forked();
	if (upstare_payload_held)
		upstare_payload_forked();
	upstare_set_signals(&mask);
}

static void after_fork_parent(void)
{
	upstare_after_fork(0);
}

static void after_fork_child(void)
{
	upstare_in_child(false);
}

static void at_end(void)
{
	upstare_libraries_end();
	upstare_tree_bequeath();
}

void upstare_threads_init(void)
{
	upstare_pid = upstare_raw_getpid();
	have_key = pthread_key_create(&key, at_exit_of_thread) == 0;
	atexit(at_end);
	pthread_atfork(upstare_before_fork, after_fork_parent, after_fork_child);
}
