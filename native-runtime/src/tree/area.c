/* The memory that the processes of a program have in common, and who has which slot of it. */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../blocking/pipe/descriptors.h"
#include "../child.h"
#include "../control/sys.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

UPSTARE_CHILD_DATA struct upstare_tree upstare_tree = {.leads = true};

void upstare_shared_wait(const uint32_t *word, uint32_t value, uint64_t ns)
{
	struct timespec t = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
	upstare_sys(SYS_futex, word, FUTEX_WAIT, value, &t, 0, 0);
}

void upstare_shared_wake(uint32_t *word)
{
	upstare_sys(SYS_futex, word, FUTEX_WAKE, INT32_MAX, 0, 0, 0);
}

/* A patch holds all of the program's code, without what the executable carries for upstare-patch. Only touched pages count. */
static size_t capacity(void)
{
	struct stat st;
	struct rlimit space, file;
	size_t size = 0;
	if (upstare_sys(SYS_stat, "/proc/self/exe", &st) == 0)
		size = (size_t)st.st_size;
	if (upstare_sys(SYS_prlimit64, 0, RLIMIT_AS, 0, &space) == 0 && space.rlim_cur != RLIM_INFINITY)
		size = size * 2 > (1 << 20) ? size * 2 : 1 << 20;
	else
		size = size * 4 > (16 << 20) ? size * 4 : 16 << 20;
	size = (size + 4095) & ~(size_t)4095;
	/* Growing a file beyond its limit raises SIGXFSZ. */
	if (upstare_sys(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, &file) || file.rlim_cur < size + UPSTARE_ORDERS_HEAD)
		return 0;
	return size;
}

