/*
 * The control channel against hostile and clumsy clients, and its manners towards the program: descriptor numbers, fork,
 * close of everything, exit. Every test speaks to a channel of its own in a process of its own.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/control/channel.h"
#include "../../src/control/control.h"

#define EXPECT(condition)                                                                      \
	do {                                                                                   \
		if (!(condition)) {                                                            \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			exit(1);                                                               \
		}                                                                              \
	} while (0)

static char directory[] = "/tmp/upstare-control-test-XXXXXX";
static char answer[1 << 20];

static int try_client(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	EXPECT(fd >= 0);
	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int open_client(const char *path)
{
	int fd = try_client(path);

	EXPECT(fd >= 0);
	return fd;
}

static const char *read_answer(int fd)
{
	size_t length = 0;
	ssize_t got;

	while ((got = read(fd, answer + length, sizeof(answer) - 1 - length)) > 0)
		length += (size_t)got;
	answer[length] = 0;
	close(fd);
	return answer;
}

static const char *ask_at(const char *path, const char *request, size_t length)
{
	int fd = open_client(path);

	/* The server may refuse before it has read all. */
	(void)!send(fd, request, length, MSG_NOSIGNAL);
	return read_answer(fd);
}

static const char *ask(const char *request)
{
	return ask_at(upstare_listen_name(0), request, strlen(request));
}

static void start(void)
{
	EXPECT(upstare_control_start() == 0);
	EXPECT(upstare_listen_name(0) != NULL);
}

static bool says(const char *text, const char *part)
{
	if (strstr(text, part))
		return true;
	fprintf(stderr, "%s\nis not in %s\n", part, text);
	return false;
}

static void test_commands(void)
{
	start();
	EXPECT(says(ask("upstare/1 status\n"), "\"exit\":0}"));
	EXPECT(says(answer, "\"fake \\\"core\\\".c\"") && says(answer, "\"build_id\":\""));
	EXPECT(says(ask("upstare/1 check size=6\nexit 2"), "\"exit\":2}"));
	EXPECT(says(ask("upstare/1 apply timeout=77 size=6\nexit 5 and bytes that do not belong to it"), "\"timeout_ms\":77"));
	EXPECT(says(answer, "\"exit\":5}"));
	EXPECT(says(ask("upstare/1 history unknown=1%20x\n"), "\"history\":[]"));
	EXPECT(says(ask("upstare/1 rollback\n"), "\"exit\":2}"));
	EXPECT(says(ask("upstare/1 apply size=6 "
			"sha256=0000000000000000000000000000000000000000000000000000000000000000\nexit 0"),
		    "altered"));
}

static void test_garbage(void)
{
	static const char *const bad[] = {
		"\n", "GET / HTTP/1.0\r\n\r\n", "upstare/2 status\n", "upstare/1 \n", "upstare/1 frob\n", "upstare/1  status\n",
		"upstare/1 status x\n", "upstare/1 status =x\n", "upstare/1 status x=%\n", "upstare/1 status x=%4\n",
		"upstare/1 status x=%zz\n", "upstare/1 status x=%00\n", "upstare/1 status x=1 x=2\n", "upstare/1 apply\n",
		"upstare/1 apply size=0\n", "upstare/1 apply size=-1\n", "upstare/1 apply size=1x\n", "upstare/1 apply size=\n",
		"upstare/1 apply size=1073741825\n", "upstare/1 apply size=99999999999999999999999999\n",
		"upstare/1 status size=4\nabcd", "upstare/1 status timeout=-5\n", "upstare/1 status mac=00 x=1\n",
		"upstare/1 status a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1 j=1 k=1 l=1 m=1 n=1 o=1 p=1 q=1 r=1 s=1 t=1 u=1 v=1 "
		"w=1 x=1 y=1 z=1 aa=1 ab=1 ac=1 ad=1 ae=1 af=1 ag=1\n",
	};
	static char large[UPSTARE_LINE_MAX + 10];
	unsigned int seed = 1;
	size_t i, n;

	start();
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!says(ask(bad[i]), "\"exit\":1}")) {
			fprintf(stderr, "after %s", bad[i]);
			exit(1);
		}
	EXPECT(says(ask_at(upstare_listen_name(0), "upstare/1 status\0 \n", 19), "\"exit\":1}"));
	memset(large, 'a', sizeof(large));
	EXPECT(says(ask_at(upstare_listen_name(0), large, sizeof(large)), "too long"));
	for (i = 0; i < 200; i++) {
		n = (size_t)rand_r(&seed) % 300;
		while (n-- > 0)
			large[n] = (char)rand_r(&seed);
		large[299] = '\n';
		ask_at(upstare_listen_name(0), large, 300);
	}
	EXPECT(says(ask("upstare/1 status\n"), "\"exit\":0}"));
}

