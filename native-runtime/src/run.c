/*
 * The mode that upstare-run starts a program in: patches are applied at chosen update points. All checks are up, and every
 * point is counted by upstare_point; the thread that comes to a point where an update is due has it applied while it waits.
 *
 * UPSTARE_RUN_PATCHES=path[:path...]  applied in turn
 * UPSTARE_RUN_AT=N | UPSTARE_RUN_EVERY=N | UPSTARE_RUN_RANDOM=SEED (mean distance UPSTARE_RUN_MEAN, 1000)
 * UPSTARE_RUN_TIMEOUT=MS              for the program's other threads, 1000
 * UPSTARE_RUN_STATS=path              {uint64_t applied, refused, points}; the file exists
 *
 * The first process that locks the statistics file is the one that counts: its children, forked or started, run plainly.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "json.h"

#define PATCHES 64
#define LOCK_FD 700

/* A page of its own: the statistics file is mapped over it. */
hidden struct {
	uint64_t applied, refused, points;
	char rest[4096 - 24];
} upstare_run_stats __attribute__((aligned(4096)));

bool upstare_run_mode;
int64_t upstare_run_left = INT64_MAX;

static struct {
	const void *bytes;
	size_t size;
} patches[PATCHES];
static unsigned npatches, next_patch, timeout_ms = 1000;
static uint64_t every, random_state, mean = 1000;
static bool once, thread_started;
static uint32_t request; /* 1: the run thread is to apply a patch */
static struct upstare_thread *requester;

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *value = getenv(name);
	return value && *value ? strtoull(value, NULL, 0) : otherwise;
}

static int64_t distance(void)
{
	if (once)
		return INT64_MAX;
	if (every)
		return (int64_t)every;
	/* splitmix64 */
	uint64_t z = random_state += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return 1 + (int64_t)((z ^ (z >> 31)) % (2 * mean - 1));
}

static void *run(void *unused)
{
	(void)unused;
	for (;;) {
		for (uint32_t now; (now = __atomic_load_n(&request, __ATOMIC_ACQUIRE)) != 1;)
			upstare_futex_wait(&request, now, 0);
		struct upstare_json j;
		upstare_json_init(&j);
		upstare_json_begin_object(&j, NULL);
		int code = upstare_coordinate(patches[next_patch].bytes, patches[next_patch].size, timeout_ms, true, requester, &j);
		const char *text = upstare_json_text(&j);
		/* The version that runs already is no update: nobody may take it for one. */
		if (code || (text && strstr(text, "\"already\":true"))) {
			upstare_log("run: update refused (%d): %.400s", code, text ? text : "");
			__atomic_add_fetch(&upstare_run_stats.refused, 1, __ATOMIC_RELAXED);
		} else {
			__atomic_add_fetch(&upstare_run_stats.applied, 1, __ATOMIC_RELAXED);
			next_patch = (next_patch + 1) % npatches;
		}
		upstare_json_free(&j);
		__atomic_store_n(&request, 0, __ATOMIC_RELEASE);
		upstare_futex_wake(&request, INT_MAX);
		upstare_event();
		upstare_futex_wake(&upstare_update.event, INT_MAX);
	}
	return NULL;
}

/* How long the end of the program waits for the update that has just let it go on to be counted. */
#define LAST_UPDATE_MS 300

static void at_exit(void)
{
	for (int i = 0; i < LAST_UPDATE_MS && upstare_raw_getpid() == upstare_pid && __atomic_load_n(&request, __ATOMIC_ACQUIRE); i++)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* The request is ours (2): hands it to the run thread. */
static int ask(void)
{
	__atomic_store_n(&upstare_run_left, distance(), __ATOMIC_RELEASE);
	if (!thread_started)
		thread_started = upstare_core_thread(run, NULL) == 0;
	requester = upstare_self;
	__atomic_store_n(&request, thread_started, __ATOMIC_RELEASE);
	upstare_futex_wake(&request, 1);
	return !thread_started;
}

int upstare_run_due(void)
{
	bool mine = false;
	if (upstare_raw_getpid() != upstare_pid)
		return 0;
	for (;;) {
		uint32_t seen = __atomic_load_n(&upstare_update.event, __ATOMIC_ACQUIRE), none = 0;
		/* The last update may not have ended yet for the run thread: which points are due must not depend on that. */
		if (!mine && __atomic_load_n(&upstare_run_left, __ATOMIC_ACQUIRE) > 0)
			return upstare_park(UPSTARE_AFTER);
		if (!mine && __atomic_compare_exchange_n(&request, &none, 2, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			int error = errno;
			bool asked = ask() == 0;
			errno = error;
			if (!asked)
				return 0;
			mine = true;
		} else if (mine && __atomic_load_n(&request, __ATOMIC_ACQUIRE) == 0) {
			return 0;
		}
		if (upstare_park(UPSTARE_AFTER))
			return 1;
		upstare_futex_wait(&upstare_update.event, seen, 1000000);
	}
}

bool upstare_run_holds(const void *bytes)
{
	for (unsigned i = 0; i < npatches; i++)
		if (patches[i].bytes == bytes)
			return true;
	return false;
}

static int read_patch(const char *path)
{
	struct stat s;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || npatches == PATCHES)
		return -1;
	void *p = MAP_FAILED;
	if (fstat(fd, &s) == 0 && s.st_size > 0)
		p = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return -1;
	patches[npatches].bytes = p;
	patches[npatches++].size = (size_t)s.st_size;
	return 0;
}

static int claim_statistics(void)
{
	const char *path = getenv("UPSTARE_RUN_STATS");
	if (!path)
		return 0;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -1;
	/* out of the way of the descriptor numbers that the program expects */
	int high = fcntl(fd, F_DUPFD_CLOEXEC, LOCK_FD);
	int error = high < 0 || flock(high, LOCK_EX | LOCK_NB) != 0 ||
		    mmap(&upstare_run_stats, sizeof(upstare_run_stats), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, high, 0) ==
			    MAP_FAILED;
	close(fd);
	if (error && high >= 0)
		close(high);
	return error ? -1 : 0;
}

void upstare_run_init(void)
{
	const char *list = getenv("UPSTARE_RUN_PATCHES");
	if (!list || !*list || claim_statistics())
		return;
	while (*list) {
		char path[PATH_MAX];
		size_t n = strcspn(list, ":");
		if (n >= sizeof(path))
			return;
		memcpy(path, list, n);
		path[n] = 0;
		if (n && read_patch(path)) {
			upstare_log("run: %s cannot be read", path);
			return;
		}
		list += n + (list[n] == ':');
	}
	uint64_t at = number("UPSTARE_RUN_AT", 0);
	every = number("UPSTARE_RUN_EVERY", 0);
	mean = number("UPSTARE_RUN_MEAN", 1000);
	mean = mean && mean < INT64_MAX / 2 ? mean : 1000;
	random_state = number("UPSTARE_RUN_RANDOM", 0);
	timeout_ms = (unsigned)number("UPSTARE_RUN_TIMEOUT", 1000);
	if (!npatches)
		return;
	once = at != 0;
	upstare_run_left = at ? (int64_t)at : distance();
	atexit(at_exit);
	upstare_run_mode = true;
	upstare_flag = 1;
	upstare_libraries_flag_all(1);
	upstare_want = UPSTARE_WANT_COUNT;
}
