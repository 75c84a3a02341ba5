/* A process that is not the leader: how it learns of an update, and its part in it. Between updates it has no thread of ours. */
#include "procfs.h"
#include "tree.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unwind.h>

#include "../control/control.h"
#include "../control/sys.h"

/* A leader that gives no sign of life for so long has died, or stands still: the update is off. */
#define PATIENCE_NS 3000000000u
/* How often a member looks whether there is one. */
#define LOOK_NS 100000000u
/* How long all forks of a process together are held up by an update. */
#define HOLD_NS 200000000u
#define HOLD_LOOK_NS 2000000u

uint32_t upstare_tree_asked;
/* The update that this process takes part in, or has taken part in. */
static uint32_t joined;
/* The member's thread is at work. */
static bool taking_part;

/* ---- the kick ---- */

extern char __executable_start, etext;

bool upstare_in_program(uintptr_t pc)
{
	if (pc >= (uintptr_t)upstare_text_start && pc < (uintptr_t)upstare_text_end)
		return false;
	if (upstare_current && upstare_loaded_with_text(pc))
		return true;
	return pc >= (uintptr_t)&__executable_start && pc < (uintptr_t)&etext;
}

static _Unwind_Reason_Code find_program(struct _Unwind_Context *context, void *argument)
{
	uintptr_t pc = _Unwind_GetIP(context);
	if (!upstare_in_program(pc))
		return _URC_NO_REASON;
	*(uintptr_t *)argument = pc;
	return _URC_NORMAL_STOP;
}

static unsigned char *flag(void)
{
	return upstare_current ? upstare_current->module->flag : &upstare_flag;
}

/* The other threads, if one of them rather than this one can come to an update point. */
static void wake_others(void)
{
	if (!upstare_trylock())
		return;
	for (struct upstare_thread *t = upstare_threads; t; t = t->next)
		if (t != upstare_self && upstare_tid_of(t) && t->in_stub && __atomic_load_n(t->in_stub, __ATOMIC_ACQUIRE))
			upstare_sys(SYS_tgkill, upstare_pid, upstare_tid_of(t), UPSTARE_KICK_SIGNAL);
	upstare_untrylock();
}

/* All signals are blocked. */
static void ask_all(void)
{
	__atomic_store_n(&upstare_tree_asked, 1, __ATOMIC_SEQ_CST);
	__atomic_or_fetch(&upstare_want, UPSTARE_WANT_UPDATE, __ATOMIC_SEQ_CST);
	__atomic_store_n(flag(), 1, __ATOMIC_SEQ_CST);
	if (upstare_trylock()) {
		upstare_libraries_flag_all(1);
		upstare_untrylock();
	}
}

bool upstare_tree_look(void)
{
	const struct upstare_orders *o = upstare_tree.orders;
	uint32_t slot = upstare_tree.slot;
	uint64_t mask;
	if (!upstare_self || upstare_tree.leads || !slot || o->update == joined || upstare_raw_getpid() != upstare_pid ||
	    !(__atomic_load_n(&o->called[slot / 64], __ATOMIC_ACQUIRE) >> slot % 64 & 1))
		return false;
	upstare_block_signals(&mask);
	ask_all();
	upstare_set_signals(&mask);
	return true;
}

void upstare_tree_kicked(uintptr_t pc, bool from_outside)
{
	struct upstare_board *b = upstare_tree.board;
	const struct upstare_orders *o = upstare_tree.orders;
	if (!b || !o || upstare_tree.leads || !upstare_tree.slot)
		return;
	struct upstare_slot *s = &b->slots[upstare_tree.slot];
	bool update = __atomic_load_n(&o->phase, __ATOMIC_ACQUIRE) != UPSTARE_TREE_IDLE && o->update != joined;
	if (!update && !upstare_tree_orphaned())
		return;
	/* The first kick only says that somebody calls; if more are needed, where this thread is may be what hinders. */
	if (upstare_tree_asked && from_outside) {
		uintptr_t found = pc;
		if (!upstare_in_program(pc))
			_Unwind_Backtrace(find_program, &found);
		s->pc = found;
	}
	ask_all();
	if (from_outside)
		wake_others();
}

void upstare_tree_forget(void)
{
	joined = 0;
	taking_part = false;
	upstare_tree_asked = 0;
}

void upstare_tree_hold(void)
{
	static uint32_t update;
	static uint64_t held;
	const struct upstare_orders *o = upstare_tree.orders;
	while (o && o->phase != UPSTARE_TREE_IDLE && (upstare_tree.writable || o->update == joined) &&
	       !(__atomic_load_n(&upstare_want, __ATOMIC_ACQUIRE) & UPSTARE_WANT_UPDATE)) {
		uint64_t begin = upstare_now();
		if (update != o->update) {
			update = o->update;
			held = 0;
		}
		if (held >= HOLD_NS)
			return;
		upstare_shared_wait(&o->word, __atomic_load_n(&o->word, __ATOMIC_ACQUIRE), HOLD_LOOK_NS);
		held += upstare_now() - begin;
	}
}

