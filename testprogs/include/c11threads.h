/*
 * Threads of C11 in the waits that its library has, with VERSION as the version. Each is a thread of the program as one of pthreads is: an
 * update moves it now, its call comes back as if nothing had been, with C11's results, and it ends in the new version.
 */
#include "testprog.h"
#include <threads.h>

#define SLEEP_MS 1000

static int version(void)
{
	return VERSION;
}

static mtx_t lock, held;
static cnd_t condition;
static int told;

static int do_mtx_lock(void)
{
	int r = mtx_lock(&held);

	mtx_unlock(&held);
	return r == thrd_success;
}

static int do_mtx_timedlock(void)
{
	struct timespec until = in_ms(SLEEP_MS);

	return mtx_timedlock(&held, &until) == thrd_timedout;
}

static int do_cnd_wait(void)
{
	int r = thrd_success;

	mtx_lock(&lock);
	while (!told && r == thrd_success)
		r = cnd_wait(&condition, &lock);
	mtx_unlock(&lock);
	return r == thrd_success;
}

static int do_cnd_timedwait(void)
{
	struct timespec until = in_ms(SLEEP_MS);
	int r = thrd_success;

	mtx_lock(&lock);
	while (r == thrd_success)
		r = cnd_timedwait(&condition, &lock, &until);
	mtx_unlock(&lock);
	return r == thrd_timedout;
}

static int do_thrd_sleep(void)
{
	struct timespec begin, end, wanted = {SLEEP_MS / 1000, SLEEP_MS % 1000 * 1000000};
	int r;

	timespec_get(&begin, TIME_UTC);
	r = thrd_sleep(&wanted, NULL);
	timespec_get(&end, TIME_UTC);
	return r == 0 && (end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000 >= SLEEP_MS;
}

static int ends_with_version(void *unused)
{
	(void)unused;
	do_cnd_wait();
	return -40 - version();
}

static int do_thrd_join(void)
{
	thrd_t thread;
	int value = 0;

	return thrd_create(&thread, ends_with_version, NULL) == thrd_success && thrd_join(thread, &value) == thrd_success &&
	       value == -40 - version();
}

static const struct kind {
	const char *name;
	int (*run)(void);
} kinds[] = {
	{"mtx_timedlock", do_mtx_timedlock}, {"cnd_timedwait", do_cnd_timedwait}, {"thrd_sleep", do_thrd_sleep},
	{"mtx_lock", do_mtx_lock},	     {"cnd_wait", do_cnd_wait},		  {"thrd_join", do_thrd_join},
};
#define KINDS (int)(sizeof(kinds) / sizeof(kinds[0]))

static int body(void *arg)
{
	const struct kind *kind = arg;

	return kind->run() ? version() : -version();
}

int main(void)
{
	thrd_t threads[KINDS];

	begin();
	mtx_init(&lock, mtx_plain);
	mtx_init(&held, mtx_timed);
	cnd_init(&condition);
	mtx_lock(&held);
	for (int i = 0; i < KINDS; i++)
		thrd_create(&threads[i], body, (void *)&kinds[i]);
	pause_ms(200);
	gate("all wait");
	for (int i = 0; i < KINDS; i++) {
		int r = 0;

		if (kinds[i].run == do_mtx_lock) {
			mtx_unlock(&held);
			mtx_lock(&lock);
			told = 1;
			mtx_unlock(&lock);
			cnd_broadcast(&condition);
		}
		thrd_join(threads[i], &r);
		printf("%s came back in v%d with %s\n", kinds[i].name, abs(r), r > 0 ? "the right result" : "A WRONG ONE");
		failures += r <= 0;
	}
	cnd_destroy(&condition);
	mtx_destroy(&lock);
	mtx_destroy(&held);
	return failures;
}
