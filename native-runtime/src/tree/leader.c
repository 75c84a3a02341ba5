/* The first process of a program leads: it has all the others prepare, freeze, and then either all commit or all go back. */
#include "tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "../blocking/pipe/descriptors.h"
#include "../control/sys.h"
#include "../json.h"
#include "procfs.h"

#define KICK_EVERY_NS 10000000u
#define LOOK_NS 5000000u
/* A child that is being forked is there after that, or its fork has failed. */
#define BIRTH_NS 500000000u
/* How long others may take to say that they did not freeze in time; how long those who still might are waited for. */
#define LATE_NS 2000000000u
#define REST_NS 20000000u
/* How long the last process is waited for, to be able to say how long all stood still. */
#define DONE_NS 1000000000u

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* What we know of a slot's process, other than what it says. */
struct known {
	uint64_t birth;
	uint64_t seen, next_kick;
	int pid;             /* for us; 0: not known */
	const char *why;     /* it cannot be reached; NULL: it can */
	bool for_good;       /* and that will not change */
	unsigned times;      /* as often as that was found: a process that is ending looks like another for a moment */
};

static struct {
	bool begun, published, active; /* active: a round is under way */
	struct upstare_payload *payload;
	uint64_t deadline;
	struct known *known;
} now_;

static uint32_t high(void)
{
	uint32_t n = upstare_tree.writable ? __atomic_load_n(&upstare_tree.board->high, __ATOMIC_ACQUIRE) : 0;
	return n < UPSTARE_SLOTS ? n : UPSTARE_SLOTS;
}

static void give_order(void)
{
	struct upstare_orders *o = upstare_tree.writable;
	__atomic_add_fetch(&o->word, 1, __ATOMIC_RELEASE);
	upstare_shared_wake(&o->word);
}

/* One report from each of the others is what the leader will wait for. */
static void expect_reports(void)
{
	struct upstare_board *b = upstare_tree.board;
	uint32_t n = __atomic_load_n(&b->reports, __ATOMIC_ACQUIRE);
	for (uint32_t i = 1; i < high(); i++)
		n += __atomic_load_n(&b->slots[i].state, __ATOMIC_ACQUIRE) == UPSTARE_SLOT_LIVE && !upstare_slot_gone(&b->slots[i]);
	__atomic_store_n(&b->awaited, n, __ATOMIC_RELEASE);
}

static void heartbeat(void)
{
	__atomic_add_fetch(&upstare_tree.writable->heartbeat, 1, __ATOMIC_RELEASE);
}

/* The slot of a process that is no more is left as it is: whoever forks next may have it, and may be taking it just now. */
static bool is_live(const struct upstare_slot *s)
{
	struct upstare_process p;
	if (__atomic_load_n(&s->state, __ATOMIC_ACQUIRE) != UPSTARE_SLOT_LIVE || upstare_slot_gone(s))
		return false;
	/* Who is not watched may have ended without having been waited for. */
	int pid = s->birth & 0xffffffff ? (int)(s->birth & 0xffffffff) : s->pid;
	return s->watched || s->parent != 0 || (upstare_process_read(pid, &p) && p.state != 'Z' && p.state != 'X');
}

/* Forked, and has not taken its slot yet. */
static bool is_born(const struct upstare_slot *s)
{
	return __atomic_load_n(&s->state, __ATOMIC_ACQUIRE) == UPSTARE_SLOT_BORN;
}

/* ---- who they are ---- */

/* The number by which we know a process, 0 if there is none. In another pid namespace its own number says nothing here. */
static int outer_pid(const struct upstare_slot *s, int depth)
{
	const struct upstare_slot *parent = &upstare_tree.board->slots[s->parent % UPSTARE_SLOTS];
	int known = (int)(s->birth & 0xffffffff), pid = s->pid;
	if (s->parent == 0)
		return known ? known : pid;
	if (depth > 32)
		return 0;
	int up = outer_pid(parent, depth + 1);
	/* The parent's own number is the one by which we know it: it is in our namespace. */
	if (up == parent->pid)
		return known ? known : pid;
	return up ? upstare_process_child(up, pid) : 0;
}

