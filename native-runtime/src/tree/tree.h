/*
 * The processes of one program: its first process, the leader, and what it and its children forked. They have two pieces of
 * memory in common, inherited over fork, so that a process that has changed root, identity or limits, closed all files or
 * entered a filter needs no descriptor and no thread of the runtime to be reached:
 *
 *	orders  written by the leader, read by all: the others cannot even map it writable (F_SEAL_FUTURE_WRITE). What
 *	        is asked of them, and the patch's bytes where somebody needs them.
 *	board   written by all, believed by nobody further than an update goes: who there is, how far each has come, and
 *	        the decision.
 *
 * An update: the leader kicks each process; one of its threads that comes to an update point starts the member's thread, which
 * loads the patch (PREPARE). When all have, all are frozen: parked, unrolled, transformed, which can be undone. The leader
 * turns the decision from PENDING to COMMITTED; who hears nothing from it turns it to CALLED_OFF. Whatever it is then, all do.
 */
#ifndef UPSTARE_TREE_H
#define UPSTARE_TREE_H

#include "../internal.h"

#define UPSTARE_SLOTS 2048
#define UPSTARE_ORDERS_HEAD 4096

enum upstare_tree_phase {
	UPSTARE_TREE_IDLE,
	UPSTARE_TREE_PREPARE,
	UPSTARE_TREE_FREEZE,
};

struct upstare_orders {
	uint32_t word;      /* futex: changes with each order */
	uint32_t update;    /* number of the update */
	uint32_t phase;
	uint32_t round;     /* of freezing */
	uint32_t dry;
	uint32_t heartbeat; /* changes as long as the leader lives and waits */
	struct upstare_until until;
	uint64_t size;      /* of the patch (payload.h) */
	uint64_t content[2];
	/* Its file in memory, which a process may open that the kernel lets look at the leader. Made when the first wants it. */
	int32_t leader;     /* pid */
	int32_t file;       /* the leader's descriptor; 0: not made yet, below: there is none */
	struct upstare_file_identity identity;
	uint32_t copied;    /* the patch's bytes stand UPSTARE_ORDERS_HEAD bytes on, for all others */
	uint64_t called[UPSTARE_SLOTS / 64]; /* without a kick: who may take part, a bit for each slot */
};

enum upstare_slot_state {
	UPSTARE_SLOT_FREE,
	UPSTARE_SLOT_BORN, /* for a child that is being forked */
	UPSTARE_SLOT_LIVE,
};

/* What a process has to say: in the low byte of its report. */
enum upstare_said {
	UPSTARE_SAID_WANTS_FILE = 1, /* of the patch, in order to prepare */
	UPSTARE_SAID_WANTS_BYTES,
	UPSTARE_SAID_PREPARED,
	UPSTARE_SAID_REFUSED,
	UPSTARE_SAID_FROZEN, /* + enum upstare_outcome */
	UPSTARE_SAID_DONE = UPSTARE_SAID_FROZEN + UPSTARE_FAILED + 1,
};

struct upstare_slot {
	uint32_t state;
	uint32_t gate;    /* fork.c: against a kick that meets an exec */
	int32_t pid;      /* as the process itself sees it */
	uint32_t parent;  /* slot, and the serial number of who had it */
	uint32_t parent_serial;
	uint64_t birth;   /* serial number << 32 | pid as the parent sees it, 0 until it is known */
	uint32_t settled; /* runs the program's code: not forked by a library, perhaps in order to exec */
	uint32_t filtered; /* in a seccomp filter, as the leader has seen */
	uint32_t watched; /* alive tells when it ends; else only its pid does */
	uint32_t ended;   /* about to end: set before its children are told */
	uint32_t threads;
	uint64_t report;  /* update << 32 | round << 8 | enum upstare_said */
	uint64_t frames;
	uint64_t released;
	uint64_t pc;      /* where the last kick met the program */
	/* Held by the process's first thread: the kernel marks it when the process ends, or becomes another by exec (alive.c). */
	pthread_mutex_t alive;
} __attribute__((aligned(128)));

#define UPSTARE_TOLD 4
/* Read by the leader only after a report that says so, and copied first. */
struct upstare_told {
	int32_t code;
	uint32_t n;
	char message[256];
	struct upstare_hindrance hindrances[UPSTARE_TOLD];
};

enum upstare_verdict { UPSTARE_PENDING, UPSTARE_COMMITTED, UPSTARE_CALLED_OFF };

struct upstare_board {
	struct upstare_told told[UPSTARE_SLOTS];
	/* From here on what each child writes to: towards the end (area.c). */
	uint64_t decision; /* update << 32 | round << 8 | enum upstare_verdict */
	uint32_t reports;  /* futex: changes with each report */
	uint32_t awaited;  /* what reports will be when all have said what is expected: the leader need not wake up before */
	uint32_t high;     /* slots below this number have been in use */
	uint32_t hint;     /* where to look for a free slot */
	uint32_t serial;
	uint32_t lost;     /* a child was made for which there was no slot */
	uint32_t turn;     /* blocking/pipe/turn.c: thread that has it */
	struct upstare_slot slots[UPSTARE_SLOTS]; /* the leader has the first */
};

struct upstare_tree {
	const struct upstare_orders *orders; /* NULL: this process has no tree */
	struct upstare_orders *writable;     /* the leader's; children do not have it */
	struct upstare_board *board;
	size_t capacity;                     /* bytes of a patch */
	uint32_t slot;                       /* ours; 0: the leader, or a child for which there was none */
	bool leads;
	bool parent;                         /* has forked */
	/* A child that leads now leaves what it had in common with its late leader to be unmapped in its own children. */
	void *retired_board, *retired_orders;
	size_t retired_capacity;
	uint32_t retired_slot;
};
extern hidden struct upstare_tree upstare_tree;

