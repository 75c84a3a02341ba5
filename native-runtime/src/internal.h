/*
 * What the files of the runtime share. Locking: upstare_lock protects the list of threads, their states and orders, and the
 * phase; it is always taken with all signals blocked, since a handler of the program may pass an update point. Modules and
 * name tables belong to the control thread alone; parking threads only read what it has set up before raising the flag.
 */
#ifndef UPSTARE_INTERNAL_H
#define UPSTARE_INTERNAL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <upstare/abi.h>

#include "core.h"
#include "json.h"
#include "loader.h"
#include "payload.h"

#define hidden __attribute__((visibility("hidden")))

/* The registers that a call preserves, its stack pointer and where it returns (registers.S). */
struct upstare_registers {
	uint64_t registers[6];
	void *sp, *pc;
};
hidden int upstare_registers_save(struct upstare_registers *) __attribute__((returns_twice));
hidden void upstare_registers_restore(const struct upstare_registers *) __attribute__((noreturn));
#define exported __attribute__((visibility("default")))

#define UPSTARE_KICK_SIGNAL 64

/* The runtime's own code. */
extern hidden const char upstare_text_start[] __asm__("__start_upstare_text");
extern hidden const char upstare_text_end[] __asm__("__stop_upstare_text");

/* Target of a self-relative field, NULL for 0. */
#define UPSTARE_REL(field) ((field) ? (const char *)&(field) + (field) : NULL)
/* A string of a table, never absent. */
#define UPSTARE_STRING(field) ((const char *)&(field) + (field))

/* ---- util.c ---- */
hidden void *upstare_pages(size_t size);              /* zeroed memory, only reserved until it is touched; NULL: none */
hidden void upstare_pages_free(void *, size_t size);
hidden void *upstare_arena(size_t size);              /* small, for ever; NULL: none */
hidden uint64_t upstare_now(void);                    /* CLOCK_MONOTONIC, nanoseconds */
hidden uint64_t upstare_hash(const void *, size_t size, uint64_t seed);
hidden void upstare_futex_wait(uint32_t *word, uint32_t value, uint64_t timeout_ns); /* 0: no timeout */
hidden void upstare_futex_wake(uint32_t *word, int count);
hidden void upstare_block_signals(uint64_t *old);     /* the kernel's mask: libc's own signals too */
hidden void upstare_set_signals(const uint64_t *mask);
hidden void upstare_sort(void *base, size_t count, size_t size, int (*less)(const void *, const void *));
hidden int upstare_raw_getpid(void);
hidden void upstare_read_task(pid_t tid, const char *file, char *out, size_t size); /* of /proc/self/task; "" where it cannot be read */

/* ---- modules ---- */
struct upstare_pt_load {
	char *low, *high;
	uint32_t flags; /* PF_* */
};

struct upstare_index_entry {
	uint32_t pc;     /* offset from the module's base */
	uint32_t region; /* the start of the unwind entry that pc lies in */
	uint32_t function;
	uint32_t point;
};

struct upstare_saved_word {
	uint64_t *address;
	uint64_t value;
};

#define UPSTARE_SEGMENTS 12

/* What names of the current version stand for: by key. */
struct upstare_names {
	struct upstare_name *slots;
	size_t capacity, count;
};

/* A function that others find by its name: where they are led, and to what. */
struct upstare_export_move {
	void **slot, *body;
};

/* A variable that is kept, and has another key in the new version. */
struct upstare_renamed;
struct upstare_called;

enum upstare_library_state {
	UPSTARE_LIBRARY_CURRENT,    /* its code is the current version's */
	UPSTARE_LIBRARY_SUPERSEDED, /* a patch has taken its place */
	UPSTARE_LIBRARY_STALE,      /* loaded after the update that replaces its file: plain code to us */
};