static struct known *known_of(uint32_t i)
{
	struct known *k = &now_.known[i];
	const struct upstare_slot *s = &upstare_tree.board->slots[i];
	if (k->birth != s->birth >> 32)
		*k = (struct known){.birth = s->birth >> 32, .seen = upstare_now()};
	if (!k->pid && s->state == UPSTARE_SLOT_LIVE)
		k->pid = outer_pid(s, 0);
	return k;
}

bool upstare_filters_allowed(void)
{
	const char *value = getenv("UPSTARE_SECCOMP");
	return value && !strcmp(value, "allowed");
}

/* From here on it may take part: who waits is woken, who runs looks before its next call that may block. */
static void call_by_pipe(uint32_t i)
{
	struct upstare_orders *o = upstare_tree.writable;
	__atomic_or_fetch(&o->called[i / 64], (uint64_t)1 << i % 64, __ATOMIC_SEQ_CST);
	upstare_pipe_call_tree();
	give_order();
}

/* Kicks a process that has not joined, if it is certain that it can stand it. */
static void call(uint32_t i, struct known *k)
{
	struct upstare_slot *s = &upstare_tree.board->slots[i];
	struct upstare_process p;
	k->why = NULL;
	if (!k->pid) {
		k->why = "the process cannot be found: it is in another pid namespace, and /proc does not show it";
		return;
	}
	if (!upstare_process_read(k->pid, &p) || p.state == 'Z' || p.state == 'X')
		return;
	k->for_good = true;
	s->filtered = p.filtered;
	if (p.filtered && !upstare_filters_allowed())
		k->why = p.state ? "the process is in a seccomp filter: where that lets the runtime's system calls pass (see the manual), "
				   "start the program with UPSTARE_SECCOMP=allowed"
				 : "there is no /proc here to see whether the process is in a seccomp filter: where it is in none, or one "
				   "that lets the runtime's system calls pass (see the manual), start the program with UPSTARE_SECCOMP=allowed";
	else if (!p.same_program)
		k->why = "the process runs another executable";
	else if (!p.catches_kick && !upstare_self_pipe)
		k->why = "the program has taken the handler of signal 64 away, by which the process would be reached";
	if (k->why)
		return;
	k->for_good = false;
	if (p.state == 'T' || p.state == 't')
		k->why = "the process is stopped";
	else if (!s->settled)
		k->why = "the process was forked by a library and has not come to the program's own code yet";
	else if (upstare_sys(SYS_kill, k->pid, 0) == -EPERM)
		k->why = "the first process may not signal it: it has another user";
	else if (upstare_self_pipe)
		call_by_pipe(i);
	if (!upstare_self_pipe && s->settled)
		upstare_tree_kick(s, k->pid);
}

static void tell_missing(uint32_t i, upstare_tell_fn tell, void *to)
{
	const struct upstare_slot *s = &upstare_tree.board->slots[i];
	const struct known *k = known_of(i);
	struct upstare_hindrance h = {.pid = k->pid ? k->pid : s->pid, .tid = k->pid};
	if (k->why)
		snprintf(h.why, sizeof(h.why), "%s", k->why);
	else if (s->pc)
		upstare_describe_place(&h, s->pc, "has reached no update point since");
	else
		snprintf(h.why, sizeof(h.why), "the process has reached no update point");
	tell(to, &h);
}