/* One memory, twice: writable, which is not inherited, and read-only for good. */
static int map_orders(size_t size)
{
	int fd = (int)upstare_sys(SYS_memfd_create, "upstare", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -1;
	char *w = MAP_FAILED, *r = MAP_FAILED;
	if (upstare_sys(SYS_ftruncate, fd, size) == 0)
		w = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (w != MAP_FAILED && madvise(w, size, MADV_DONTFORK) == 0 &&
	    upstare_sys(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		r = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	upstare_sys(SYS_close, fd);
	if (r == MAP_FAILED) {
		if (w != MAP_FAILED)
			munmap(w, size);
		return -1;
	}
	upstare_tree.writable = (void *)w;
	upstare_tree.orders = (const void *)r;
	return 0;
}

/* The slot's process is this one, and this is its first thread. */
static void live(struct upstare_slot *s, bool watch)
{
	s->pid = upstare_pid;
	if (watch)
		upstare_alive_hold(s);
	s->watched = watch;
	__atomic_store_n(&s->state, UPSTARE_SLOT_LIVE, __ATOMIC_RELEASE);
}

/*
 * Just below the executable, if there is room: a child that writes to the board, and loads libraries where the parent has the orders,
 * needs no page of page tables for that which it would not have anyway.
 */
static void *map_board(void)
{
	extern char __executable_start;
	uintptr_t size = (sizeof(struct upstare_board) + 4095) & ~(uintptr_t)4095, end = (uintptr_t)&__executable_start;
	return mmap(end > size ? (void *)(end - size) : NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static void make(void)
{
	static bool failed;
	size_t size = failed ? 0 : capacity();
	failed = true;
	if (!size)
		return;
	const struct upstare_orders *inherited = upstare_tree.orders;
	void *board = map_board();
	if (board == MAP_FAILED)
		return;
	if (map_orders(size + UPSTARE_ORDERS_HEAD)) {
		munmap(board, sizeof(struct upstare_board));
		return;
	}
	failed = false;
	upstare_alive_init();
	if (upstare_tree.board) {
		upstare_tree.retired_board = upstare_tree.board;
		upstare_tree.retired_orders = (void *)(uintptr_t)inherited;
		upstare_tree.retired_capacity = upstare_tree.capacity;
		upstare_tree.retired_slot = upstare_tree.slot;
	}
	upstare_tree.board = board;
	upstare_tree.capacity = size;
	upstare_tree.slot = 0;
	struct upstare_slot *s = upstare_own_slot();
	upstare_alive_prepare(s);
	s->settled = 1;
	live(s, upstare_sys(SYS_gettid) == upstare_pid);
	/* The children have it from the beginning. */
	upstare_kick_handler();
	if (upstare_self_pipe)
		upstare_pipe_make_tree();
}

bool upstare_slot_gone(const struct upstare_slot *s)
{
	int pid = s->birth & 0xffffffff ? (int)(s->birth & 0xffffffff) : s->pid;
	if (s->watched)
		return __atomic_load_n(&s->alive.__data.__lock, __ATOMIC_ACQUIRE) & FUTEX_OWNER_DIED;
	/* In another pid namespace the number would say nothing. */
	return upstare_tree.leads && upstare_sys(SYS_kill, pid, 0) == -ESRCH;
}

static bool take(struct upstare_slot *s)
{
	uint32_t state = __atomic_load_n(&s->state, __ATOMIC_ACQUIRE);
	if (state == UPSTARE_SLOT_BORN || (state == UPSTARE_SLOT_LIVE && !upstare_slot_gone(s)))
		return false;
	return __atomic_compare_exchange_n(&s->state, &state, UPSTARE_SLOT_BORN, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

uint32_t upstare_tree_before_fork(uint64_t *birth)
{
	if (upstare_tree.leads && !upstare_tree.writable && !upstare_off && !upstare_run_mode)
		make();
	struct upstare_board *b = upstare_tree.board;
	if (!b || (upstare_tree.leads && !upstare_tree.writable))
		return 0;
	uint32_t hint = __atomic_load_n(&b->hint, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < UPSTARE_SLOTS; i++) {
		uint32_t k = (hint + i) % UPSTARE_SLOTS;
		struct upstare_slot *s = &b->slots[k];
		if (k == 0 || !take(s))
			continue;
		/* Begun at again: where children come and go one by one, all have the same slot, in a page that is there. */
		__atomic_store_n(&b->hint, k, __ATOMIC_RELAXED);
		for (uint32_t high = b->high; high <= k;)
			if (__atomic_compare_exchange_n(&b->high, &high, k + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
				break;
		*birth = (uint64_t)__atomic_add_fetch(&b->serial, 1, __ATOMIC_RELAXED) << 32;
		s->birth = *birth;
		s->pid = 0;
		s->parent = upstare_tree.slot;
		s->parent_serial = (uint32_t)(upstare_own_slot()->birth >> 32);
		s->gate = s->settled = s->watched = s->ended = s->filtered = 0;
		s->report = s->pc = 0;
		upstare_alive_prepare(s);
		if (!upstare_tree.parent)
			upstare_tree.parent = true;
		return k;
	}
	__atomic_store_n(&b->lost, 1, __ATOMIC_RELAXED);
	return 0;
}

void upstare_tree_born(uint32_t slot, uint64_t birth, int pid)
{
	if (!slot || !upstare_tree.board)
		return;
	struct upstare_slot *s = &upstare_tree.board->slots[slot];
	uint32_t born = UPSTARE_SLOT_BORN;
	if (pid > 0)
		__atomic_compare_exchange_n(&s->birth, &birth, birth | (uint32_t)pid, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	else if (s->birth == birth)
		__atomic_compare_exchange_n(&s->state, &born, UPSTARE_SLOT_FREE, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

void upstare_tree_in_child(uint32_t slot, bool glibc)
{
	struct upstare_tree *t = &upstare_tree;
	if (t->retired_board) {
		munmap(t->retired_board, sizeof(struct upstare_board));
		munmap(t->retired_orders, t->retired_capacity + UPSTARE_ORDERS_HEAD);
		t->retired_board = NULL;
	}
	t->leads = t->parent = false;
	t->writable = NULL;
	t->slot = slot;
	if (slot)
		live(upstare_own_slot(), glibc);
}

void upstare_tree_first_thread_ends(void)
{
	if (!upstare_tree.board || (!upstare_tree.slot && !upstare_tree.leads))
		return;
	struct upstare_slot *s = upstare_own_slot();
	if (s->watched) {
		s->watched = 0;
		pthread_mutex_unlock(&s->alive);
	}
}