static inline uint64_t upstare_stamp(uint32_t update, uint32_t round, unsigned what)
{
	return (uint64_t)update << 32 | (uint64_t)(round & 0xffffff) << 8 | what;
}

static inline struct upstare_slot *upstare_own_slot(void)
{
	return &upstare_tree.board->slots[upstare_tree.slot];
}

/* ---- alive.c ---- */

hidden void upstare_alive_init(void);
hidden void upstare_alive_prepare(struct upstare_slot *); /* for a process that is about to begin */
/* By the first thread of a process, all signals are blocked. */
hidden void upstare_alive_hold(struct upstare_slot *);

/* ---- area.c ---- */

/*
 * Around each fork, with all signals blocked, and the lock held unless there is one thread only. Returns the child's slot,
 * 0: none.
 */
hidden uint32_t upstare_tree_before_fork(uint64_t *birth);
/* In the child; glibc: it was made by fork() and not by the bare system call. */
hidden void upstare_tree_in_child(uint32_t slot, bool glibc);
hidden void upstare_tree_born(uint32_t slot, uint64_t birth, int pid); /* in the parent; pid < 0: the fork failed */
/* Whether the process of a live slot has ended or has become another program. */
hidden bool upstare_slot_gone(const struct upstare_slot *);
/* The first thread ends while others go on. */
hidden void upstare_tree_first_thread_ends(void);
/* FUTEX_WAIT and FUTEX_WAKE between processes. */
hidden void upstare_shared_wait(const uint32_t *word, uint32_t value, uint64_t ns);
hidden void upstare_shared_wake(uint32_t *word);

/* ---- fork.c ---- */

/* Sends the kick to the process of a slot; false: it is just about to become another program, or may not be signalled. */
hidden bool upstare_tree_kick(struct upstare_slot *, int pid);
/* This process ends: if nobody leads any more, its children are to. */
hidden void upstare_tree_bequeath(void);

/* ---- member.c ---- */

/* In the kick's handler; from_outside: another process sent it. */
hidden void upstare_tree_kicked(uintptr_t pc, bool from_outside);
/* Without a kick: looks whether the leader calls this process, and if so, raises the flags. */
hidden bool upstare_tree_look(void);
static inline bool upstare_tree_called(void)
{
	return upstare_tree.orders && __builtin_expect(upstare_tree.orders->phase != UPSTARE_TREE_IDLE, 0) && upstare_tree_look();
}
/* Whether code of the program's own stands there, of any version, and not the runtime's. */
hidden bool upstare_in_program(uintptr_t pc);
/* At an update point, if upstare_tree_asked. */
extern hidden uint32_t upstare_tree_asked;
hidden void upstare_tree_join(void);
/*
 * Before a fork: waits a moment for an update that this process is ready for. A program that forks all the time would else
 * always have a child that is not.
 */
hidden void upstare_tree_hold(void);
hidden void upstare_tree_forget(void); /* in a child after fork */
/* Leads a tree of its own from now on, and listens. */
hidden void upstare_tree_lead(void);
/*
 * Neither the leader nor the parent is there any more: such a process leads what it will fork. It is told by who ends; where
 * those were killed it notices at its next call that blocks.
 */
static inline bool upstare_slot_over(const struct upstare_slot *s)
{
	return s->ended || (s->watched && (s->alive.__data.__lock & 0x40000000 /* FUTEX_OWNER_DIED */));
}

static inline bool upstare_tree_orphaned(void)
{
	const struct upstare_board *b = upstare_tree.board;
	if (__builtin_expect(!b || upstare_tree.leads || !upstare_slot_over(&b->slots[0]) || !upstare_tree.slot, 1))
		return false;
	uint32_t parent = b->slots[upstare_tree.slot].parent % UPSTARE_SLOTS;
	return parent == 0 || upstare_slot_over(&b->slots[parent]) ||
	       b->slots[parent].birth >> 32 != b->slots[upstare_tree.slot].parent_serial;
}

/* The user says that the filters of the program's processes let the runtime's system calls pass. */
hidden bool upstare_filters_allowed(void);

/* ---- leader.c: all do nothing where there is nobody else ---- */

/* Publishes the patch. false: message says why that cannot be. */
hidden bool upstare_tree_begin(struct upstare_payload *, char *message, size_t room);
/* Until all have loaded it. 0, or an exit code with message (and "obstacles" in j). */
hidden int upstare_tree_prepare(uint64_t deadline, struct upstare_json *j, char *message, size_t room);
/* Has all others freeze. Returns what to ask while our own threads are awaited; NULL: there are no others. */
hidden bool (*upstare_tree_begin_round(struct upstare_until, bool dry))(void);
/* Until the others are frozen; they are not waited for if we are not. The worst outcome. */
hidden enum upstare_outcome upstare_tree_await(bool frozen_here);
hidden void upstare_tree_tell_hindrances(upstare_tell_fn, void *to);
/* true: from here on all of them will carry the update out. */
hidden bool upstare_tree_decide(void);
hidden void upstare_tree_abort(void);
/* Adds "processes"; *released: when the last of them went on. */
hidden void upstare_tree_finish(struct upstare_json *, uint64_t *released);
hidden void upstare_tree_end(void);
hidden void upstare_tree_status(struct upstare_json *);

#endif