struct upstare_loaded {
	struct upstare_loaded *next;
	const struct upstare_module *module;
	char *base, *low, *high;
	struct upstare_pt_load segments[UPSTARE_SEGMENTS];
	unsigned nsegments;
	char *relro_low, *relro_high;
	void *handle;               /* from dlopen; NULL: the executable, or in image */
	struct upstare_image image; /* loaded from memory, where dlopen finds no files */
	bool told;                  /* libgcc_s.so, of the image's unwind tables */
	char build_id[80];
	uint64_t content[2]; /* of the patch (payload.h) */
	const void *held;    /* the patch file in the run mode, which keeps it mapped */
	struct upstare_index_entry *index;
	size_t nindex;
	uint32_t *by_key; /* open hash: function number + 1, by key */
	size_t by_key_size;
	void **bodies;    /* for each stub: the slot's initial value */
	struct upstare_renamed *renamed;
	size_t nrenamed;
	const char **old_keys; /* for each stub of a patch: its function's key in the old version, or NULL */
	struct upstare_called *called; /* for each stub: what its function is called by, as bound last */
	char **pointers;       /* for each entry of the patch's table of pointers: its variable, as bound last; NULL: not there */
	struct upstare_saved_word *saved;
	size_t nsaved;
	/* Once superseded: the version after it, and what moved then; frames below library code come this way later (migrate.c). */
	struct upstare_loaded *successor;
	struct upstare_move *moves; /* of the update that made this version the current one */
	size_t nmoves, moves_size;
	/* Valid for the module that the last preparation was made for, with the libraries that it had. */
	struct upstare_loaded *prepared_for;
	uint32_t prepared_with;
	const struct upstare_map **maps; /* by number of the old version's function: its module's first and the number there */
	size_t maps_size;
	struct upstare_export_move *exports; /* of all modules that are loaded */
	size_t nexports, exports_size;
	struct upstare_names by_export; /* of a patch: the bodies, by key */
	/* A library of the program. */
	const char *prefix;   /* of its keys; "": not a library */
	enum upstare_library_state library;
	size_t first;         /* number of its first function among those of the version */
	bool covered;         /* the patch that was bound last brings it */
	struct upstare_loaded *version; /* the module that is the version's main part: see upstare_version */
	bool static_tls;      /* its thread-local variables are at the same distance in every thread */
	struct upstare_loaded *next_library;
	struct upstare_owned *owned; /* memory that is given back when the library goes */
};

extern hidden struct upstare_loaded *upstare_modules, *upstare_current; /* the executable and patches; libraries: upstare_libraries */
extern hidden char upstare_program_name[64];

/* They are only ever added, at the front: any thread may walk them from here. */
static inline struct upstare_loaded *upstare_newest_module(void)
{
	return __atomic_load_n(&upstare_modules, __ATOMIC_ACQUIRE);
}
hidden int upstare_modules_init(void);
hidden const struct upstare_function *upstare_loaded_function(const struct upstare_loaded *, uint32_t number);
/*
 * A point of the piece of code that starts at region and has the return address pc; NULL: this code has none, so it was not
 * transformed. exact: it is the one whose check follows pc; else the compiler has moved the check elsewhere (several calls
 * may share one), and only the frame's record will tell.
 */
hidden const struct upstare_index_entry *upstare_loaded_point(const struct upstare_loaded *, uintptr_t pc, uintptr_t region,
							      bool *exact);
hidden bool upstare_loaded_text(const struct upstare_loaded *, uintptr_t pc);
/* The loaded version whose code pc is in; NULL: none. */
hidden struct upstare_loaded *upstare_loaded_with_text(uintptr_t pc);
hidden long upstare_loaded_find(const struct upstare_loaded *, const char *key);
hidden int upstare_loaded_prepare_index(struct upstare_loaded *);
hidden int upstare_loaded_describe(struct upstare_loaded *, const void *inside);
hidden void *upstare_loaded_memory(struct upstare_loaded *, size_t); /* lives as long as the module */
hidden char *upstare_variable_address(const struct upstare_module *, const struct upstare_variable *);
/* ---- unwind.c ---- */
/* Tells libgcc_s.so, if the process has it, of the unwind tables of an image that the dynamic linker does not know. */
hidden bool upstare_libgcc_register(void *eh_frame);
hidden void upstare_libgcc_deregister(void *eh_frame); /* where the other returned true */