/* ---- what it says ---- */

static void say(uint32_t update, uint32_t round, unsigned what)
{
	struct upstare_board *b = upstare_tree.board;
	__atomic_store_n(&upstare_own_slot()->report, upstare_stamp(update, round, what), __ATOMIC_RELEASE);
	uint32_t reports = __atomic_add_fetch(&b->reports, 1, __ATOMIC_RELEASE);
	bool expected = what == UPSTARE_SAID_PREPARED || what == UPSTARE_SAID_FROZEN + UPSTARE_FROZEN || what == UPSTARE_SAID_DONE;
	if (!expected || (int32_t)(reports - b->awaited) >= 0)
		upstare_shared_wake(&b->reports);
}

static struct upstare_told *told(void)
{
	struct upstare_told *t = &upstare_tree.board->told[upstare_tree.slot];
	memset(t, 0, sizeof(*t));
	return t;
}

static void tell(void *to, const struct upstare_hindrance *h)
{
	struct upstare_told *t = to;
	if (t->n < UPSTARE_TOLD)
		t->hindrances[t->n++] = *h;
}

/* ---- the leader's sign of life ---- */

struct watch {
	uint32_t seen;
	uint64_t since;
};
static struct watch watch;

static bool leader_lost(void)
{
	uint32_t now = __atomic_load_n(&upstare_tree.orders->heartbeat, __ATOMIC_ACQUIRE);
	uint64_t time = upstare_now();
	if (now != watch.seen || !watch.since) {
		watch = (struct watch){now, time};
		return false;
	}
	const struct upstare_slot *leader = &upstare_tree.board->slots[0];
	return (leader->watched && upstare_slot_gone(leader)) || time - watch.since > PATIENCE_NS;
}

/* ---- an update ---- */

static uint64_t pending;

/* The round is over before we are frozen: somebody else is not ready, or the leader is gone. */
static bool called_off(void)
{
	return __atomic_load_n(&upstare_tree.board->decision, __ATOMIC_ACQUIRE) != pending || leader_lost();
}

/* What all do. Without a leader it is us who decide that nothing happens, unless it had decided before. */
static bool decided(void)
{
	uint64_t *decision = &upstare_tree.board->decision;
	for (;;) {
		uint32_t word = __atomic_load_n(&upstare_tree.orders->word, __ATOMIC_ACQUIRE);
		uint64_t now = __atomic_load_n(decision, __ATOMIC_ACQUIRE);
		if (now == pending && leader_lost() &&
		    __atomic_compare_exchange_n(decision, &now, pending + UPSTARE_CALLED_OFF, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			return false;
		if (now != pending)
			return now == pending + UPSTARE_COMMITTED;
		upstare_shared_wait(&upstare_tree.orders->word, word, LOOK_NS);
	}
}

/* true: this process is updated, or the update is off. */
static bool take_part(uint32_t update, uint32_t round, struct upstare_loaded *to)
{
	const struct upstare_orders *o = upstare_tree.orders;
	struct upstare_attempt a = {.fail_with = NULL};
	bool dry = o->dry;
	pending = upstare_stamp(update, round, UPSTARE_PENDING);
	enum upstare_outcome outcome = upstare_freeze(&a, to, o->until, dry, called_off);
	if (outcome != UPSTARE_FROZEN)
		upstare_tell_hindrances(&a, outcome, tell, told());
	upstare_own_slot()->threads = upstare_nthreads;
	upstare_own_slot()->frames = a.context.frames;
	say(update, round, UPSTARE_SAID_FROZEN + outcome);
	bool commit = decided() && outcome == UPSTARE_FROZEN && !dry;
	upstare_thaw(&a, commit);
	if (!commit)
		return leader_lost();
	upstare_own_slot()->released = a.at.released;
	say(update, round, UPSTARE_SAID_DONE);
	return true;
}

/* Until the leader has done what it was asked for; false: the update is over. */
static bool await(uint32_t update, const uint32_t *done)
{
	const struct upstare_orders *o = upstare_tree.orders;
	for (;;) {
		uint32_t word = __atomic_load_n(&o->word, __ATOMIC_ACQUIRE);
		if (o->update != update || o->phase == UPSTARE_TREE_IDLE || leader_lost())
			return false;
		if (__atomic_load_n(done, __ATOMIC_ACQUIRE))
			return true;
		upstare_shared_wait(&o->word, word, LOOK_NS);
	}
}

/* What has been read of the orders before is of this update: the leader changes its number first. */
static bool is_still(uint32_t update)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&upstare_tree.orders->update, __ATOMIC_RELAXED) == update;
}

