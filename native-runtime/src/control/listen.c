#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "channel.h"
#include "sys.h"

#define QUEUE 16

static char socket_path[sizeof(((struct sockaddr_un *)0)->sun_path)];
static char tcp_name[64];
/* The process whose file socket_path is; 0: there is none. Written last, read first. */
static int socket_owner;
/* The process that listens at tcp_name. */
static int tcp_owner;

const char *upstare_listen_name(int index)
{
	if (index == 0)
		return socket_owner == upstare_sys(SYS_getpid) ? socket_path : NULL;
	return tcp_owner == upstare_sys(SYS_getpid) ? tcp_name : NULL;
}

void upstare_unlisten(void)
{
	int owner = __atomic_exchange_n(&socket_owner, 0, __ATOMIC_SEQ_CST);

	/* A child made by a bare clone() may come here too. */
	if (owner && owner == upstare_sys(SYS_getpid))
		upstare_sys(SYS_unlink, socket_path);
}

static char *append(char *out, const char *end, const char *text)
{
	size_t length = strlen(text);

	if (!out || length >= (size_t)(end - out))
		return NULL;
	memcpy(out, text, length + 1);
	return out + length;
}

static char *append_number(char *out, const char *end, unsigned long value)
{
	char text[24], *at = text + sizeof(text) - 1;

	*at = 0;
	do
		*--at = (char)('0' + value % 10);
	while (value /= 10);
	return append(out, end, at);
}

/* A directory that only this user can use: made if need be, never through a link, owner and mode looked at. */
static int private_directory(const char *path)
{
	struct stat st;
	long made = upstare_sys(SYS_mkdir, path, 0700);

	if (made && made != -EEXIST)
		return (int)-made;
	if (upstare_sys(SYS_lstat, path, &st))
		return EIO;
	if (!S_ISDIR(st.st_mode) || st.st_uid != (uid_t)upstare_sys(SYS_geteuid) || (st.st_mode & 077))
		return EACCES;
	return 0;
}

/* $XDG_RUNTIME_DIR/upstare, or /tmp/upstare-UID where there is no runtime directory of this user. */
static int socket_directory(char *path, size_t size)
{
	const char *runtime = secure_getenv("XDG_RUNTIME_DIR"), *end = path + size;
	struct stat st;
	char *at;

	if (runtime && *runtime == '/' && !upstare_sys(SYS_stat, runtime, &st) && S_ISDIR(st.st_mode) &&
	    st.st_uid == (uid_t)upstare_sys(SYS_geteuid) && !(st.st_mode & 022)) {
		at = append(append(path, end, runtime), end, "/upstare");
		if (at && !private_directory(path))
			return 0;
	}
	at = append(path, end, "/tmp/upstare-");
	at = append_number(at, end, (unsigned long)upstare_sys(SYS_geteuid));
	return at ? private_directory(path) : ENAMETOOLONG;
}