/* ---- load.c ---- */
/* A module for these bytes: loaded, or a superseded copy made new. NULL with *code and message set on failure. */
extern hidden bool upstare_confined; /* has made itself a system call filter, or inherited one that was made so */
extern hidden bool upstare_filtered; /* in a seccomp filter, as the leader has seen (tree/): no file is opened */
hidden struct upstare_loaded *upstare_load_patch(struct upstare_payload *, int *code, char *message, size_t message_size);
/* Binds a module's imports against the current tables and makes its frame maps for the current module. 0 or a code. */
hidden int upstare_bind_patch(struct upstare_loaded *, char *message, size_t message_size);

/* ---- names.c: what the current version's names stand for ---- */
struct upstare_name {
	const char *key;
	char *address;     /* variable's storage; thread-local: offset from the thread pointer; stub */
	uint64_t size;
	void **slot;       /* stubs */
};
struct upstare_called {
	char *address; /* of the stub: the function's address in all versions */
	void **slot;
};
struct upstare_renamed {
	struct upstare_name name;
	bool is_tls;
};
extern hidden struct upstare_names upstare_variables, upstare_tls_names, upstare_stubs;
hidden struct upstare_name *upstare_names_find(const struct upstare_names *, const char *key);
hidden int upstare_names_reserve(struct upstare_names *, size_t more);
hidden void upstare_names_set(struct upstare_names *, const struct upstare_name *);
hidden int upstare_names_define(struct upstare_loaded *); /* room for a module's names: 0 or -1 */
hidden int upstare_names_bind(struct upstare_loaded *);   /* after its imports: fills called and pointers: 0 or -1 */
hidden void upstare_slots_switch(struct upstare_loaded *); /* its functions are the ones that are called; cannot fail */
hidden void upstare_names_switch(struct upstare_loaded *); /* its names are the current ones; cannot fail, but takes its time */
hidden int upstare_names_enter(struct upstare_loaded *);   /* of a library that has been loaded: 0 or -1 */
hidden void upstare_names_leave(struct upstare_loaded *);  /* of one that goes */

/* ---- library.c ---- */
extern hidden struct upstare_loaded *upstare_libraries; /* by next_library; those that have gone have no module */
/*
 * From open to close no library goes away: who closes one waits meanwhile, and says so by disturbed. Nothing that takes the
 * dynamic linker's lock (dlopen, dlsym, dladdr) may be called in between: the one who waits holds it. open takes in those that
 * have come; -1: no memory.
 */
hidden int upstare_libraries_open(void);
hidden void upstare_libraries_close(void);
hidden bool upstare_libraries_disturbed(void);
/* By exit, after the program's own handlers: the libraries' destructors are still to run, with all of them mapped. */
hidden void upstare_libraries_end(void);
hidden uint32_t upstare_libraries_changes(void);
/* A library that takes part in updates: the patch at hand replaces it, or one has done so. Others are plain code. */
hidden struct upstare_loaded *upstare_library_at(uintptr_t pc);
/* The module that a function is in; NULL: the runtime's own. */
hidden struct upstare_loaded *upstare_module_of(const struct upstare_function *);
/* What stands for a module's version: the executable or a patch, for libraries the one that they were replaced with. */
hidden struct upstare_loaded *upstare_version(const struct upstare_loaded *);
hidden bool upstare_is_current(const struct upstare_loaded *); /* the module is part of the current version */
/* Whether a name's library is loaded; names of the executable always are. */
hidden bool upstare_library_present(const char *key);
/*
 * Compares what runs with what a patch is for, and marks the libraries that it covers. 0: it is the patch's old version; 1: its
 * new one; 3, with a message: neither.
 */
hidden int upstare_libraries_match(const struct upstare_patch *, char *message, size_t room);
hidden void upstare_libraries_flag(unsigned char up);     /* of the libraries that are covered */
hidden void upstare_libraries_flag_all(unsigned char up); /* of all that belong to the current version, the lock is held */
hidden void upstare_libraries_superseded(void);
hidden void upstare_libraries_forked(void);
hidden void upstare_libraries_status(struct upstare_json *);
/* What stands at a pc. Takes the dynamic linker's lock. false: nothing known. */
hidden bool upstare_symbol_at(uintptr_t pc, const char **symbol, const char **file);