/* The leader's file where this process may open it, else a copy of the bytes: the next update's take the place of those in the orders. */
static const char *fetch(struct upstare_payload *p)
{
	static const char over[] = "the update is over";
	const struct upstare_orders *o = upstare_tree.orders;
	if (!upstare_filtered) {
		if (!__atomic_load_n(&o->file, __ATOMIC_ACQUIRE))
			say(joined, 0, UPSTARE_SAID_WANTS_FILE);
		if (!await(joined, (const uint32_t *)&o->file))
			return over;
		if (o->file > 0 && upstare_payload_open(p, o->leader, o->file, o->identity)) {
			/* A kick needs them, a call by the pipe does not: who has given up its rights tells nobody what to do who has kept them. */
			bool may = upstare_process_may_signal_us(o->leader);
			if (may && is_still(joined))
				return NULL;
			upstare_payload_close(p);
			return may ? over : "the program's first process may not signal it: it has another user";
		}
	}
	void *bytes = p->size <= upstare_tree.capacity ? upstare_pages(p->size) : NULL;
	if (!bytes)
		return "no memory for the patch";
	say(joined, 0, UPSTARE_SAID_WANTS_BYTES);
	if (!await(joined, &o->copied)) {
		upstare_pages_free(bytes, p->size);
		return over;
	}
	memcpy(bytes, (const char *)o + UPSTARE_ORDERS_HEAD, p->size);
	if (!is_still(joined)) {
		upstare_pages_free(bytes, p->size);
		return over;
	}
	p->bytes = bytes;
	return NULL;
}

static void follow(uint32_t update, struct upstare_payload *payload)
{
	const struct upstare_orders *o = upstare_tree.orders;
	/* One who was forked while others were frozen waits for the next round. */
	uint32_t round = o->round;
	bool already;
	for (;;) {
		struct upstare_told *t = told();
		struct upstare_loaded *to = upstare_prepare(payload, &already, &t->code, t->message, sizeof(t->message));
		if (!to) {
			if (already)
				t->code = 3;
			say(update, round, UPSTARE_SAID_REFUSED);
			return;
		}
		say(update, round, UPSTARE_SAID_PREPARED);
		for (;;) {
			uint32_t word = __atomic_load_n(&o->word, __ATOMIC_ACQUIRE);
			if (o->update != update || o->phase == UPSTARE_TREE_IDLE || leader_lost())
				return;
			if (o->phase == UPSTARE_TREE_FREEZE && o->round != round)
				break;
			upstare_shared_wait(&o->word, word, LOOK_NS);
		}
		round = o->round;
		if (take_part(update, round, to))
			return;
	}
}

static void *member(void *argument)
{
	uint32_t update = (uint32_t)(uintptr_t)argument;
	const struct upstare_orders *o = upstare_tree.orders;
	struct upstare_payload payload = {.size = o->size, .content = {o->content[0], o->content[1]}, .fetch = fetch};
	watch = (struct watch){0, 0};
	upstare_filtered = upstare_own_slot()->filtered;
	follow(update, &payload);
	upstare_libraries_close();
	upstare_payload_close(&payload);
	if (payload.bytes)
		upstare_pages_free((void *)(uintptr_t)payload.bytes, payload.size);
	__atomic_store_n(&taking_part, false, __ATOMIC_SEQ_CST);
	if (upstare_tree_orphaned())
		upstare_tree_lead();
	return NULL;
}

void upstare_tree_join(void)
{
	const struct upstare_orders *o = upstare_tree.orders;
	uint64_t mask;
	/* The child of a vfork runs on its parent's memory: nothing may happen there. */
	if (upstare_raw_getpid() != upstare_pid)
		return;
	upstare_lock(&mask);
	bool asked = __atomic_exchange_n(&upstare_tree_asked, 0, __ATOMIC_SEQ_CST);
	if (asked && upstare_update.phase == UPSTARE_IDLE) {
		__atomic_and_fetch(&upstare_want, (unsigned char)~UPSTARE_WANT_UPDATE, __ATOMIC_SEQ_CST);
		__atomic_store_n(flag(), 0, __ATOMIC_SEQ_CST);
		upstare_libraries_flag_all(0);
	}
	bool lead = asked && upstare_tree_orphaned();
	uint32_t update = asked && !lead && !taking_part && o->phase != UPSTARE_TREE_IDLE && o->update != joined ? o->update : 0;
	if (update) {
		joined = update;
		taking_part = true;
	}
	upstare_unlock(&mask);
	if (lead)
		upstare_tree_lead();
	int error = update ? upstare_core_thread(member, (void *)(uintptr_t)update) : 0;
	if (error) {
		struct upstare_told *t = told();
		taking_part = false;
		t->code = 2;
		snprintf(t->message, sizeof(t->message), "the process cannot make a thread for the update: error %d", error);
		say(update, 0, UPSTARE_SAID_REFUSED);
	}
}

/*
 * What there was in common with the late leader stays where it is, since other threads may be looking at it: the next fork
 * puts something new in its place (area.c).
 */
void upstare_tree_lead(void)
{
	uint64_t mask;
	upstare_lock(&mask);
	bool now = !upstare_tree.leads && !taking_part;
	if (now)
		upstare_tree.leads = true;
	upstare_unlock(&mask);
	if (now)
		upstare_control_inherit();
}