/* Whether nobody listens at the path: left behind by a process that was killed, or by this one before it called exec. */
static bool stale(const struct sockaddr_un *address)
{
	int fd = (int)upstare_sys(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;
	bool dead;

	fd = upstare_high_descriptor(fd);
	if (fd < 0)
		return false;
	dead = !upstare_sys(SYS_lstat, address->sun_path, &st) && S_ISSOCK(st.st_mode) &&
	       upstare_sys(SYS_connect, fd, address, sizeof(*address)) == -ECONNREFUSED;
	upstare_sys(SYS_close, fd);
	return dead;
}

/* Listens at a path. The descriptor, or -errno. */
static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	long result;
	int fd;

	if (!append(address.sun_path, address.sun_path + sizeof(address.sun_path), path))
		return -ENAMETOOLONG;
	fd = (int)upstare_sys(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	fd = upstare_high_descriptor(fd);
	if (fd < 0)
		return fd;
	upstare_sys(SYS_fchmod, fd, 0600); /* before bind: the file's mode */
	result = upstare_sys(SYS_bind, fd, &address, sizeof(address));
	if (result == -EADDRINUSE && stale(&address)) {
		upstare_sys(SYS_unlink, path);
		result = upstare_sys(SYS_bind, fd, &address, sizeof(address));
	}
	if (!result)
		result = upstare_sys(SYS_listen, fd, QUEUE);
	if (result) {
		upstare_sys(SYS_close, fd);
		return (int)result;
	}
	memcpy(socket_path, address.sun_path, sizeof(socket_path));
	__atomic_store_n(&socket_owner, (int)upstare_sys(SYS_getpid), __ATOMIC_SEQ_CST);
	return fd;
}

/*
 * Removes what processes left behind that ended without exit (the sessions of a server often do): without it a directory
 * would grow by a file for each. One process in so many looks, in the course of its start.
 */
#define SWEEP_EVERY 64

static void sweep(const char *directory)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char entries[8192], *name, *at;
	long got, next, pid;
	int fd = (int)upstare_sys(SYS_open, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

	if (fd < 0)
		return;
	while ((got = upstare_sys(SYS_getdents64, fd, entries, sizeof(entries))) > 0)
		for (next = 0; next < got; next += ((struct dirent64 *)(entries + next))->d_reclen) {
			name = ((struct dirent64 *)(entries + next))->d_name;
			pid = 0;
			for (at = name; *at >= '0' && *at <= '9' && pid < 1L << 30; at++)
				pid = pid * 10 + (*at - '0');
			if (!pid || strcmp(at, ".sock") || upstare_sys(SYS_kill, pid, 0) != -ESRCH)
				continue;
			/* It may live in another pid namespace: only a socket that nobody listens at goes. */
			at = append(address.sun_path, address.sun_path + sizeof(address.sun_path), directory);
			at = append(append(at, address.sun_path + sizeof(address.sun_path), "/"),
				    address.sun_path + sizeof(address.sun_path), name);
			if (at && stale(&address))
				upstare_sys(SYS_unlink, address.sun_path);
		}
	upstare_sys(SYS_close, fd);
}

/* Listens in the user's own directory. PID.sock; where a process of another pid namespace has that name, one beside it. */
static int listen_private(void)
{
	char path[sizeof(socket_path)];
	const char *end = path + sizeof(path);
	unsigned int random = 0;
	char *at, *tail;
	int fd = socket_directory(path, sizeof(path));

	if (fd)
		return -fd;
	/* Halved: where each start takes two numbers (a thread has one too), all pids may be odd. */
	if (upstare_sys(SYS_getpid) / 2 % SWEEP_EVERY == 0)
		sweep(path);
	at = append(path + strlen(path), end, "/");
	tail = append_number(at, end, (unsigned long)upstare_sys(SYS_getpid));
	if (!append(tail, end, ".sock"))
		return -ENAMETOOLONG;
	fd = listen_at(path);
	if (fd != -EADDRINUSE)
		return fd;
	upstare_sys(SYS_getrandom, &random, sizeof(random), 0);
	at = append_number(append(tail, end, "-"), end, random);
	return append(at, end, ".sock") ? listen_at(path) : -ENAMETOOLONG;
}

/* host:port, [v6]:port, localhost:port, :port and *:port; no names are looked up. */
static int parse_address(const char *text, struct sockaddr_in6 *address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	const char *colon = strrchr(text, ':');
	char host[64] = "";
	unsigned long port = 0;
	size_t length = (size_t)(colon - text);
	const char *at;

	for (at = colon + 1; *at >= '0' && *at <= '9' && port < 65536; at++)
		port = port * 10 + (unsigned long)(*at - '0');
	if (*at || at == colon + 1 || port > 65535 || length >= sizeof(host))
		return EINVAL;
	if (length >= 2 && text[0] == '[' && colon[-1] == ']') {
		memcpy(host, text + 1, length - 2);
		address->sin6_family = AF_INET6;
		address->sin6_port = htons((uint16_t)port);
		return inet_pton(AF_INET6, host, &address->sin6_addr) == 1 ? 0 : EINVAL;
	}
	memcpy(host, text, length);
	v4->sin_family = AF_INET;
	v4->sin_port = htons((uint16_t)port);
	if (!*host || !strcmp(host, "*"))
		v4->sin_addr.s_addr = htonl(INADDR_ANY);
	else if (!strcmp(host, "localhost"))
		v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else if (inet_pton(AF_INET, host, &v4->sin_addr) != 1)
		return EINVAL;
	return 0;
}

static bool is_loopback(const struct sockaddr_in6 *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;

	if (address->sin6_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&address->sin6_addr);
	return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
}

static void name_address(const struct sockaddr_in6 *address)
{
	const char *end = tcp_name + sizeof(tcp_name);
	bool v6 = address->sin6_family == AF_INET6;
	const void *host = v6 ? (const void *)&address->sin6_addr : &((const struct sockaddr_in *)address)->sin_addr;
	char text[INET6_ADDRSTRLEN];
	char *at = append(tcp_name, end, v6 ? "[" : "");

	at = append(at, end, inet_ntop(address->sin6_family, host, text, sizeof(text)) ? text : "?");
	at = append(at, end, v6 ? "]:" : ":");
	append_number(at, end, ntohs(address->sin6_port));
	tcp_owner = (int)upstare_sys(SYS_getpid);
}

static int listen_tcp(const char *text)
{
	struct sockaddr_in6 address = {.sin6_port = 0};
	const char *any = secure_getenv("UPSTARE_LISTEN_ANY");
	int length = sizeof(address), one = 1, fd, error;
	long result;

	error = parse_address(text, &address);
	if (error)
		return -error;
	if (!is_loopback(&address) && (!any || strcmp(any, "1")))
		return -EACCES;
	error = upstare_key_load();
	if (error)
		return -error;
	fd = (int)upstare_sys(SYS_socket, address.sin6_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	fd = upstare_high_descriptor(fd);
	if (fd < 0)
		return fd;
	upstare_sys(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	result = upstare_sys(SYS_bind, fd, &address,
			     address.sin6_family == AF_INET6 ? sizeof(address) : sizeof(struct sockaddr_in));
	if (!result)
		result = upstare_sys(SYS_listen, fd, QUEUE);
	if (!result)
		result = upstare_sys(SYS_getsockname, fd, &address, &length);
	if (result) {
		upstare_sys(SYS_close, fd);
		return (int)result;
	}
	name_address(&address);
	return fd;
}

static int keep(struct upstare_listener *listener, int fd)
{
	listener->identity = fd < 0 ? 0 : upstare_descriptor_identity(fd);
	__atomic_store_n(&listener->fd, fd < 0 ? -1 : fd, __ATOMIC_RELEASE);
	return fd < 0 ? -fd : 0;
}

/*
 * A child does not open what UPSTARE_LISTEN names: its parent has it. It is reached through the parent, or as every process
 * through the socket of its own.
 */
int upstare_listen(struct upstare_listener listeners[UPSTARE_LISTENERS], bool child, int *error)
{
	const char *wanted = child ? NULL : secure_getenv("UPSTARE_LISTEN");
	bool path = wanted && strchr(wanted, '/'), tcp = !path && wanted && strrchr(wanted, ':');
	int failed, fd;

	*error = wanted && *wanted && !path && !tcp ? EINVAL : 0;
	if (listeners[UPSTARE_LISTEN_UNIX].fd < 0) {
		fd = path ? listen_at(wanted) : listen_private();
		if (path && fd == -EADDRINUSE) /* a program that this one started in its environment */
			fd = listen_private();
		failed = keep(&listeners[UPSTARE_LISTEN_UNIX], fd);
		*error = failed ? failed : *error;
	}
	if (tcp && listeners[UPSTARE_LISTEN_TCP].fd < 0) {
		failed = keep(&listeners[UPSTARE_LISTEN_TCP], listen_tcp(wanted));
		*error = failed ? failed : *error;
	}
	return (listeners[UPSTARE_LISTEN_UNIX].fd >= 0) + (listeners[UPSTARE_LISTEN_TCP].fd >= 0);
}