/* ---- threads ---- */
enum upstare_state {
	UPSTARE_RUNNING,
	UPSTARE_PARKED, /* and unrolled, and rebuilt */
};

enum upstare_order {
	UPSTARE_ORDER_WAIT,
	UPSTARE_ORDER_GO_ON,
	UPSTARE_ORDER_UNROLL,
	UPSTARE_ORDER_UNDO, /* after UNROLL: the stack as it was, and on */
	UPSTARE_ORDER_REBUILD,
	UPSTARE_ORDER_RELEASE,
};

/* A piece of memory that frames stand on. The first of a thread is its own stack. */
struct upstare_stack {
	struct upstare_stack *next;
	char *low, *high;
	char *retained; /* lowest live in-place storage, high if there is none */
	char *floor;    /* the same, of what stands below the innermost segment */
};

/* Below it nothing of a stack is free. More than this many pieces of stack in use at once: all of each is taken to be. */
#define UPSTARE_MARKS 6
struct upstare_mark {
	struct upstare_stack *stack;
	char *retained;
};
struct upstare_marks {
	struct upstare_mark list[UPSTARE_MARKS];
	bool overflow;
};

/* Where a segment of the program's frames ends in library code: how to go on there (segment.S knows the offsets). */
struct upstare_return {
	uintptr_t pc;
	char *sp; /* after the return */
	uint64_t rbx, rbp, r12, r13, r14, r15;
};
/* Of a segment that has been rebuilt; stands on the stack above its frames. */
struct upstare_segment {
	struct upstare_return to;
	struct upstare_marks marks; /* what its frames retain */
};

/* What the innermost segment of a stack ends at. */
enum upstare_bottom {
	UPSTARE_AT_BASE,       /* the thread's base: there is only one segment */
	UPSTARE_AT_LIBRARY,    /* library code that called the outermost frame */
	UPSTARE_AT_TRAMPOLINE, /* the same, but the segment has been rebuilt before */
	UPSTARE_NO_SEGMENT,    /* the thread is inside library code */
};

/* Whether a thread looks at its stack in the kick's handler, and what that has interrupted in a library. */
enum upstare_kicked {
	UPSTARE_NOT_KICKED,
	UPSTARE_KICKED_WAITING,
	UPSTARE_KICKED_LOCKED, /* waiting for a futex: it may hold other locks */
	UPSTARE_KICKED_COMPUTING,
};

struct upstare_obstacle {
	uintptr_t pc;
	const struct upstare_function *function; /* of the frame, if known */
	uint32_t line;
	const char *why;
};

/* A frame that is to be rebuilt. */
struct upstare_frame {
	struct __up_header *record;
	const struct __up_header *old; /* what it is made of */
	const struct __up_header *left_out; /* the old frame behind it that the new stack does not have; NULL: none */
	const struct upstare_map *map; /* NULL: it is kept as it is */
	uint32_t point;
	bool added; /* the old stack has no such frame: old is its caller's */
};

