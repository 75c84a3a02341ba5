/*
 * Drives the program of program.c: starts its threads, applies patches, and checks what comes back. One scenario for each
 * name that main knows: driver SCENARIO FORTH BACK FAILING (patches 1 -> 2, 2 -> 1, and one whose transformer refuses).
 */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/internal.h"
#include "../../src/json.h"
#include "program.h"

extern volatile int stop, bottom, ready;
extern volatile long sum_of_cells;
extern int pipe_fd;
extern pthread_mutex_t mutex;
extern pthread_cond_t condition;
long work(int depth, long *up) __asm__("upstare_f_work");
long wait_in(int what);
int compare(const void *, const void *);
int upstare_w_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int upstare_w_pthread_cond_signal(pthread_cond_t *);

struct file {
	const void *bytes;
	size_t size;
};
static struct file forth, back, failing;
static int failures;
static char answer[4096];

#define EXPECT(WHAT)                                                                                                   \
	do {                                                                                                           \
		if (!(WHAT)) {                                                                                         \
			printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #WHAT);                                      \
			printf("%s\n", answer);                                                                        \
			failures++;                                                                                    \
		}                                                                                                      \
	} while (0)

static struct file load(const char *path)
{
	struct stat s;
	int fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &s)) {
		perror(path);
		exit(2);
	}
	struct file f = {mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0), (size_t)s.st_size};
	close(fd);
	return f;
}

static int apply(struct file f, unsigned timeout)
{
	struct upstare_json j;
	upstare_json_init(&j);
	upstare_json_begin_object(&j, NULL);
	int code = upstare_core_apply(f.bytes, f.size, timeout, &j);
	const char *text = upstare_json_text(&j);
	snprintf(answer, sizeof(answer), "%s", text ? text : "");
	upstare_json_free(&j);
	return code;
}

static pthread_t start(void *function, long argument)
{
	pthread_t handle = 0;
	EXPECT(upstare_w_pthread_create(&handle, NULL, (void *(*)(void *))(uintptr_t)function, (void *)argument) == 0);
	return handle;
}

static long join(pthread_t handle)
{
	void *result = NULL;
	pthread_join(handle, &result);
	return (long)result;
}

static void await_bottom(int n)
{
	while (bottom < n)
		usleep(200);
}

/* Waits until a thread blocks in a stub. */
static void await_stub(void)
{
	for (bool blocked = false; !blocked; usleep(1000)) {
		uint64_t mask;
		upstare_lock(&mask);
		for (struct upstare_thread *t = upstare_threads; t; t = t->next)
			blocked |= t->in_stub && *t->in_stub;
		upstare_unlock(&mask);
	}
	usleep(20000);
}

static long field(const char *file, const char *name)
{
	char line[256];
	long value = -1;
	FILE *f = fopen(file, "r");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, name, strlen(name)) == 0)
			value = atol(line + strlen(name));
	if (f)
		fclose(f);
	return value;
}

static long maps_count(void)
{
	long n = 0;
	FILE *f = fopen("/proc/self/maps", "r");
	for (int c; f && (c = fgetc(f)) != EOF;)
		n += c == '\n';
	if (f)
		fclose(f);
	return n;
}

static void recursion(int depth);

/* A process that has changed root sees no /proc: nothing can be named to dlopen. Back and forth, as copies are used again. */
static void changed_root(void)
{
	char directory[] = "/tmp/upstare-root-XXXXXX";
	if (!mkdtemp(directory) || unshare(CLONE_NEWUSER | CLONE_NEWNS) || chroot(directory) || chdir("/")) {
		puts("root: this machine lets nobody change root here");
		exit(77);
	}
	recursion(100);
	for (int i = 0; i < 20; i++)
		EXPECT(apply(i & 1 ? forth : back, 2000) == 0);
	EXPECT(strstr(answer, "pause_us"));
}

static void recursion(int depth)
{
	pthread_t t = start(work, depth);
	await_bottom(1);
	EXPECT(apply(forth, 2000) == 0);
	printf("%s\n", answer);
	stop = 1;
	EXPECT(join(t) == 1000000L * (depth + 1));
	EXPECT(sum_of_cells == (long)depth * (depth + 1) / 2);
}

static void four_threads(void)
{
	pthread_t t[4];
	for (int i = 0; i < 4; i++)
		t[i] = start(work, 10 * i);
	await_bottom(4);
	for (int i = 0; i < 21; i++)
		EXPECT(apply(i % 2 ? back : forth, 2000) == 0);
	printf("%s\n", answer);
	stop = 1;
	for (int i = 0; i < 4; i++)
		EXPECT(join(t[i]) == 1000000L * (10 * i + 1));
	EXPECT(sum_of_cells == 0 + 55 + 210 + 465);
}