/* Silent clients in all places and more of them hold up nobody for longer than they are allowed to be silent. */
static void test_slow_clients(void)
{
	int fds[UPSTARE_CONNECTIONS + 4], body;
	long long begin;
	size_t i;

	upstare_control_header_ms = 400;
	upstare_control_silence_ms = 300;
	start();
	body = open_client(upstare_listen_name(0));
	EXPECT(write(body, "upstare/1 apply size=100\nexit 0", 31) == 31);
	begin = upstare_milliseconds();
	EXPECT(says(ask("upstare/1 status\n"), "\"exit\":0}"));
	EXPECT(upstare_milliseconds() - begin < 250);
	EXPECT(says(read_answer(body), "in time"));
	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		fds[i] = open_client(upstare_listen_name(0));
		EXPECT(write(fds[i], "upstare/1 sta", 13) == 13);
	}
	begin = upstare_milliseconds();
	EXPECT(says(ask("upstare/1 status\n"), "\"exit\":0}"));
	EXPECT(upstare_milliseconds() - begin < 4000);
	EXPECT(says(read_answer(fds[0]), "in time"));
}

static void test_large_patch(void)
{
	size_t size = 40 << 20, at;
	char *patch = calloc(1, size), head[64];
	ssize_t put;
	int fd;

	EXPECT(patch != NULL);
	memcpy(patch, "exit 0", 6);
	start();
	fd = open_client(upstare_listen_name(0));
	snprintf(head, sizeof(head), "upstare/1 apply size=%zu\n", size);
	EXPECT(write(fd, head, strlen(head)) == (ssize_t)strlen(head));
	for (at = 0; at < size; at += (size_t)put) {
		put = write(fd, patch + at, size - at);
		EXPECT(put > 0);
	}
	free(patch);
	EXPECT(says(read_answer(fd), "\"patch_size\":41943040"));
	EXPECT(says(answer, "\"exit\":0}"));
}

/* The program's own numbers are those of the plain program, before, during and after a request. */
static void test_descriptors(void)
{
	int before = dup(0), after, during, client;

	close(before);
	start();
	after = dup(0);
	EXPECT(after == before);
	client = open_client(upstare_listen_name(0));
	EXPECT(client == before + 1);
	usleep(100000);
	during = dup(0);
	EXPECT(during == before + 2);
}

/* Daemons close all they find. The channel comes back, at the latest for the second client. */
static void test_close_all(void)
{
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int fd, i;

	start();
	strcpy(path, upstare_listen_name(0));
	for (fd = 3; fd < 4096; fd++)
		close(fd);
	for (i = 0; i < 20; i++) {
		fd = try_client(path);
		if (fd >= 0 && send(fd, "upstare/1 status\n", 17, MSG_NOSIGNAL) == 17 &&
		    strstr(read_answer(fd), "\"exit\":0}"))
			return;
		usleep(50000);
	}
	EXPECT(!"the channel came back");
}

static void test_fork(void)
{
	char parent[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int status, client;
	pid_t child;

	start();
	strcpy(parent, upstare_listen_name(0));
	client = open_client(parent); /* a request that is half there when the child is made */
	EXPECT(write(client, "upstare/1 sta", 13) == 13);
	usleep(50000);
	child = fork();
	EXPECT(child >= 0);
	if (child == 0) {
		start();
		EXPECT(strcmp(upstare_listen_name(0), parent) != 0);
		snprintf(answer, sizeof(answer), "/%d.sock", getpid());
		EXPECT(says(upstare_listen_name(0), answer));
		EXPECT(says(ask("upstare/1 status\n"), "\"exit\":0}"));
		exit(0);
	}
	EXPECT(waitpid(child, &status, 0) == child && status == 0);
	EXPECT(write(client, "tus\n", 4) == 4);
	EXPECT(says(read_answer(client), "\"exit\":0}"));
	EXPECT(access(parent, F_OK) == 0);
	snprintf(answer, sizeof(answer), "%s/upstare/%d.sock", directory, child);
	EXPECT(access(answer, F_OK) != 0);
}

/* What a killed process left under our number is taken over; a live one is left alone. */
static void test_stale_and_taken(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/upstare", directory);
	mkdir(address.sun_path, 0700);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/upstare/%d.sock", directory, getpid());
	EXPECT(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	close(fd);
	start();
	EXPECT(!strcmp(upstare_listen_name(0), address.sun_path));
	EXPECT(says(ask("upstare/1 status\n"), "\"exit\":0}"));
	upstare_control_stop();
	EXPECT(access(address.sun_path, F_OK) != 0);

	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	EXPECT(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 1) == 0);
	if (fork() == 0) {
		/* Its own number is another: make the taken one its own. */
		snprintf(address.sun_path, sizeof(address.sun_path), "%s/upstare/%d.sock", directory, getpid());
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		EXPECT(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 1) == 0);
		start();
		EXPECT(strcmp(upstare_listen_name(0), address.sun_path) != 0);
		EXPECT(says(ask("upstare/1 status\n"), "\"exit\":0}"));
		exit(0);
	}
	int status;
	EXPECT(wait(&status) > 0 && status == 0);
}

