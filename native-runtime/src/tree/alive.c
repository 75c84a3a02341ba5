/*
 * The mutex by which a slot tells whether its process lives: shared and robust, so that the kernel marks it when the thread that
 * holds it ends, or its process becomes another program.
 */
#include "tree.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#include "../control/sys.h"

static pthread_mutex_t template;
/* Where a thread's list of robust mutexes begins, from its thread pointer. 0: not known, or not as we take it to be. */
static ptrdiff_t list_at;

void upstare_alive_init(void)
{
	pthread_mutexattr_t a;
	struct robust_list_head *head = NULL;
	size_t size = 0;
	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&template, &a);
	pthread_mutexattr_destroy(&a);
	long from_link = (long)offsetof(pthread_mutex_t, __data.__lock) - (long)offsetof(pthread_mutex_t, __data.__list.__next);
	if (upstare_sys(SYS_get_robust_list, 0, &head, &size) == 0 && head && size == sizeof(*head) && head->futex_offset == from_link)
		list_at = (char *)head - (char *)__builtin_thread_pointer();
}

void upstare_alive_prepare(struct upstare_slot *s)
{
	s->alive = template;
}

#define BARRIER() __atomic_signal_fence(__ATOMIC_SEQ_CST)

/*
 * pthread_mutex_lock would do, but each child would have to map libc's code for it. The links are as in glibc's pthreadP.h
 * (ENQUEUE_MUTEX): each holds the address of the next or previous mutex's __next, the head counts as one.
 */
void upstare_alive_hold(struct upstare_slot *s)
{
	struct __pthread_mutex_s *m = &s->alive.__data;
	if (!list_at) {
		pthread_mutex_lock(&s->alive);
		return;
	}
	struct robust_list_head *head = (void *)((char *)__builtin_thread_pointer() + list_at);
	struct robust_list *own = (void *)&m->__list.__next, *first = head->list.next;
	/* Whoever ends in the middle of this is marked all the same. */
	head->list_op_pending = own;
	BARRIER();
	__atomic_store_n(&m->__lock, upstare_pid, __ATOMIC_RELEASE);
	m->__owner = upstare_pid;
	m->__count = m->__nusers = 1;
	m->__list.__next = (void *)first;
	m->__list.__prev = (void *)&head->list;
	/* Bit 0: the other mutex inherits priorities. */
	((void **)((uintptr_t)first & ~(uintptr_t)1))[-1] = own;
	BARRIER();
	head->list.next = own;
	BARRIER();
	head->list_op_pending = NULL;
}