static void blocked(int what)
{
	int ends[2];
	EXPECT(pipe(ends) == 0);
	pipe_fd = ends[0];
	if (what == WAIT_MUTEX)
		pthread_mutex_lock(&mutex);
	uint64_t before = upstare_now();
	pthread_t t = start(wait_in, what);
	await_stub();
	EXPECT(apply(forth, 2000) == 0);
	EXPECT(apply(back, 2000) == 0);
	EXPECT(apply(forth, 2000) == 0);
	long expected = 2;
	switch (what) {
	case WAIT_READ:
		EXPECT(write(ends[1], "x", 1) == 1);
		expected = 'x' * 10 + 2;
		break;
	case WAIT_MUTEX:
		usleep(10000);
		pthread_mutex_unlock(&mutex);
		break;
	case WAIT_CONDITION:
		pthread_mutex_lock(&mutex);
		ready = 1;
		upstare_w_pthread_cond_signal(&condition);
		pthread_mutex_unlock(&mutex);
		break;
	}
	EXPECT(join(t) == expected);
	if (what == WAIT_SLEEP)
		EXPECT(upstare_now() - before >= 300000000u && upstare_now() - before < 600000000u);
	EXPECT(pthread_mutex_trylock(&mutex) == 0);
}

static void undo(void)
{
	pthread_t t = start(work, 50);
	await_bottom(1);
	for (int i = 0; i < 3; i++)
		EXPECT(apply(failing, 2000) == 5);
	EXPECT(strstr(answer, "transformer refused") != NULL);
	printf("%s\n", answer);
	stop = 1;
	EXPECT(join(t) == 51);
	EXPECT(sum_of_cells == 50 * 51 / 2);
}

static void *sort(void *unused)
{
	int a[3] = {3, 1, 2};
	(void)unused;
	qsort(a, 3, sizeof(a[0]), compare);
	return (void *)(long)(a[0] * 100 + a[1] * 10 + a[2]);
}

static void timeout(void)
{
	pthread_t t = start(sort, 0), other = start(work, 5);
	await_bottom(2);
	uint64_t before = upstare_now();
	EXPECT(apply(forth, 200) == 2);
	EXPECT(upstare_now() - before < 1000000000u);
	EXPECT(strstr(answer, "qsort") != NULL);
	printf("%s\n", answer);
	stop = 1;
	EXPECT(join(t) == 123);
	EXPECT(join(other) == 6);
}

static void refusals(void)
{
	char truncated[3000];
	memcpy(truncated, forth.bytes, sizeof(truncated));
	EXPECT(apply((struct file){truncated, sizeof(truncated)}, 100) == 3);
	EXPECT(apply((struct file){"hello", 5}, 100) == 3);
	EXPECT(apply((struct file){forth.bytes, forth.size - 1}, 100) == 3);
	/* A header that names nothing, or only what lies in the header. */
	Elf64_Ehdr bare;
	memcpy(&bare, forth.bytes, sizeof(bare));
	bare.e_phoff = bare.e_phnum = bare.e_shoff = bare.e_shnum = 0;
	EXPECT(apply((struct file){(char *)&bare, sizeof(bare)}, 100) == 3);
	bare.e_phnum = 1;
	EXPECT(apply((struct file){(char *)&bare, sizeof(bare)}, 100) == 3);
	pthread_t t = start(work, 3);
	await_bottom(1);
	EXPECT(apply(forth, 2000) == 0);
	EXPECT(apply(forth, 2000) == 0 && strstr(answer, "already") != NULL);
	stop = 1;
	EXPECT(join(t) == 4000000);
}

/* A copy of a patch that says it was made for another version of the interface; NULL bytes: it is no patch. */
static struct file with_other_interface(struct file f)
{
	char *copy = malloc(f.size);
	memcpy(copy, f.bytes, f.size);
	const Elf64_Ehdr *h = (const void *)copy;
	const Elf64_Shdr *s = (const void *)(copy + h->e_shoff);
	for (unsigned i = 0; i < h->e_shnum; i++) {
		const Elf64_Sym *symbols = (const void *)(copy + s[i].sh_offset);
		for (size_t k = 0; s[i].sh_type == SHT_DYNSYM && k < s[i].sh_size / sizeof(*symbols); k++)
			if (strcmp(copy + s[s[i].sh_link].sh_offset + symbols[k].st_name, "upstare_module") == 0) {
				const Elf64_Shdr *in = &s[symbols[k].st_shndx];
				*(uint32_t *)(copy + in->sh_offset + (symbols[k].st_value - in->sh_addr)) -= 1;
				return (struct file){copy, f.size};
			}
	}
	return (struct file){NULL, 0};
}