/* A system call that a thread is in (proc(5), syscall). */
struct upstare_kernel_call {
	long number; /* below 0: none */
	unsigned long arguments[6], sp, pc;
};
struct upstare_thread {
	/* Known to segment.S: where the segment that is being unrolled returns to, and where that is kept once it is rebuilt. */
	struct upstare_return to;
	struct upstare_segment *segment;
	struct upstare_thread *next, *previous;
	const pid_t *tid; /* in its own memory; NULL: it has not begun */
	struct __up_thread *tls;
	uint32_t *in_stub;
	bool starting; /* not yet under its base */
	bool empty;    /* parked before its first frame */
	uint32_t state, order;
	uint64_t mask; /* the program's signal mask while we block all */
	int saved_errno;
	uint64_t obstacle_generation;
	uint32_t skip; /* points to pass before the stack is looked at again */
	struct upstare_obstacle obstacle;
	struct upstare_obstacle place; /* of the innermost of the program's frames, as it looked last; pc 0: none */
	struct {
		int call; /* system call */
		bool blocked, interruptible;
		struct upstare_obstacle place; /* of the generation that obstacle_generation names; under the lock */
	} seen; /* by status.c */
	struct upstare_stack own;
	char *base_sp; /* where the base calls from on the own stack */
	enum upstare_kicked kicked;
	struct upstare_kernel_call waits; /* as it was seen before it was kicked inside a library */
	bool in_handler;  /* as verified: a handler that its parent had called is below the innermost segment */
	/* The innermost segment, as verified. */
	enum upstare_bottom bottom;
	char *bottom_sp;                 /* rsp at its bottom: the address after the outermost frame's return address */
	struct upstare_marks base_marks; /* what the frames on the base retain, since they were rebuilt */
	bool migrating;                  /* unrolled by itself, to bring frames of a replaced version to the current one */
	struct upstare_loaded *oldest;   /* oldest version with frames below library code; NULL: none */
	struct upstare_loaded *oldest_below; /* the same, of the current version too, as verified for the update under way */
	char *park_sp;
	/* The stack as it was before it was unrolled: what undoing an update goes back to (snapshot.c). */
	char *snapshot_low, *snapshot_high; /* the part that frames stand on */
	char *snapshot;
	size_t snapshot_size;
	struct upstare_registers resume;
	struct upstare_stack *placed;
	char *new_sp;
	size_t frames, record_bytes;
	char *records, *mapped;
	size_t records_size, mapped_size;
	struct __up_header **index; /* the old version's records, innermost first */
	size_t index_size, nindex;
	struct upstare_frame *rebuilt; /* the new version's, outermost first */
	size_t rebuilt_size, nrebuilt;
	size_t pop; /* the next one to be rebuilt */
	uint32_t users; /* whoever still creates it */
	bool gone;
	unsigned exit_rounds;
	void *(*start)(void *);
	void *argument;
};

extern hidden __thread struct upstare_thread *upstare_self;
extern hidden __thread uint32_t upstare_in_stub;
/* The thread's number for the kernel, of those that upstare_self is set in: a child has another, and writes only here. */
extern hidden __thread pid_t upstare_tid;
/* The thread's stack above was its parent's, when the process was made; NULL: it was not forked. */
extern hidden __thread char *upstare_forked_at;
static inline pid_t upstare_tid_of(const struct upstare_thread *t)
{
	const pid_t *tid = __atomic_load_n(&t->tid, __ATOMIC_ACQUIRE);
	return tid ? *tid : 0;
}
extern hidden struct upstare_thread *upstare_threads;
extern hidden unsigned upstare_nthreads;
extern hidden int upstare_pid;
extern hidden unsigned char upstare_off;

hidden void upstare_lock(uint64_t *mask);
hidden bool upstare_trylock(void); /* where all signals are blocked already */
hidden void upstare_untrylock(void);
hidden void upstare_unlock(const uint64_t *mask);
hidden struct upstare_thread *upstare_thread_new(void);
hidden void upstare_thread_enter(struct upstare_thread *);
hidden void upstare_thread_leave(void);
hidden int upstare_thread_bounds(struct upstare_thread *);
hidden void upstare_threads_init(void);
/* Held while a patch is being loaded: a child must not be made in the middle of it. */
extern hidden pthread_mutex_t upstare_loading;
/* What surrounds each fork; the bare system call (raw) too, which glibc does not notice. */
hidden void upstare_before_fork(void);
hidden void upstare_after_fork(int pid); /* in the parent; pid: 0 if unknown, < 0: it failed */
hidden void upstare_in_child(bool raw);

hidden long upstare_base_call(void *function, long a, long b, long c);
extern hidden const char upstare_base_return[];
extern hidden const char upstare_segment_entry[], upstare_segment_return[];

/* ---- verify.c ---- */
/*
 * Looks at the caller's stack. 0: every frame down to the base can be mapped to target, and there is room for the records and for
 * what undoing needs; t's bottom, and the floors of its stacks, are set. Else t->obstacle says what is not. sp: the lowest frame
 * that is to be unrolled. stale: the innermost segment is of replaced versions.
 */
hidden int upstare_verify(struct upstare_thread *, const struct upstare_loaded *target, char *sp, bool stale);
extern hidden const char upstare_in_library[];