/* A copy of what a process wrote: nothing in it is believed. */
static void copy_text(char *text, size_t size)
{
	text[size - 1] = 0;
	for (char *at = text; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
}

static void read_told(uint32_t i, struct upstare_told *t)
{
	memcpy(t, &upstare_tree.board->told[i], sizeof(*t));
	if (t->n > UPSTARE_TOLD)
		t->n = UPSTARE_TOLD;
	copy_text(t->message, sizeof(t->message));
	for (uint32_t n = 0; n < t->n; n++) {
		t->hindrances[n].pid = known_of(i)->pid;
		copy_text(t->hindrances[n].function, sizeof(t->hindrances[n].function));
		copy_text(t->hindrances[n].file, sizeof(t->hindrances[n].file));
		copy_text(t->hindrances[n].why, sizeof(t->hindrances[n].why));
	}
}

/* What a process has reported of this update, 0: nothing; of the present round unless any_round. */
static unsigned said(const struct upstare_slot *s, bool any_round)
{
	const struct upstare_orders *o = upstare_tree.orders;
	uint64_t report = __atomic_load_n(&s->report, __ATOMIC_ACQUIRE);
	if (report >> 32 != o->update || (!any_round && (report >> 8 & 0xffffff) != o->round))
		return 0;
	return report & 0xff;
}

/* Has loaded the patch in some round: else it is new, and has to be prepared first. */
static bool is_prepared(const struct upstare_slot *s)
{
	return said(s, true) >= UPSTARE_SAID_PREPARED;
}

/* ---- prepare ---- */

/* Children of ours from the time when another process led: we have no way to give them orders. */
static int left_behind(void)
{
	struct upstare_board *b = upstare_tree.writable ? upstare_tree.retired_board : upstare_tree.board;
	uint32_t own = upstare_tree.writable ? upstare_tree.retired_slot : upstare_tree.slot;
	uint32_t n = b && b->high < UPSTARE_SLOTS ? b->high : b ? UPSTARE_SLOTS : 0;
	for (uint32_t i = 1; i < n; i++) {
		uint32_t at = i;
		if (b->slots[i].state != UPSTARE_SLOT_LIVE || i == own || upstare_slot_gone(&b->slots[i]))
			continue;
		for (int depth = 0; depth < 32 && at && at < UPSTARE_SLOTS && at != own; depth++)
			at = b->slots[at].parent;
		if (at == own)
			return b->slots[i].pid;
	}
	return 0;
}

bool upstare_tree_begin(struct upstare_payload *payload, char *message, size_t room)
{
	if (!upstare_tree.leads)
		return true;
	int pid = left_behind();
	if (pid) {
		snprintf(message, room,
			 "process %d cannot be reached: it was forked before the program's first process ended; both go on as before", pid);
		return false;
	}
	now_.begun = true;
	now_.published = now_.active = false;
	now_.payload = payload;
	return true;
}

static bool anybody(void)
{
	for (uint32_t i = 1; i < high(); i++) {
		struct upstare_slot *s = &upstare_tree.board->slots[i];
		if (is_born(s) || is_live(s))
			return true;
	}
	return false;
}

static bool publish(char *message, size_t room)
{
	struct upstare_orders *o = upstare_tree.writable;
	if (!now_.known)
		now_.known = upstare_pages(UPSTARE_SLOTS * sizeof(*now_.known));
	if (!now_.known) {
		snprintf(message, room, "no memory to hand the patch to other processes");
		return false;
	}
	memset(now_.known, 0, UPSTARE_SLOTS * sizeof(*now_.known));
	/* First, so that nobody who is late takes what follows for the last update's. */
	o->update++;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	o->size = now_.payload->size;
	memcpy(o->content, upstare_payload_content(now_.payload), sizeof(o->content));
	o->leader = upstare_pid;
	o->identity = now_.payload->identity;
	o->file = now_.payload->fd;
	o->copied = 0;
	o->round = 0;
	memset(o->called, 0, sizeof(o->called));
	__atomic_store_n(&o->phase, UPSTARE_TREE_PREPARE, __ATOMIC_RELEASE);
	now_.published = true;
	expect_reports();
	give_order();
	return true;
}

static void hand_out_file(void)
{
	struct upstare_orders *o = upstare_tree.writable;
	if (o->file)
		return;
	int fd = upstare_payload_file(now_.payload);
	o->identity = now_.payload->identity;
	__atomic_store_n(&o->file, fd, __ATOMIC_RELEASE);
	give_order();
}

static bool hand_out_bytes(char *message, size_t room)
{
	struct upstare_orders *o = upstare_tree.writable;
	size_t size = now_.payload->size;
	if (o->copied)
		return true;
	if (size > upstare_tree.capacity) {
		snprintf(message, room, "the patch has %zu bytes; to hand it to other processes there is room for %zu", size, upstare_tree.capacity);
		return false;
	}
	/* Where there is no memory, a write to a shared page would be a SIGBUS. Older kernels do not have this call. */
	long populated = upstare_sys(SYS_madvise, o, UPSTARE_ORDERS_HEAD + ((size + 4095) & ~(size_t)4095), MADV_POPULATE_WRITE);
	if (populated < 0 && populated != -EINVAL) {
		snprintf(message, room, "no memory to hand the patch to other processes");
		return false;
	}
	upstare_payload_copy(now_.payload, (char *)o + UPSTARE_ORDERS_HEAD);
	__atomic_store_n(&o->copied, 1, __ATOMIC_RELEASE);
	give_order();
	return true;
}

static int refused(uint32_t i, char *message, size_t room)
{
	struct upstare_told t;
	read_told(i, &t);
	snprintf(message, room, "process %d: %.200s", known_of(i)->pid, t.message);
	return t.code == 3 || t.code == 5 ? t.code : 2;
}

int upstare_tree_prepare(uint64_t deadline, struct upstare_json *j, char *message, size_t room)
{
	now_.deadline = deadline;
	if (!now_.begun || !anybody())
		return 0;
	if (!now_.published && !publish(message, room))
		return 2;
	struct upstare_board *b = upstare_tree.board;
	if (b->lost) {
		snprintf(message, room, "the program has had more than %d processes at a time: not all of them are known", UPSTARE_SLOTS - 1);
		return 2;
	}
	for (;;) {
		uint32_t seen = __atomic_load_n(&b->reports, __ATOMIC_ACQUIRE);
		uint64_t now = upstare_now();
		bool all = true, hopeless = false;
		heartbeat();
		for (uint32_t i = 1; i < high(); i++) {
			struct upstare_slot *s = &b->slots[i];
			bool born = is_born(s);
			if (!born && !is_live(s))
				continue;
			struct known *k = known_of(i);
			unsigned what = born ? 0 : said(s, true);
			if (born && now - k->seen > BIRTH_NS)
				upstare_tree_born(i, s->birth, -1);
			if (what == UPSTARE_SAID_REFUSED)
				return refused(i, message, room);
			if (what == UPSTARE_SAID_WANTS_FILE)
				hand_out_file();
			if (what == UPSTARE_SAID_WANTS_BYTES && !hand_out_bytes(message, room))
				return 2;
			/* After a round that was called off each prepares anew. */
			if (said(s, false) == UPSTARE_SAID_PREPARED)
				continue;
			all = false;
			if (!what && !born && now >= k->next_kick) {
				call(i, k);
				k->next_kick = now + KICK_EVERY_NS;
				k->times = k->why && k->for_good ? k->times + 1 : 0;
				hopeless |= k->times > 2;
			}
		}
		if (all)
			return 0;
		if (hopeless || now >= deadline)
			break;
		upstare_shared_wait(&b->reports, seen, LOOK_NS);
	}
	upstare_json_begin_array(j, "obstacles");
	for (uint32_t i = 1; i < high(); i++)
		if (is_live(&b->slots[i]) && said(&b->slots[i], false) != UPSTARE_SAID_PREPARED)
			tell_missing(i, upstare_put_hindrance, j);
	upstare_json_end(j);
	snprintf(message, room, "no safe state within the timeout; the program goes on as before");
	return 2;
}

/* ---- freeze ---- */

static enum upstare_outcome outcome_of(unsigned what)
{
	return what < UPSTARE_SAID_FROZEN || what > UPSTARE_SAID_FROZEN + UPSTARE_FAILED ? UPSTARE_FAILED
											  : what - UPSTARE_SAID_FROZEN;
}

/* Somebody has failed already: there is no need to wait for our own threads. */
static bool give_up(void)
{
	heartbeat();
	for (uint32_t i = 1; i < high(); i++) {
		unsigned what = said(&upstare_tree.board->slots[i], false);
		if (what >= UPSTARE_SAID_FROZEN && outcome_of(what) != UPSTARE_FROZEN)
			return true;
	}
	return false;
}

bool (*upstare_tree_begin_round(struct upstare_until until, bool dry))(void)
{
	struct upstare_orders *o = upstare_tree.writable;
	now_.active = now_.begun && now_.published;
	if (!now_.active)
		return NULL;
	o->round = (o->round + 1) & 0xffffff;
	o->dry = dry;
	o->until = until;
	upstare_tree.board->decision = upstare_stamp(o->update, o->round, UPSTARE_PENDING);
	heartbeat();
	expect_reports();
	__atomic_store_n(&o->phase, UPSTARE_TREE_FREEZE, __ATOMIC_RELEASE);
	give_order();
	return give_up;
}

enum upstare_outcome upstare_tree_await(bool frozen_here)
{
	struct upstare_board *b = upstare_tree.board;
	if (!now_.begun)
		return UPSTARE_FROZEN;
	/* The first fork of the program came between. */
	if (!now_.active)
		return frozen_here && anybody() ? UPSTARE_ELSEWHERE : UPSTARE_FROZEN;
	uint64_t limit = now_.deadline + LATE_NS;
	bool twice = false;
	for (;;) {
		uint32_t seen = __atomic_load_n(&b->reports, __ATOMIC_ACQUIRE);
		enum upstare_outcome worst = UPSTARE_FROZEN;
		bool all = true;
		heartbeat();
		for (uint32_t i = 1; i < high(); i++) {
			struct upstare_slot *s = &b->slots[i];
			bool born = is_born(s);
			if (!born && !is_live(s))
				continue;
			unsigned what = born ? 0 : said(s, false);
			enum upstare_outcome o = born || !is_prepared(s) ? UPSTARE_ELSEWHERE
						 : what >= UPSTARE_SAID_FROZEN ? outcome_of(what) : UPSTARE_FROZEN;
			all &= what >= UPSTARE_SAID_FROZEN || o == UPSTARE_ELSEWHERE;
			worst = o > worst ? o : worst;
		}
		uint64_t now = upstare_now();
		if (!frozen_here || worst != UPSTARE_FROZEN) {
			/* It has failed. Those who are about to say why may still do so. */
			if (limit > now + REST_NS)
				limit = now + REST_NS;
			if (all)
				return worst;
		} else if (all) {
			/* One of them may have forked before it froze, behind our back: now nobody can any more. */
			if (twice)
				return UPSTARE_FROZEN;
			twice = true;
			continue;
		}
		if (now >= limit)
			return worst != UPSTARE_FROZEN || !frozen_here ? worst : UPSTARE_OBSTRUCTED;
		upstare_shared_wait(&b->reports, seen, LOOK_NS);
	}
}

void upstare_tree_tell_hindrances(upstare_tell_fn tell, void *to)
{
	for (uint32_t i = 1; now_.active && i < high(); i++) {
		struct upstare_slot *s = &upstare_tree.board->slots[i];
		struct upstare_told t;
		if (!is_live(s))
			continue;
		unsigned what = said(s, false);
		if (what >= UPSTARE_SAID_FROZEN && outcome_of(what) != UPSTARE_FROZEN) {
			read_told(i, &t);
			for (uint32_t n = 0; n < t.n; n++)
				tell(to, &t.hindrances[n]);
		} else if (!is_prepared(s)) {
			struct upstare_hindrance h = {.pid = known_of(i)->pid, .tid = known_of(i)->pid,
						      .why = "the process was forked while the update was under way"};
			tell(to, &h);
		} else if (what < UPSTARE_SAID_FROZEN && upstare_now() >= now_.deadline) {
			tell_missing(i, tell, to);
		}
	}
}

/* ---- the decision ---- */

static bool turn(enum upstare_verdict verdict)
{
	const struct upstare_orders *o = upstare_tree.orders;
	uint64_t pending = upstare_stamp(o->update, o->round, UPSTARE_PENDING);
	expect_reports();
	bool turned = __atomic_compare_exchange_n(&upstare_tree.board->decision, &pending, pending + verdict, false, __ATOMIC_ACQ_REL,
						  __ATOMIC_RELAXED);
	give_order();
	return turned;
}

bool upstare_tree_decide(void)
{
	return !now_.active || turn(UPSTARE_COMMITTED);
}

void upstare_tree_abort(void)
{
	if (now_.active)
		turn(UPSTARE_CALLED_OFF);
	now_.active = false;
}

void upstare_tree_finish(struct upstare_json *j, uint64_t *released)
{
	struct upstare_board *b = upstare_tree.board;
	if (!now_.active)
		return;
	uint64_t begin = upstare_now(), now = begin;
	for (bool all = false; !all && now - begin < DONE_NS; now = upstare_now()) {
		uint32_t seen = __atomic_load_n(&b->reports, __ATOMIC_ACQUIRE);
		all = true;
		for (uint32_t i = 1; i < high(); i++)
			all &= !is_live(&b->slots[i]) || !is_prepared(&b->slots[i]) || said(&b->slots[i], false) == UPSTARE_SAID_DONE;
		if (!all)
			upstare_shared_wait(&b->reports, seen, LOOK_NS);
	}
	upstare_json_begin_array(j, "processes");
	for (uint32_t i = 1; i < high(); i++) {
		const struct upstare_slot *s = &b->slots[i];
		if (said(s, false) != UPSTARE_SAID_DONE)
			continue;
		if (s->released > *released && s->released <= now)
			*released = s->released;
		upstare_json_begin_object(j, NULL);
		upstare_json_int(j, "pid", known_of(i)->pid);
		upstare_json_int(j, "threads", s->threads);
		upstare_json_int(j, "frames", (long long)s->frames);
		upstare_json_end(j);
	}
	upstare_json_end(j);
}

void upstare_tree_end(void)
{
	if (now_.begun && now_.published) {
		__atomic_store_n(&upstare_tree.writable->phase, UPSTARE_TREE_IDLE, __ATOMIC_RELEASE);
		give_order();
		if (upstare_self_pipe)
			upstare_pipe_call_tree_off();
	}
	now_.begun = now_.published = now_.active = false;
}

void upstare_tree_status(struct upstare_json *j)
{
	upstare_json_begin_array(j, "processes");
	for (uint32_t i = 1; upstare_tree.leads && i < high(); i++) {
		struct upstare_slot *s = &upstare_tree.board->slots[i];
		struct upstare_process p;
		if (!is_live(s))
			continue;
		int pid = outer_pid(s, 0);
		upstare_json_begin_object(j, NULL);
		upstare_json_int(j, "pid", pid ? pid : s->pid);
		if (pid && upstare_process_read(pid, &p) && p.state) {
			char state[2] = {p.state, 0};
			upstare_json_int(j, "ppid", p.parent);
			upstare_json_int(j, "uid", p.uid);
			upstare_json_string(j, "state", state);
			upstare_json_bool(j, "filtered", p.filtered);
		}
		upstare_json_end(j);
	}
	upstare_json_end(j);
}