/* Children that end without exit leave a file each; sooner or later they are swept up. */
static void test_sweep(void)
{
	int i, status, left = 0;
	struct dirent *entry;
	DIR *open;

	start();
	for (i = 0; i < 300; i++) {
		pid_t child = fork();

		if (child == 0) {
			start();
			_exit(0);
		}
		EXPECT(child > 0 && waitpid(child, &status, 0) == child && status == 0);
	}
	snprintf(answer, sizeof(answer), "%s/upstare", directory);
	open = opendir(answer);
	EXPECT(open != NULL);
	while ((entry = readdir(open)))
		left += entry->d_name[0] != '.';
	closedir(open);
	EXPECT(left < 200);
	EXPECT(says(ask("upstare/1 status\n"), "\"exit\":0}"));
}

/* A directory that others can write to, or a link, is not used; the program does not care. */
static void test_unsafe_directory(void)
{
	char path[128], target[128];

	snprintf(path, sizeof(path), "%s/unsafe", directory);
	EXPECT(mkdir(path, 0700) == 0);
	setenv("XDG_RUNTIME_DIR", path, 1);
	strcat(path, "/upstare");
	EXPECT(mkdir(path, 0700) == 0 && chmod(path, 0770) == 0);
	start();
	EXPECT(strncmp(upstare_listen_name(0), path, strlen(path)) != 0);
	upstare_control_stop();
	snprintf(target, sizeof(target), "%s/unsafe/elsewhere", directory);
	EXPECT(rename(path, target) == 0 && chmod(target, 0700) == 0 && symlink(target, path) == 0);
	if (fork() == 0) {
		start();
		EXPECT(strncmp(upstare_listen_name(0), path, strlen(path)) != 0);
		exit(0);
	}
	int status;
	EXPECT(wait(&status) > 0 && status == 0);
}

static void test_modes(void)
{
	struct stat st;

	umask(0);
	start();
	EXPECT(stat(upstare_listen_name(0), &st) == 0 && (st.st_mode & 07777) == 0600);
	*strrchr(strcpy(answer, upstare_listen_name(0)), '/') = 0;
	EXPECT(stat(answer, &st) == 0 && (st.st_mode & 07777) == 0700);
}

/* Another user is refused, even where the file's mode would let him in. */
static void test_other_user(void)
{
	char path[128];
	int status;

	if (geteuid() != 0) {
		fprintf(stderr, "other user: not root, cannot be tried\n");
		return;
	}
	chmod(directory, 0755);
	snprintf(path, sizeof(path), "%s/open.sock", directory);
	setenv("UPSTARE_LISTEN", path, 1);
	start();
	EXPECT(!strcmp(upstare_listen_name(0), path));
	EXPECT(chmod(path, 0777) == 0);
	if (fork() == 0) {
		EXPECT(setgid(65534) == 0 && setuid(65534) == 0);
		EXPECT(says(ask_at(path, "upstare/1 status\n", 17), "\"exit\":4}"));
		_exit(0);
	}
	EXPECT(wait(&status) > 0 && status == 0);
	EXPECT(says(ask("upstare/1 status\n"), "\"exit\":0}"));
}

static void test_off_and_tcp_without_leave(void)
{
	setenv("UPSTARE", "off", 1);
	EXPECT(upstare_control_start() == 0 && !upstare_listen_name(0));
	unsetenv("UPSTARE");
	setenv("UPSTARE_LISTEN", "0.0.0.0:0", 1);
	setenv("UPSTARE_KEY_FILE", "/nonexistent", 1);
	start();
	EXPECT(!upstare_listen_name(1)); /* not loopback, and no key */
	EXPECT(says(ask("upstare/1 status\n"), "\"exit\":0}"));
}

static int run(const char *name, void (*test)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		alarm(30);
		test();
		exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
		fprintf(stderr, "%s: FAILED\n", name);
		return 1;
	}
	return 0;
}

int main(void)
{
	int failures = 0;
	char command[128];

	EXPECT(mkdtemp(directory) != NULL);
	setenv("XDG_RUNTIME_DIR", directory, 1);
	failures += run("commands", test_commands);
	failures += run("garbage", test_garbage);
	failures += run("slow clients", test_slow_clients);
	failures += run("large patch", test_large_patch);
	failures += run("descriptors", test_descriptors);
	failures += run("close all", test_close_all);
	failures += run("fork", test_fork);
	failures += run("stale and taken", test_stale_and_taken);
	failures += run("sweep", test_sweep);
	failures += run("unsafe directory", test_unsafe_directory);
	failures += run("modes", test_modes);
	failures += run("other user", test_other_user);
	failures += run("off, tcp without leave", test_off_and_tcp_without_leave);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	failures += system(command) != 0;
	return failures != 0;
}