/* ---- migrate.c ---- */
/* At a point of a replaced version: 1: the thread is to unroll its innermost segment now. 0: it cannot be brought further. */
hidden bool upstare_is_stale(const struct upstare_point_entry *);
hidden int upstare_migrate(void);
/* The records of the segment that has been unrolled become the current version's. -1: c says why not. */
hidden int upstare_migrate_frames(struct upstare_thread *);
/* After an update, while all threads stand still: which versions are still needed, and by how many of them. */
hidden unsigned upstare_note_stale(struct upstare_context *);
/* Whether frames of this version, or on the way from an older to the current one, may still be on a stack. */
hidden bool upstare_stale_needs(const struct upstare_loaded *);

/* ---- park.c ---- */
/* In the kick's handler, which has interrupted a library's code: parks there if an update is wanted. All signals are blocked. */
hidden void upstare_park_elsewhere(enum upstare_kicked);
extern hidden unsigned char upstare_flag; /* the executable's own */
extern unsigned char upstare_want; /* UPSTARE_WANT_*; exported, for code that has stubs of its own */
#define UPSTARE_WANT_UPDATE 1
#define UPSTARE_WANT_COUNT 2
#define UPSTARE_WANT_STALE 4 /* frames of replaced versions are on some stack */
/* Prepares unrolling; all signals are blocked. 1: unroll now. 0: the unrolling was undone. */
hidden int upstare_begin_unrolling(struct upstare_thread *, unsigned after, bool at_point, uint64_t mask, int error);
/* Parks the thread if it may. after: UPSTARE_AFTER or 0. 1: unroll now (all signals are blocked). */
hidden int upstare_park(unsigned after);
/* The same for a blocking call, with all signals blocked before and after; mask: the program's. */
hidden int upstare_park_call(uint64_t mask);
/* upstare_resumed for a blocking call: what upstare_signals_due says of the signals that came meanwhile. */
hidden int upstare_call_released(void);
/* The same, but signals stay blocked (upstare_masked). */
hidden int upstare_call_released_masked(void);
/* Whether this thread has been found unable to park in this update: it blocks plainly then. */
hidden bool upstare_has_obstacle(void);

/* ---- net.c ---- */
/* Calls the function; -1 and a reason in the context if what the patch brings crashes in it, or does not end. */
hidden int upstare_net_run(struct upstare_context *, int (*function)(struct upstare_context *));
/* Before each call of the patch's code: it may crash now. Does nothing outside of upstare_net_run. */
hidden void upstare_net_spread(const struct upstare_context *);
/* In the kick's handler. true: the thread is the one that runs the patch's code, and was meant. */
hidden bool upstare_net_look(const siginfo_t *, const void *context);

/* ---- snapshot.c ---- */
/* Room for the thread's frames from low up to the base's; called before the thread is counted as parked. 0, or -1: no memory. */
hidden int upstare_snapshot_room(struct upstare_thread *, char *low, char *high);
/* Saves the bytes; t->resume has been set by upstare_registers_save. */
hidden void upstare_snapshot_take(struct upstare_thread *);
/* Puts them back and goes on at t->resume. Runs on the control stack. */
hidden void upstare_snapshot_restore(struct upstare_thread *) __attribute__((noreturn));
hidden void upstare_snapshot_free(struct upstare_thread *);
hidden void upstare_park_entry(void);