/* The patches BACK and FAILING name a variable that the program has not, and nothing in their code does: it was built by other tools. */
static void mixed(void)
{
	struct file other = with_other_interface(forth);
	pthread_t t = start(work, 3);
	await_bottom(1);
	EXPECT(other.bytes && apply(other, 2000) == 3 && strstr(answer, "version of the tools") != NULL);
	EXPECT(apply(back, 2000) == 3 && strstr(answer, "no variable program.c:lacked") != NULL);
	EXPECT(apply(failing, 2000) == 3 && strstr(answer, "no variable program.c:lacked") != NULL);
	EXPECT(apply(forth, 2000) == 0);
	stop = 1;
	EXPECT(join(t) == 4000000);
}

static void ten_thousand(void)
{
	pthread_t t = start(work, 20), u = start(wait_in, WAIT_CONDITION);
	await_bottom(1);
	long memory = 0, maps = 0;
	for (int i = 0; i < 10000 && !failures; i++) {
		if (i == 500) {
			memory = field("/proc/self/status", "VmRSS:");
			maps = maps_count();
		}
		EXPECT(apply(i % 2 ? back : forth, 5000) == 0);
	}
	printf("VmRSS %ld -> %ld kB, maps %ld -> %ld\n%s\n", memory, field("/proc/self/status", "VmRSS:"), maps, maps_count(),
	       answer);
	EXPECT(field("/proc/self/status", "VmRSS:") <= memory + 200);
	EXPECT(maps_count() <= maps + 2);
	stop = 1;
	ready = 1;
	upstare_w_pthread_cond_signal(&condition);
	EXPECT(join(t) == 21);
	EXPECT(join(u) == 1);
	EXPECT(sum_of_cells == 210);
}

/* A thread that was rebuilt is cancelled in its blocking call, another ends by itself: neither may hinder the next update. */
static void ends(void)
{
	int ends_of_pipe[2];
	EXPECT(pipe(ends_of_pipe) == 0);
	pipe_fd = ends_of_pipe[0];
	pthread_t reader = start(wait_in, WAIT_READ), sleeper = start(wait_in, WAIT_SLEEP);
	await_stub();
	EXPECT(apply(forth, 2000) == 0);
	usleep(20000);
	EXPECT(pthread_cancel(reader) == 0);
	EXPECT(join(reader) == (long)PTHREAD_CANCELED);
	EXPECT(join(sleeper) == 2);
	EXPECT(upstare_nthreads == 0);
	EXPECT(apply(back, 2000) == 0);
	pthread_t t = start(work, 3);
	await_bottom(1);
	EXPECT(apply(forth, 2000) == 0);
	stop = 1;
	EXPECT(join(t) == 4000000);
}

/* The child has only itself, starts threads of its own and is updated; the parent's thread is not touched. */
static void forks(void)
{
	pthread_t t = start(work, 4);
	await_bottom(1);
	EXPECT(apply(forth, 2000) == 0);
	pid_t child = fork();
	if (child == 0) {
		EXPECT(upstare_nthreads == 0);
		stop = bottom = 0;
		t = start(work, 2);
		await_bottom(1);
		EXPECT(apply(back, 2000) == 0);
		stop = 1;
		EXPECT(join(t) == 3);
		_exit(failures);
	}
	int status = -1;
	EXPECT(waitpid(child, &status, 0) == child && status == 0);
	stop = 1;
	EXPECT(join(t) == 5000000);
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	const char *what = argv[1];
	forth = load(argv[2]);
	back = load(argv[3]);
	failing = load(argv[4]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	pthread_mutex_init(&mutex, NULL);
	upstare_threads_init();
	if (strcmp(what, "recursion") == 0)
		recursion(1000);
	else if (strcmp(what, "deep") == 0)
		recursion(30000);
	else if (strcmp(what, "threads") == 0)
		four_threads();
	else if (strcmp(what, "read") == 0)
		blocked(WAIT_READ);
	else if (strcmp(what, "mutex") == 0)
		blocked(WAIT_MUTEX);
	else if (strcmp(what, "condition") == 0)
		blocked(WAIT_CONDITION);
	else if (strcmp(what, "sleep") == 0)
		blocked(WAIT_SLEEP);
	else if (strcmp(what, "root") == 0)
		changed_root();
	else if (strcmp(what, "undo") == 0)
		undo();
	else if (strcmp(what, "timeout") == 0)
		timeout();
	else if (strcmp(what, "refusals") == 0)
		refusals();
	else if (strcmp(what, "mixed") == 0)
		mixed();
	else if (strcmp(what, "ends") == 0)
		ends();
	else if (strcmp(what, "fork") == 0)
		forks();
	else if (strcmp(what, "ten-thousand") == 0)
		ten_thousand();
	else
		return 2;
	printf("%s: %s\n", what, failures ? "FAILED" : "ok");
	return failures != 0;
}