/* ---- map.c ---- */
struct upstare_move {
	uintptr_t old, size;
	char *new;
};
struct upstare_context {
	struct upstare_loaded *from, *to;
	uint64_t deadline; /* of the update */
	struct upstare_thread *thread;
	const struct upstare_frame *frame; /* that is being filled */
	struct upstare_move *moves;
	size_t nmoves, sorted, moves_size;
	const char *why; /* first reason of a refusal, and where */
	bool elsewhere;  /* it is the place where a thread was: it may apply at another one */
	bool migrating;  /* of one thread's frames, after the update: those of versions after `from` are kept as they are */
	const struct upstare_function *function;
	uint32_t line;
	size_t frames;
	unsigned stale; /* threads with frames below library code */
	char *staged;
	size_t staged_size;
};
hidden int upstare_collect(struct upstare_thread *);      /* index of the old records: 0 or -1 */
hidden void upstare_place(struct upstare_thread *, size_t nindex, struct __up_header **index); /* retained marks */
hidden int upstare_choose_stack(struct upstare_thread *);
hidden void upstare_floor_begin(struct upstare_thread *);  /* nothing stands below the innermost segment */
hidden void upstare_floor_marks(struct upstare_thread *, const struct upstare_marks *);
hidden void upstare_floor_at(struct upstare_thread *, const void *); /* everything from there up on its stack is in use */
hidden void upstare_take_marks(struct upstare_thread *, struct upstare_marks *);
hidden int upstare_map_thread(struct upstare_context *, struct upstare_thread *);
hidden void upstare_forward_frames(struct upstare_context *, struct upstare_thread *);
hidden int upstare_map_globals(struct upstare_context *);
hidden void upstare_forward_all(struct upstare_context *);
hidden void upstare_context_free(struct upstare_context *);

/* ---- freeze.c ---- */
enum upstare_phase {
	UPSTARE_IDLE,
	UPSTARE_PARKING,
	UPSTARE_COMMITTING,
};
struct upstare_update {
	uint32_t phase;
	uint64_t generation;
	uint32_t event;   /* futex: something has happened that the coordinator may wait for */
	uint32_t orders;  /* futex: changes with every order to the threads */
	uint32_t parked;  /* threads; the lock is held */
	uint32_t awaited; /* threads that have not yet done what they were ordered */
	struct upstare_loaded *target;
	bool looking;     /* threads only tell where they are (status.c) */
	struct upstare_thread *fail_with; /* give up as soon as this thread meets an obstacle (upstare-run) */
};
extern hidden struct upstare_update upstare_update;
hidden void upstare_event(void);
/* Of the current version, with what else tells threads that they are wanted. The lock is held. */
hidden void upstare_raise_flags(bool up);

struct upstare_times {
	uint64_t begin, parking, parked, unrolled, mapped, released;
};

/* What became of a try in one process; the worse, the higher. */
enum upstare_outcome {
	UPSTARE_FROZEN,     /* all is ready for the new version */
	UPSTARE_NOT_NOW,    /* the patch's condition does not hold */
	UPSTARE_ELSEWHERE,  /* a thread stood at a place without a counterpart: at another moment it may work */
	UPSTARE_OBSTRUCTED, /* not all threads have parked in time */
	UPSTARE_FAILED,
};
/* Those who have parked stand still until all have: not for as long as the update looks for a moment at which they do. */
struct upstare_until {
	uint64_t round, deadline;
};
struct upstare_attempt {
	struct upstare_context context;
	struct upstare_times at;
	struct upstare_thread *fail_with;
	uint64_t generation;
	unsigned threads;
	bool unrolled;
};
/*
 * All that can fail, so that it can be undone: parks, and unless dry unrolls and transforms. Afterwards the threads stand
 * still until upstare_thaw, whatever the outcome. give_up (or NULL) is asked while threads are awaited.
 */
hidden enum upstare_outcome upstare_freeze(struct upstare_attempt *, struct upstare_loaded *to, struct upstare_until, bool dry,
					   bool (*give_up)(void));
/* Lets the threads go on: in the new version (after UPSTARE_FROZEN, not dry), or as if nothing had been. */
hidden void upstare_thaw(struct upstare_attempt *, bool to_new_version);

/* ---- coroutines.c ---- */
hidden bool upstare_coroutines_suspended(struct upstare_context *); /* the context tells where, and that it is a reason */

/* ---- hindrance.c ---- */
/* What stands in an update's way, as it is told to the user. */
struct upstare_hindrance {
	int pid, tid;
	uint32_t line;
	char function[120], file[160], why[240];
};
typedef void (*upstare_tell_fn)(void *to, const struct upstare_hindrance *);
hidden void upstare_put_hindrance(void *json, const struct upstare_hindrance *);
/* Fills all but pid and tid for a thread that was seen at pc. */
hidden void upstare_describe_place(struct upstare_hindrance *, uintptr_t pc, const char *why);
/* The function and line of the call that returns to pc; where that is not known both stay as they are. */
hidden void upstare_place_of(uintptr_t pc, const struct upstare_function **, uint32_t *line);
/* Between upstare_freeze and upstare_thaw: who or what is in the way. */
hidden void upstare_tell_hindrances(const struct upstare_attempt *, enum upstare_outcome, upstare_tell_fn, void *to);

/* ---- history.c ---- */
hidden void upstare_remember(const struct upstare_context *, const struct upstare_times *);
hidden unsigned upstare_updates(void); /* how many this process has taken */
hidden void upstare_history(struct upstare_json *);

/* ---- status.c ---- */
hidden void upstare_status(struct upstare_json *); /* the threads */

/* ---- prepare.c ---- */
/* Loads and binds a patch while the program runs. NULL with code and message; already: it is the version that runs. */
hidden struct upstare_loaded *upstare_prepare(struct upstare_payload *, bool *already, int *code, char *message, size_t room);

/* ---- coordinate.c ---- */
hidden int upstare_coordinate(const void *, size_t, unsigned timeout_ms, bool commit, struct upstare_thread *fail_with,
			      struct upstare_json *);
hidden void upstare_coordinate_reset(void);

/* ---- run.c ---- */
hidden void upstare_run_init(void);
hidden int upstare_run_due(void); /* a point at which an update is due: 1: unroll */
hidden bool upstare_run_holds(const void *bytes); /* bytes is a patch that stays mapped for good */
extern hidden bool upstare_run_mode;
extern hidden int64_t upstare_run_left; /* points until the next update is due */

/* ---- kick.c and blocking/ ---- */
hidden void upstare_kick_init(void);
hidden void upstare_kick_handler(void); /* only the signal's */
hidden void upstare_kick_all(void);
extern hidden __thread bool upstare_masked; /* a call that was broken off has all signals blocked; upstare_kick_mask is the program's mask */
extern hidden __thread uint64_t upstare_kick_mask;
/* What signals do to the thread's call; a new one forgets all of it by one store, since a handler may have jumped out of the last. */
union upstare_cut {
	uint32_t all;
	struct {
		bool kicked; /* the last stub's system call was cut short by a kick and nothing else */
		/*
		 * A call that was broken off is about to be made again, signals are no longer blocked: whether any handler ends it, or only
		 * those without SA_RESTART. came: one of them has run meanwhile (known to stub.S).
		 */
		uint8_t again;
		bool came;
	};
};
#define UPSTARE_NOT_AGAIN 0
#define UPSTARE_AGAIN 1
#define UPSTARE_AGAIN_ONCE 2
extern hidden __thread union upstare_cut upstare_cut;
/* The kernel's struct sigaction. What libc tells of it leaves out the internal signals and the restorer. */
struct upstare_action {
	uintptr_t handler;
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};
static inline bool upstare_has_handler(const struct upstare_action *a)
{
	return a->handler != (uintptr_t)SIG_DFL && a->handler != (uintptr_t)SIG_IGN;
}

/* Where the program's handlers return to (blocking/restorer.S). */
hidden void upstare_restorer_restarting(void);
hidden void upstare_restorer_ending(void);
hidden void upstare_masks_prepare(void);
hidden void upstare_kick_prepare(void); /* before the program's main */
/* sigaction(2), for a handler that kicks are told from the end of; by one system call where libc need not be asked. */
hidden int upstare_kick_sigaction(int signal, const struct sigaction *set, struct sigaction *old);
/*
 * The program has set a handler by sigaction, or (set: NULL) in another way: kicks are told from its end. It stays what it is but for where it
 * returns to. errno may change.
 */
hidden void upstare_kick_follow(int signal, const struct sigaction *set);
/* Of a wait inside libc: the kick moves it into the past, and libc gives the wait up. */
extern hidden __thread struct timespec *upstare_limit;
/*
 * What unblocking to that mask will run in this thread: nothing, handlers after which system calls are restarted, or others. Signals are
 * blocked. Those of the process that it will run become the thread's.
 */
enum { UPSTARE_UNDISTURBED, UPSTARE_RESTARTING, UPSTARE_INTERRUPTING };
hidden int upstare_signals_due(uint64_t mask);

#endif
